# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The version of this package, the levels of findings, and the data files that the package carries."""

from __future__ import annotations

from pathlib import Path

__version__ = "0.1.0"

LEVELS = ("error", "warning", "info")
"""Levels of findings, worst first. Here because the command line must not import the checker to know them."""

_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parents[2]


def carried(name: str, source: str = "") -> Path:
    """Path of a data file or folder: in this folder of an installed wheel, else where the repository keeps it.

    name: in this folder. source: path below the root of the repository; empty if it is always in this folder.
    """
    packaged = _HERE / name
    return packaged if packaged.exists() else _REPOSITORY / source
