"""Break every leaf of a team's objects in a rendered environment, and print which slips the checker finds.

Usage: python -m tools.mutate [--sample N] [--examples] [--write]

Prints the share of the slips that are found at the right object, and the others by place and operator. Those of
accounts.yaml that break nothing, or that only somebody outside can judge, do not count. --write writes
docs/survivors.md. --examples breaks the objects of the examples' own charts instead. The exit code is 1 if a slip
that counts is not found and accounts.yaml does not say why, if one that does not count is found, or if the page is
stale.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict

from tools.console import Heartbeat, note, shown
from tools.mutate.page import PAGE, page, reason, score, share
from tools.mutate.score import Outcome, outcomes, sampled, slips
from tools.mutate.subjects import of_examples, of_users


def main() -> int:
    """Run the mutants and print the score; return the exit code."""
    given = _arguments()
    beat, found = Heartbeat(), []
    for loaded, objects in of_examples() if given.examples else [of_users()]:
        for outcome in outcomes(loaded, sampled(slips(loaded, objects), given.sample)):
            found.append(outcome)
            beat.tick(f"{len(found)} slips")
    print(report(found))
    whole = not (given.sample or given.examples)
    if given.write and whole:
        PAGE.write_text(page(found), "utf-8")
        note(f"wrote {shown(PAGE)}")
    return int(whole and (_is_stale(found) or any(not reason(one) for one in missed(found)) or bool(reported(found))))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.mutate", description="Find out which slips the checker finds."
    )
    parser.add_argument("--sample", type=int, default=0, help="number of mutants of each set (default: all)")
    parser.add_argument("--examples", action="store_true", help="break the objects of the examples' own charts")
    parser.add_argument("--write", action="store_true", help="write docs/survivors.md")
    return parser.parse_args()


def _is_stale(found: list[Outcome]) -> bool:
    stale = not PAGE.exists() or PAGE.read_text("utf-8") != page(found)
    if stale:
        note(f"{shown(PAGE)} is stale: run make mutate ARGS=--write")
    return stale


def missed(found: list[Outcome]) -> list[Outcome]:
    """The slips that count and are not found."""
    return [outcome for outcome in found if outcome.counts and not outcome.found]


def reported(found: list[Outcome]) -> list[Outcome]:
    """The slips that do not count, and are found: false alarms, or entries of accounts.yaml that say too much."""
    return [outcome for outcome in found if outcome.found and not outcome.counts]


def report(found: list[Outcome]) -> str:
    """The score, and what was not found."""
    by_place: dict[str, list[str]] = defaultdict(list)
    for outcome in missed(found):
        unknown = "" if reason(outcome) else " (accounts.yaml does not say why)"
        by_place[outcome.slip.place].append(f"{outcome.slip.mutant.operator}{unknown}")
    lines = [f"{place}: {', '.join(sorted(set(operators)))}" for place, operators in sorted(by_place.items())]
    lines += [f"{one}: found by {', '.join(one.found)}, but does not count: {reason(one)}" for one in reported(found)]
    return "\n".join([*lines, f"{share(*score(found))} slips found at the right object"])


if __name__ == "__main__":
    sys.exit(main())
