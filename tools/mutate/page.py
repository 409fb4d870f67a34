"""docs/survivors.md: the score, the operators, and every slip that is not found with its reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from tools.console import ROOT
from tools.mutate.accounts import HARMLESS, OUTSIDE, Account, accounts
from tools.mutate.operators import OPERATORS
from tools.mutate.score import Outcome

PAGE = ROOT / "docs" / "survivors.md"
_HEAD = """<!-- Written by make mutate ARGS=--write: edit tools/mutate/accounts.yaml. -->
# Slips that survive

`make mutate` breaks each leaf of a team's objects (`tools/mutate/user_objects.yaml`) in the environment of the example
`offline-harbor`, one slip at a time, and runs the checker on the whole set. A slip is found if a finding that was not
there before is about the object with the slip, or names it as the other end.
"""
_UNSEEN = """
## Not found

What these break, no rule sees. The reason is what the checker would have to know.

| slip | reason |
|---|---|
"""
_SORTS = {
    HARMLESS: """
## Not counted: they break nothing

The API server, the webhooks and the controllers accept them and do the same as before.

| place | operators | slips | reason |
|---|---|---|---|
""",
    OUTSIDE: """
## Not counted: only somebody outside can judge them

No party that reads the manifests refuses them. An application, a storage, a registry or the author knows what is right.

| place | operators | slips | reason |
|---|---|---|---|
""",
}


def score(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """How many of the slips that count are found, and how many there are."""
    effective = [outcome for outcome in outcomes if outcome.counts]
    return sum(bool(outcome.found) for outcome in effective), len(effective)


def share(found: int, count: int) -> str:
    """A score in words."""
    return f"{found} of {count} ({100 * found / count:.1f} %)" if count else "-"


def page(outcomes: list[Outcome]) -> str:
    """The page for the outcomes of all slips."""
    return "".join(
        (
            _HEAD,
            _scored(outcomes),
            _operators(outcomes),
            _survivors(outcomes),
            *(_aside(one, outcomes) for one in _SORTS),
        )
    )


def _scored(outcomes: list[Outcome]) -> str:
    aside = Counter(outcome.account.sort for outcome in outcomes if outcome.account and not outcome.counts)
    return (
        f"\nFound: {share(*score(outcomes))}. Of {len(outcomes)} slips, {aside[HARMLESS]} break nothing, and"
        f" {aside[OUTSIDE]} only somebody outside\ncan judge; the last two tables list them.\n"
    )


def _operators(outcomes: list[Outcome]) -> str:
    rows = []
    for name, what in OPERATORS.items():
        found, count = score(outcome for outcome in outcomes if outcome.slip.mutant.operator == name)
        rows.append(f"| {name} | {what} | {share(found, count)} |\n")
    return "\n## By operator\n\n| operator | the slip | found |\n|---|---|---|\n" + "".join(rows)


def _survivors(outcomes: list[Outcome]) -> str:
    missed = [outcome for outcome in outcomes if outcome.counts and not outcome.found]
    rows = {f"| {one} | {reason(one)} |\n" for one in missed}
    return _UNSEEN + "".join(sorted(rows))


def reason(outcome: Outcome) -> str:
    """Why a slip is not found; "" if accounts.yaml does not say."""
    return outcome.account.reason if outcome.account else ""


def _aside(sort: str, outcomes: list[Outcome]) -> str:
    covered: dict[Account, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.account and outcome.account.sort == sort:
            covered[outcome.account].append(outcome)
    return _SORTS[sort] + "".join(_row(one, covered[one]) for one in accounts() if covered[one])


def _row(account: Account, outcomes: list[Outcome]) -> str:
    places = ", ".join(f"`{place}`" for place in sorted({outcome.slip.place for outcome in outcomes}))
    operators = ", ".join(sorted({outcome.slip.mutant.operator for outcome in outcomes}))
    return f"| {places} | {operators} | {len(outcomes)} | {account.reason} |\n"
