# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""From the text of an error to the rows of the table that explain it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from kserve_wiring.doctor.pasted import comparable, details, without_secrets
from kserve_wiring.doctor.symptoms import Stage, Symptom, stages

_BEFORE, _SHOWN = 60, 220
_LONGEST_WORD = 80
"""A longer rest of a word, such as a certificate, is cut."""
_CONSEQUENCE = 2
"""Rank of a consequence: after a cause and the answer to a request, before a connection of nobody knows whom."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A symptom in a text. seen: the text around it. named: the image and the host that it names."""

    stage: Stage
    symptom: Symptom
    seen: str
    named: Mapping[str, str]

    @property
    def wrong(self) -> str:
        """What is wrong, in one sentence."""
        return self.filled(self.symptom.wrong)

    @property
    def rank(self) -> int:
        """How much it says about the cause, best first."""
        return _CONSEQUENCE if self.symptom.consequence else self.stage.rank

    def filled(self, text: str) -> str:
        """A text of the table with the image and the host. No format string: commands have braces of their own."""
        for key, value in self.named.items():
            text = text.replace("{" + key + "}", value)
        return text


def explain(text: str) -> list[Explanation]:
    """The symptoms in the text, the first cause first. What only follows from them is left out."""
    # Before anything is cut: a part of a URL does not look like one with a password.
    one_line = without_secrets(comparable(text))
    found = [item for stage in stages() for item in _found(stage, one_line)]
    first = min((item.rank for item in found), default=0)
    return [item for item in found if item.rank == first]


def _found(stage: Stage, text: str) -> Iterator[Explanation]:
    """The symptoms of one stage: one for each message that belongs to it."""
    seen = set()
    for start, end in _messages(stage, text):
        for symptom in stage.symptoms:
            match = _first(symptom.patterns, text, start, end)
            if match is None:
                continue
            if symptom.id not in seen:
                seen.add(symptom.id)
                yield _explanation(stage, symptom, text, (start, end), match)
            if stage.when:
                break  # the first row is the most specific one; without `when`, each pattern is specific


def _messages(stage: Stage, text: str) -> Iterator[tuple[int, int]]:
    """Where the messages of a stage are: from each text of `when` to the next of the same kind."""
    if not stage.when:
        yield 0, len(text)
        return
    found = set()
    for pattern in stage.when:
        starts = [match.start() for match in pattern.finditer(text)]
        for start, following in pairwise([*starts, len(text)]):
            found.add((start, min(start + stage.window, following)) if stage.window else (0, len(text)))
    yield from sorted(found)


def _first(patterns: tuple[re.Pattern[str], ...], text: str, start: int, end: int) -> re.Match[str] | None:
    matches = (pattern.search(text, start, end) for pattern in patterns)
    return min((match for match in matches if match), key=re.Match.start, default=None)


def _explanation(
    stage: Stage, symptom: Symptom, text: str, message: tuple[int, int], match: re.Match[str]
) -> Explanation:
    whole = text[message[0] : message[1]]
    near = text[max(match.start() - 400, 0) : match.end() + 200]
    named = details(whole if stage.window else near)
    begin = message[0] if stage.window else max(match.start() - _BEFORE, 0)
    cut = max(begin, match.end() - _SHOWN)
    if not stage.window or cut > begin or text[cut - 1 : cut].isalnum():
        # The first word of a message is shown: its stage may match inside it.
        cut = _word_begin(text, cut, cut if stage.window and cut == begin else match.start())
    end = _word_end(text, max(cut + _SHOWN, match.end()), match.end())
    return Explanation(stage, symptom, _head(text, match, cut) + text[cut:end], named)


def _head(text: str, match: re.Match[str], cut: int) -> str:
    """The begin of a message that is too long to be shown: it names the object, and the end says what is wrong."""
    start = _word_begin(text, match.start(), match.start())
    end = text.rfind(" ", start, start + _SHOWN // 2)
    return f"{text[start:end]} ... " if cut > start + _SHOWN and end > start else ""


def _word_begin(text: str, begin: int, last: int) -> int:
    """The begin of a word: of the first one from begin to last, else of that in which begin is."""
    if begin == 0 or text[begin - 1] == " ":
        return begin
    after = text.find(" ", begin, last)
    if after >= 0:
        return after + 1
    word = text.rfind(" ", 0, begin) + 1
    return word if begin - word <= _LONGEST_WORD else begin


def _word_end(text: str, end: int, first: int) -> int:
    """The end of a word: of the last one from first to end, else of that in which end is."""
    if end >= len(text) or text[end] == " ":
        return end
    before = text.rfind(" ", first, end)
    if before >= 0:
        return before
    word = text.find(" ", end)
    word = word if word >= 0 else len(text)
    return word if word - end <= _LONGEST_WORD else end
