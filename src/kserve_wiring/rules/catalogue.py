# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The rule catalogue: code, level and wording of every rule, as data."""

from __future__ import annotations

import json
import string
from dataclasses import dataclass
from functools import cache
from typing import Any

from kserve_wiring.data import carried


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry. A retired code stays in the catalogue, so that it is never reused.

    chart_only: only chart values can violate it, such as two values that write one setting. needs: the facts without
    which it checks less.
    """

    code: str
    level: str
    wire: str
    title: str
    message: str
    fix: str
    retired: bool = False
    chart_only: bool = False
    needs: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Page of the rule, relative to the root of the repository."""
        return f"docs/rules/{self.code}.md"


class _Open(dict[str, str]):
    """Placeholders of a message. One without a value stays in the text instead of raising."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


@cache
def catalogue() -> dict[str, Rule]:
    """All rules by code, sorted."""
    data: dict[str, dict[str, Any]] = json.loads(carried("rules.json").read_text(encoding="utf-8"))
    return {code: _rule(code, entry) for code, entry in data.items()}


def _rule(code: str, entry: dict[str, Any]) -> Rule:
    texts = {key: str(entry.get(key, "")) for key in ("level", "wire", "title", "message", "fix")}
    return Rule(
        code=code,
        retired=bool(entry.get("retired", False)),
        chart_only=bool(entry.get("chart_only", False)),
        needs=tuple(entry.get("needs", ())),
        **texts,
    )


def chart_only() -> frozenset[str]:
    """The codes that only the chart can report."""
    return frozenset(code for code, entry in catalogue().items() if entry.chart_only)


def needed_by(fact: str) -> tuple[str, ...]:
    """The codes of the rules that find less without a fact."""
    return tuple(code for code, entry in catalogue().items() if fact in entry.needs)


def fill(template: str, args: dict[str, str]) -> str:
    """Fill in the placeholders of a message or fix."""
    return string.Formatter().vformat(template, (), _Open(args))


def page_of(code: str) -> str:
    """The page of a rule as Markdown. Raises OSError when the page is not installed."""
    return (carried("pages", "docs/rules") / f"{code}.md").read_text(encoding="utf-8")
