"""Regular expressions: what Go surely takes, what it surely refuses, and what Python cannot tell."""

from __future__ import annotations

import pytest

from kserve_wiring.grammar.regex import parse_regex


@pytest.mark.parametrize("text", ["^s3://(.+)$", "https?://[^/]*", "a|b", r"\d+\.\d+", "(?:a)"])
def test_both_take_it(text: str) -> None:
    found = parse_regex(text)
    assert found is not None
    assert found.pattern == text


@pytest.mark.parametrize("text", ["(a", "a)", "[a", "(?=a)", "(?<!a)", r"(a)\1", "a\\"])
def test_go_refuses_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_regex(text)


@pytest.mark.parametrize("text", [r"\Qa\E", "a{2}", "a*?+", "(?i)a", "[[:alpha:]]", "a$b"])
def test_python_cannot_tell(text: str) -> None:
    assert parse_regex(text) is None
