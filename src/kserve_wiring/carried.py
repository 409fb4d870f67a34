# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Where the data lies that this package carries."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def carried(name: str, source: str) -> Path:
    """A file or folder of data: in a wheel it lies beside this module, in the source tree where it is written.

    name: in the wheel. source: its path below the root of the repository.
    """
    packaged = _HERE / name
    return packaged if packaged.exists() else _HERE.parents[1] / source
