# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Names that were probably meant: one edit from a name that exists."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property, lru_cache

_SHORTEST = 4
_SHORTEST_ALIKE = 3
_LONG = 7
_PARTS = re.compile(r"[-_.]")
_DIGITS = re.compile(r"\d+")
_REMEMBERED = 1 << 16


class NearNames:
    """Names with an index by what is left when one character is missing, which two names one edit apart share.

    So a search costs as much as the name is long, however many names are alike: app-1, app-2 and so on.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._names = sorted(known)
        self._by_letters: dict[str, list[str]] = defaultdict(list)
        for name in self._names:
            self._by_letters[_plain(name)].append(name)
        self._families = {_family(name) for name in self._names}

    @cached_property
    def _by_rest(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._names:
            for rest in _rests(name):
                found[rest].append(name)
        return found

    def near(self, name: str) -> str:
        """The known name that is one edit from a name, or that differs only in case and separators; "" if none is."""
        candidates = self._by_letters.get(_plain(name), [])
        if self._families - {_family(name)}:  # else all are siblings
            candidates = candidates + sorted({one for rest in _rests(name) for one in self._by_rest.get(rest, ())})
        return next((other for other in candidates if _is_near(name, other)), "")


def _rests(name: str) -> set[str]:
    return {name, *(name[:place] + name[place + 1 :] for place in range(len(name)))}


def near_name(name: str, known: Iterable[str]) -> str:
    """The nearest of a few names; "" if none is near."""
    return NearNames(known).near(name)


def _is_near(name: str, other: str) -> bool:
    if name != other and name.lower() == other.lower():
        return True
    if abs(len(name) - len(other)) > 2 or min(len(name), len(other)) < _SHORTEST or name == other:
        return False
    if _plain(name) == _plain(other):
        return True
    return not _is_a_sibling(name, other) and is_one_edit(name, other)


def is_alike(name: str, other: str) -> bool:
    """True if a name may be a slip of another that nothing else uses: two edits, three letters, or a longer ending."""
    if name == other or min(len(name), len(other)) < _SHORTEST_ALIKE or _is_a_sibling(name, other):
        return False
    short, long = sorted((set(_PARTS.split(name)), set(_PARTS.split(other))), key=len)
    return (
        is_one_edit(name, other)
        or (min(len(name), len(other)) > _LONG and abs(len(name) - len(other)) <= 2 and _distance(name, other) <= 2)
        or (len(short) > 1 and short < long)
        or name.startswith(other)
        or other.startswith(name)
    )


def _distance(name: str, other: str) -> int:
    """Edits between two names (Levenshtein)."""
    row = list(range(len(other) + 1))
    for line, letter in enumerate(name, 1):
        above, row[0] = row[0], line
        for column, character in enumerate(other, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (letter != character))
    return row[-1]


@lru_cache(_REMEMBERED)
def _plain(name: str) -> str:
    return _PARTS.sub("", name.lower())


@lru_cache(_REMEMBERED)
def _family(name: str) -> str:
    """What the names of one family share: app-1, app-2 and so on are often compared with each other."""
    return _DIGITS.sub("", name)


def _is_a_sibling(name: str, other: str) -> bool:
    """True for names of one family: they differ in a number, or in a part of one character such as team-a, team-b."""
    if _family(name) == _family(other):
        return True
    parts, others = _PARTS.split(name), _PARTS.split(other)
    if len(parts) != len(others):
        return False
    return any(len(one) == len(two) == 1 for one, two in zip(parts, others, strict=True) if one != two)


def is_one_edit(name: str, other: str) -> bool:
    """True if one character is missing, added, changed, or swapped with its neighbour."""
    start = 0
    while start < min(len(name), len(other)) and name[start] == other[start]:
        start += 1
    one, two = name[start:], other[start:]
    if len(one) == len(two):
        swapped = len(one) > 1 and one[:2] == two[1::-1] and one[2:] == two[2:]
        return one[1:] == two[1:] or swapped
    return one[1:] == two or one == two[1:]
