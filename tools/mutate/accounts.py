"""Why a slip does not count, or is not found: the entries of accounts.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

ACCOUNTS = Path(__file__).with_name("accounts.yaml")
HARMLESS, OUTSIDE, UNSEEN = "harmless", "outside", "unseen"
"""It breaks nothing; only somebody outside the manifests can judge it; it breaks something, and no rule sees it."""


@dataclass(frozen=True)
class Account:
    """Some slips by place, name of the object and operator, each a regular expression, and what holds for them."""

    sort: str
    place: re.Pattern[str]
    name: re.Pattern[str]
    operator: re.Pattern[str]
    reason: str

    @property
    def counts(self) -> bool:
        """True if the slips count as such that the checker should find."""
        return self.sort == UNSEEN

    def covers(self, place: str, name: str, operator: str) -> bool:
        """True for one of its slips."""
        patterns = ((self.place, place), (self.name, name), (self.operator, operator))
        return all(pattern.fullmatch(text) for pattern, text in patterns)


@cache
def accounts() -> tuple[Account, ...]:
    """All entries, in the order of the file."""
    entries = yaml.safe_load(ACCOUNTS.read_text("utf-8"))
    return tuple(_account(sort, entry) for sort in (HARMLESS, OUTSIDE, UNSEEN) for entry in entries[sort])


def _account(sort: str, entry: dict[str, str]) -> Account:
    place, name, operator = (re.compile(entry.get(key, ".*")) for key in ("place", "name", "operator"))
    return Account(sort, place, name, operator, entry["reason"])


def account_of(place: str, name: str, operator: str) -> Account | None:
    """The first entry for a slip."""
    return next((one for one in accounts() if one.covers(place, name, operator)), None)
