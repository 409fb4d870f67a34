# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Which files of an environment's folder the template wrote, in its file .generated, which sha256sum can read.

Its first line also tells from which answers they are: an environment of which the record is whole and every file is as
recorded needs no copy to know that it is as its answers give.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORD = ".generated"
_HEAD = "# Written by make fleet, to find what was edited. sha256 of this file and of the answers: "

Sums = Mapping[str, str]
"""sha256 of each file, by its path in the folder."""


@dataclass(frozen=True)
class Record:
    """The content of a record. mark: see seal. It is "" if there is no record."""

    mark: str
    sums: Sums

    def edited(self, folder: Path) -> list[str]:
        """The recorded files that the folder has in another form, or not at all."""
        return [path for path, found in self.sums.items() if sum_of(folder / path) != found]


def read_record(folder: Path) -> Record:
    """The record of a folder. What is no line of a record, such as a mark of a merge conflict, is left out."""
    try:
        head, *lines = (folder / RECORD).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return Record("", {})
    found = (line.partition("  ") for line in lines)
    sums = {path: digest for digest, gap, path in found if gap and len(digest) == 64 and _is_inside(path)}
    return Record(head.removeprefix(_HEAD), sums)


def _is_inside(path: str) -> bool:
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def record_text(source: Any, sums: Sums) -> str:
    return "\n".join([f"{_HEAD}{seal(source, sums)}", *_lines(sums), ""])


def seal(source: Any, sums: Sums) -> str:
    """One digest of the recorded files and of what they were made from. A bad merge of a record breaks it."""
    return hashlib.sha256("\n".join([json.dumps(source, sort_keys=True), *_lines(sums)]).encode()).hexdigest()


def _lines(sums: Sums) -> Iterable[str]:
    return (f"{sums[path]}  {path}" for path in sorted(sums))


def sum_of(file: Path) -> str:
    """sha256 of a file; "" if there is none."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""
