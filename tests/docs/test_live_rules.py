"""The README of the test bed says which rules were seen on the real software; here it is compared with the tests."""

from __future__ import annotations

import ast
import re

from kserve_wiring.rules.catalogue import catalogue
from tools.console import ROOT

BED = ROOT / "tests" / "live"
README = (BED / "README.md").read_text(encoding="utf-8")


def test_the_table_is_what_the_tests_say() -> None:
    rows = re.findall(r"(?m)^\| `(test_\w+)` \| ([KW\d, ]+) \|", README)
    assert dict(rows) == marked()


def test_every_rule_is_seen_or_named_as_not_seen() -> None:
    """A new rule has a test that shows it, or `not_live` in its rule.yaml says why there is none."""
    seen = {code for codes in marked().values() for code in codes.split(", ")}
    unseen = set(re.findall(r"KW\d+", README.partition("Not seen here")[2].partition("\n\n")[0]))
    assert sorted(set(catalogue()) - seen - unseen) == []
    assert sorted(seen & unseen | seen - set(catalogue())) == []


def marked() -> dict[str, str]:
    """{test: "KW101, KW102"} by the markers of the tests in tests/live."""
    found = {}
    for path in sorted(BED.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (codes := [c for d in node.decorator_list for c in _codes(d)]):
                found[node.name] = ", ".join(codes)
    return found


def _codes(decorator: ast.expr) -> list[str]:
    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.rule":
        return [ast.literal_eval(argument) for argument in decorator.args]
    return []
