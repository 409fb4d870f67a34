"""Durations, quantities and names as Go and Kubernetes parse them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kserve_wiring.grammar.values import is_dns1123_label, is_dns1123_subdomain, parse_duration, parse_quantity

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("10s", 10 * SECOND),
        ("1m30s", 90 * SECOND),
        ("1.5h", 5400 * SECOND),
        (".5s", SECOND // 2),
        ("1.s", SECOND),
        ("+2ms", 2_000_000),
        ("-1s", -SECOND),
        ("1us", 1000),
        ("1\u00b5s", 1000),
        ("1\u03bcs", 1000),
        ("3ns", 3),
        ("2562047h47m16.854775807s", 2**63 - 1),
    ],
)
def test_duration(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("30", 'time: missing unit in duration "30"'),
        (" 30s", 'time: invalid duration " 30s"'),
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        ("s", 'time: invalid duration "s"'),
        (".s", 'time: invalid duration ".s"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1s2", 'time: missing unit in duration "1s2"'),
        ("30s ", 'time: unknown unit "s " in duration "30s "'),
        ("9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'),
    ],
)
def test_refused_duration(text: str, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the text is compared below)
        parse_duration(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("100m", Fraction(1, 10)),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("1Gi", 2**30),
        ("1024Mi", 2**30),
        ("1G", 10**9),
        ("1k", 1000),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("12e-1", Fraction(6, 5)),
        ("-1Ki", -1024),
        ("+2", 2),
        ("1u", Fraction(1, 10**6)),
        ("0.1n", Fraction(1, 10**9)),
        ("Gi", 0),
    ],
)
def test_quantity(text: str, value: Fraction | int) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize(
    "text", ["", "1GB", "1 Gi", "Pi", "1..5", "1.2.3", "1K", "0x10", "1e", ".e-10", "1Gi ", "1Gi\n", "1,5"]
)
def test_refused_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="quantit"):
        parse_quantity(text)


def test_names() -> None:
    assert is_dns1123_label("a-1")
    assert not is_dns1123_label("A")
    assert not is_dns1123_label("a" * 64)
    assert is_dns1123_subdomain("a.b-c.svc.cluster.local")
    assert not any(map(is_dns1123_subdomain, ["", "a..b", "a:80", "http://a", "A.b", "-a.b"]))
