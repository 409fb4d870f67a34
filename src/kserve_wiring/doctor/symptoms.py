# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The table of symptoms: what a component prints, the wires that can cause it, and how to decide between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from kserve_wiring.data import carried
from kserve_wiring.manifests.yamltext import load

TEXTS = "texts.yaml"
"""What every program prints alike, such as `connection refused`. The other files are one stage each."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for a symptom: how to decide that it is the one, and what to change then."""

    cause: str
    check: str
    change: str


@dataclass(frozen=True, slots=True)
class Symptom:
    """One row of the table.

    patterns: any of them. wires, rules: what can cause it, the likeliest first. gone: how to see that it is repaired.
    consequence: it only says that something before it failed. sources: where upstream has the text. program: who
    prints it, if it is not among the pinned sources.
    """

    id: str
    patterns: tuple[re.Pattern[str], ...]
    wires: tuple[str, ...]
    rules: tuple[str, ...]
    wrong: str
    causes: tuple[Cause, ...]
    gone: str
    consequence: bool
    examples: tuple[str, ...]
    sources: tuple[Mapping[str, str], ...]
    program: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A step between an InferenceService and its answer, with the symptoms that belong to it.

    when: without one of these texts, no symptom of this stage applies. window: how many characters after it belong to
    the same message; 0: all of the text. rank: 0 if its symptoms name a cause; a higher one applies only if no lower
    one does.
    """

    name: str
    position: int
    where: str
    versions: str
    when: tuple[re.Pattern[str], ...]
    window: int
    rank: int
    symptoms: tuple[Symptom, ...]


@cache
def stages() -> tuple[Stage, ...]:
    """The whole table, in the order in which the stages happen."""
    folder = carried("symptoms")
    texts = load((folder / TEXTS).read_text(encoding="utf-8"))
    files = [path for path in folder.glob("*.yaml") if path.name != TEXTS]
    read = [_stage(load(path.read_text(encoding="utf-8")), texts) for path in files]
    return tuple(sorted(read, key=lambda stage: stage.position))


def symptoms() -> Iterator[tuple[Stage, Symptom]]:
    """Every row with its stage."""
    for stage in stages():
        for symptom in stage.symptoms:
            yield stage, symptom


def _stage(data: Mapping[str, Any], texts: Mapping[str, Any]) -> Stage:
    return Stage(
        name=data["stage"],
        position=data["position"],
        where=data["where"],
        versions=data["versions"],
        when=_compiled(data.get("when", ())),
        window=data.get("window", 0),
        rank=data.get("rank", 0),
        symptoms=tuple(_symptom(entry, texts) for entry in data["symptoms"]),
    )


def _symptom(entry: Mapping[str, Any], texts: Mapping[str, Any]) -> Symptom:
    shared = texts[entry["text"]] if "text" in entry else {"patterns": (), "sources": ()}
    return Symptom(
        id=entry["id"],
        patterns=_compiled([*entry.get("patterns", ()), *shared["patterns"]]),
        wires=tuple(entry.get("wires", ())),
        rules=tuple(entry.get("rules", ())),
        wrong=entry["wrong"],
        causes=tuple(Cause(**cause) for cause in entry["causes"]),
        gone=entry["gone"],
        consequence=entry.get("consequence", False),
        examples=tuple(entry["examples"]),
        program=entry.get("program", ""),
        sources=(*entry.get("sources", ()), *shared["sources"]),
    )


def _compiled(patterns: Any) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
