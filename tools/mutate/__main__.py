"""Break every leaf of a team's objects in a rendered environment, and print which slips the checker finds.

Usage: python -m tools.mutate [--sample N] [--examples]

Prints the share of the slips that are found at the right object, and the others by place and operator. Those of
equivalent.yaml break nothing and do not count. --examples breaks the objects of the examples' own charts instead.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable

from tools.console import Heartbeat
from tools.mutate.score import Outcome, outcomes
from tools.mutate.subjects import of_examples, of_users


def main() -> int:
    """Run the mutants and print the score; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.mutate", description="Find out which slips the checker finds."
    )
    parser.add_argument("--sample", type=int, default=0, help="number of mutants of each set (default: all)")
    parser.add_argument("--examples", action="store_true", help="break the objects of the examples' own charts")
    given = parser.parse_args()
    beat, found = Heartbeat(), []
    for loaded, objects in of_examples() if given.examples else [of_users()]:
        for outcome in outcomes(loaded, objects, given.sample):
            found.append(outcome)
            beat.tick(f"{len(found)} slips")
    print(report(found))
    return 0


def report(found: Iterable[Outcome]) -> str:
    """The score, and what was not found."""
    effective = [outcome for outcome in found if not outcome.reason]
    missed = [outcome for outcome in effective if not outcome.found]
    by_place: dict[str, list[str]] = defaultdict(list)
    for outcome in missed:
        by_place[outcome.place].append(outcome.mutant.operator)
    lines = [f"{place}: {', '.join(sorted(set(operators)))}" for place, operators in sorted(by_place.items())]
    count = len(effective)
    share = 100 * (count - len(missed)) / count if count else 100
    return "\n".join([*lines, f"{count - len(missed)} of {count} slips found at the right object ({share:.1f} %)"])


if __name__ == "__main__":
    sys.exit(main())
