# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Explanations of an error message as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from kserve_wiring.doctor.explain import Explanation
from kserve_wiring.doctor.symptoms import Cause
from kserve_wiring.formats.terminal import BOLD, paint, wrap
from kserve_wiring.rules.catalogue import catalogue

VERSION = 1
"""Version of the JSON document."""


def as_text(explanations: Sequence[Explanation], *, colour: bool = False) -> str:
    """The first explanation whole, the others by name."""
    lines = details(explanations[0], colour)
    for other in explanations[1:]:
        lines += ["", *wrap(f"{_heading(other)}: {other.wrong}", "also in the text: ", "  ")]
    return "\n".join(lines) + "\n"


def details(item: Explanation, colour: bool) -> list[str]:
    """The lines of one explanation."""
    symptom = item.symptom
    lines = [paint(line, BOLD, colour) for line in wrap(f"{_heading(item)}: {item.wrong}", "", "  ")]
    lines += wrap(item.seen, "  seen: ", "        ")
    lines += wrap(f"{item.stage.name}; {item.stage.where}", "  stage: ", "         ")
    lines.append("  causes, the likeliest first:" if len(symptom.causes) > 1 else "  cause:")
    for number, cause in enumerate(symptom.causes, 1):
        lines += wrap(item.filled(cause.cause), f"  {number}. ", "     ")
        lines += wrap(item.filled(cause.check), "     to decide: ", "       ")
        lines += wrap(item.filled(cause.change), "     to change: ", "       ")
    lines += wrap(item.filled(symptom.gone), "  gone when: ", "    ")
    for code in symptom.rules:
        lines += wrap(f"{code}: {catalogue()[code].title}", "  rule: ", "    ")
    return lines


def _heading(item: Explanation) -> str:
    return f"{', '.join(item.symptom.wires) or 'no wire'} ({item.symptom.id})"


def as_json(explanations: Sequence[Explanation]) -> str:
    """All explanations as one JSON document."""
    document = {"version": VERSION, "explanations": [as_dict(item) for item in explanations]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_dict(item: Explanation) -> dict[str, Any]:
    """One explanation as plain data."""
    symptom = item.symptom
    return {
        "symptom": symptom.id,
        "wires": list(symptom.wires),
        "rules": list(symptom.rules),
        "wrong": item.wrong,
        "seen": item.seen,
        "named": dict(item.named),
        "stage": item.stage.name,
        "where": item.stage.where,
        "versions": item.stage.versions,
        "causes": [_cause(item, cause) for cause in symptom.causes],
        "gone": item.filled(symptom.gone),
    }


def _cause(item: Explanation, cause: Cause) -> dict[str, str]:
    return {key: item.filled(getattr(cause, key)) for key in ("cause", "check", "change")}
