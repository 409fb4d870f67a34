"""The list of rules that no live test confirms, in tests/live/README.md: from `not_live` of each rule.yaml."""

from __future__ import annotations

from tools.console import ROOT
from tools.rules import rule_folders

README = ROOT / "tests" / "live" / "README.md"
# The list ends at the next empty line.
_HEAD = "Not seen here (`not_live` of each `rules/KWnnn/rule.yaml`; written by `make generate`):\n"


def readme() -> str:
    """The README of the live tests with a list that is up to date."""
    before, head, after = README.read_text("utf-8").partition(_HEAD)
    _, blank, rest = after.partition("\n\n")
    return before + head + _list() + blank + rest


def _list() -> str:
    """One line per reason, in the order of the codes."""
    codes: dict[str, list[str]] = {}
    for code, folder in rule_folders().items():
        if reason := folder.entry.get("not_live"):
            codes.setdefault(reason, []).append(code)
    return "\n".join(f"- {reason}: {', '.join(found)}" for reason, found in codes.items())
