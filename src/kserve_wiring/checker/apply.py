# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Applies the rules to a model, and takes away what is waived or ignored."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kserve_wiring.checker.known import asked_for, unknown
from kserve_wiring.checker.report import Draft, Finding
from kserve_wiring.checker.waivers import Unused, Waived, ignored_by, split
from kserve_wiring.checker.wording import Lines, order, word
from kserve_wiring.cluster.cluster import Model
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.rules import all_rules

UNUSED = "KW002"
"""Which waivers are of no use follows from what all other rules found."""


def chosen(select: Collection[str] = (), ignore: Collection[str] = ()) -> frozenset[str]:
    """The codes of the rules to apply. select and ignore: codes or their beginnings."""
    return frozenset(code for code in all_rules() if _begins(code, select or ("",)) and not _begins(code, ignore))


def _begins(code: str, prefixes: Iterable[str]) -> bool:
    return any(code.startswith(prefix) for prefix in prefixes)


def run_rules(model: Model, codes: Collection[str]) -> list[Draft]:
    """What the rules of some codes yield."""
    return [draft for code, rule in all_rules().items() if code in codes for draft in rule(model, model.context)]


def apply_rules(
    model: Model,
    select: Collection[str],
    ignore: Collection[str],
    configuration: KubeObject | None,
    lines: Lines,
) -> tuple[list[Finding], list[Waived]]:
    """Findings and what is waived, sorted. configuration: the file that ignores codes, whose use is judged, too."""
    codes = chosen(select, ignore)
    ran = chosen(select) if configuration else codes
    found = run_rules(model, ran - {UNUSED})
    kept, waived, unused = split(word((draft for draft in found if draft.code in codes), lines), model.waivers)
    if configuration:
        raised = {draft.code for draft in found}
        entries = [(waiver, code) for waiver in ignored_by(configuration) for code in waiver.codes]
        unused += [(waiver, code) for waiver, code in entries if not any(name.startswith(code) for name in raised)]
    model.unused = _judged(model, unused, ran)
    kept_too, waived_too, _ = split(word(run_rules(model, codes & {UNUSED}), lines), model.waivers)
    return sorted([*kept, *kept_too], key=order), [*waived, *waived_too]


def _judged(model: Model, unused: Iterable[Unused], ran: Collection[str]) -> list[Unused]:
    """Those of which the rules could have found something: all was read, they ran, and lacked no fact to decide."""
    if not model.complete:
        return []
    lacking = {code for codes in asked_for(model, unknown(model.context, ran)).values() for code in codes}
    return [
        (waiver, prefix)
        for waiver, prefix in unused
        if (codes := {code for code in ran if code.startswith(prefix)}) and not codes & lacking
    ]
