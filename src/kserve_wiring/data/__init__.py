# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The version of this package, and the data files that it carries."""

from __future__ import annotations

from pathlib import Path

__version__ = "0.1.0"

_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parents[2]


def carried(name: str, source: str = "") -> Path:
    """A data file or folder. A wheel has it in this folder; the repository has it where it is written.

    name: in this folder. source: its path below the root of the repository; empty when it is always in this folder.
    """
    packaged = _HERE / name
    return packaged if packaged.exists() else _REPOSITORY / source
