# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Notes about what was left out on purpose, and their sum: one line for each kind."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_PLACES = 3


class Note(str):
    """A note about one place. It reads ``PLACE is ...``; of several places, ``PLACE, PLACE are ...``."""

    __slots__ = ("many", "place")

    place: str
    many: str

    def __new__(cls, place: str, one: str, many: str) -> Note:
        """place: a file or folder. one, many: what follows it, for one place and for several."""
        note = super().__new__(cls, f"{place} {one}")
        note.place, note.many = place, many
        return note

    def __getnewargs__(self) -> tuple[str, str, str]:  # type: ignore[override]
        """For pickle: reports are sent between processes."""
        return self.place, self.removeprefix(f"{self.place} "), self.many


def summed(notes: Iterable[str]) -> list[str]:
    """One note for each kind, with the number of places and the first of them."""
    kinds: dict[str, list[str]] = {}
    for note in dict.fromkeys(notes):
        kinds.setdefault(note.many if isinstance(note, Note) else note, []).append(note)
    return [_sum(many, alike) for many, alike in kinds.items()]


def _sum(many: str, alike: list[str]) -> str:
    if len(alike) == 1:
        return alike[0]
    places = [note.place for note in alike if isinstance(note, Note)]
    more = len(places) - _MOST_PLACES
    shown = places[:_MOST_PLACES] if more > 0 else places[:-1]
    last = f"{more} more" if more > 0 else places[-1]
    return f"{', '.join(shown)} and {last} {many}"
