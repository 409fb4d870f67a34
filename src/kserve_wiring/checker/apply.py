# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Apply the rules to a cluster, and remove the findings that are waived or ignored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.known import relevant, unknown
from kserve_wiring.checker.options import Options
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
from kserve_wiring.rules import all_rules


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
    for code, rule in all_rules().items():
        if code in codes:
            yield from ((code, draft) for draft in rule(cluster))


def apply_rules(
    cluster: Cluster, options: Options, lines: Lines, *, complete: bool
) -> tuple[list[Finding], list[Waived]]:
    """Return the sorted findings, and the waived ones. complete: every input could be read."""
    codes = chosen(options.select, options.ignore)
    # KW002 can judge an entry of `ignore` only if its rules ran.
    ran = chosen(options.select) if options.configuration else codes
    written = list(waivers(cluster.objects))
    found = list(run_rules(cluster, written, ran))
    kept, waived, unused = split(word((pair for pair in found if pair[0] in codes), lines), written)
    if UNUSED in codes and complete:
        unused += _ignored_for_nothing(options, {code for code, _ in found})
        drafts = unused_waivers(_judged(cluster, unused, ran))
        kept_too, waived_too, _ = split(word(((UNUSED, draft) for draft in drafts), lines), written)
        kept, waived = [*kept, *kept_too], [*waived, *waived_too]
    return sorted(kept, key=order), waived


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
