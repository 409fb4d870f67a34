# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Apply the rules to a cluster, and remove the findings that are waived or ignored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.known import relevant, unknown
from kserve_wiring.checker.options import Options
from kserve_wiring.checker.parallel import drafts_of
from kserve_wiring.checker.waivers import (
    INEFFECTIVE,
    UNUSED,
    Unused,
    Waived,
    Waiver,
    ignored_by,
    ineffective_waivers,
    split,
    unused_waivers,
    waivers,
)
from kserve_wiring.checker.wording import Coded, Lines, order, word
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.manifests.objects import KeyPath, Setting
from kserve_wiring.rules import all_rules
from kserve_wiring.rules.draft import Draft, set_to

# The rule that compares each object with the schema of its kind.
SCHEMA = "KW508"


def known_codes() -> frozenset[str]:
    """Every code that a run can report: those of the rules, and the two about waivers."""
    return frozenset({*all_rules(), INEFFECTIVE, UNUSED})


def chosen(select: Collection[str] = (), ignore: Collection[str] = ()) -> frozenset[str]:
    """The codes to report. select and ignore: codes or prefixes of codes."""
    return frozenset(code for code in known_codes() if _begins(code, select or ("",)) and not _begins(code, ignore))


def _begins(code: str, prefixes: Iterable[str]) -> bool:
    return any(code.startswith(prefix) for prefix in prefixes)


def run_rules(cluster: Cluster, written: Iterable[Waiver], codes: Collection[str]) -> Iterator[Coded]:
    """Drafts of the rules with these codes, and of KW001, each with its code. written: waivers in the manifests."""
    if INEFFECTIVE in codes:
        yield from ((INEFFECTIVE, draft) for draft in ineffective_waivers(written))
    yield from drafts_of(cluster, [code for code in all_rules() if code in codes])


def apply_rules(
    cluster: Cluster, options: Options, lines: Lines, *, complete: bool
) -> tuple[list[Finding], list[Waived]]:
    """Return the sorted findings, and the waived ones. complete: every input could be read."""
    codes = chosen(options.select, options.ignore)
    # KW002 can judge an entry of `ignore` only if its rules ran.
    ran = chosen(options.select) if options.configuration else codes
    written = list(waivers([*cluster.objects, *(one.obj for one in cluster.values)]))
    found = _common_causes(_causes(_explained_once(list(run_rules(cluster, written, ran)))))
    kept, waived, unused = split(word((pair for pair in found if pair[0] in codes), lines), written)
    if UNUSED in codes and complete:
        unused += _ignored_for_nothing(options, {code for code, _ in found})
        drafts = unused_waivers(_judged(cluster, unused, ran))
        kept_too, waived_too, _ = split(word(((UNUSED, draft) for draft in drafts), lines), written)
        kept, waived = [*kept, *kept_too], [*waived, *waived_too]
    return sorted(kept, key=order), waived


def _explained_once(found: list[Coded]) -> list[Coded]:
    """Without what the schema says of a field that another rule reports: that rule knows why it matters."""
    explained = {(id(draft.obj), draft.path) for code, draft in found if code != SCHEMA}
    return [(code, draft) for code, draft in found if code != SCHEMA or (id(draft.obj), draft.path) not in explained]


def _causes(found: list[Coded]) -> list[Coded]:
    """Without what follows from another draft: a value is absent because it is at the wrong place."""
    set_by_a_fix = {(id(draft.obj), path) for _, draft in found for path in draft.sets}
    return [
        (code, draft)
        for code, draft in found
        if (id(draft.obj), draft.path) not in set_by_a_fix or draft.obj.get(*draft.path) is not None
    ]


def _common_causes(found: list[Coded]) -> list[Coded]:
    """One finding for several that end with the same value of another object: that value is wrong, not each of them."""
    groups: dict[tuple[int, KeyPath, str], list[Draft]] = {}
    for _, draft in found:
        if draft.instead is not None:
            groups.setdefault(_cause(draft.instead), []).append(draft)
    kept = []
    for code, draft in found:
        alike = groups[_cause(draft.instead)] if draft.instead is not None else [draft]
        if len({id(one.obj) for one in alike}) == 1:
            kept.append((code, draft))
        elif draft is alike[0] and draft.instead is not None:
            fix = f"set {draft.instead.key} of {draft.instead.obj.ref} to {draft.instead.text()}"
            related = (*draft.related, *((one.obj, one.path) for one in alike[1:]))
            change = set_to(draft.instead, draft.instead.value)
            kept.append((code, replace(draft, fix=fix, related=related, change=change)))
    return kept


def _cause(setting: Setting) -> tuple[int, KeyPath, str]:
    return id(setting.obj), setting.path, setting.text()


def _ignored_for_nothing(options: Options, raised: Collection[str]) -> list[Unused]:
    """Entries of ``ignore`` in the configuration file that match no finding."""
    if options.configuration is None:
        return []
    entries = [(waiver, code) for waiver in ignored_by(options.configuration) for code in waiver.codes]
    return [(waiver, code) for waiver, code in entries if not any(name.startswith(code) for name in raised)]


def _judged(cluster: Cluster, unused: Iterable[Unused], ran: Collection[str]) -> list[Unused]:
    """The unused waivers whose rules could have found something: they ran, and no fact was missing."""
    undecided = {code for codes in relevant(cluster, unknown(cluster.facts, ran)).values() for code in codes}
    return [
        (waiver, prefix)
        for waiver, prefix in unused
        if (codes := {code for code in ran if code.startswith(prefix)}) and not codes & undecided
    ]
