# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Numbers and truth values as Go's strconv parses them: ParseInt to base 10, ParseUint, ParseFloat, ParseBool."""

from __future__ import annotations

import re

_INTEGER = re.compile(r"[+-]?[0-9]+")
_UNSIGNED = re.compile(r"[0-9]+")
_FLOAT = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity)|nan|[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)p[+-]?[0-9]+",
    re.IGNORECASE,
)
_TRUE, _FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")


def parse_int(text: str, bits: int = 64) -> int:
    """An integer in the range of its bits. Raises ValueError."""
    value = _matched(_INTEGER, text)
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise ValueError("value out of range")
    return value


def parse_uint(text: str, bits: int = 64) -> int:
    """An integer without sign in the range of its bits. Raises ValueError."""
    value = _matched(_UNSIGNED, text)
    if value >= 1 << bits:
        raise ValueError("value out of range")
    return value


def _matched(form: re.Pattern[str], text: str) -> int:
    if not form.fullmatch(text):
        raise ValueError("invalid syntax")
    return int(text)


def parse_float(text: str) -> float:
    """A finite or infinite number. Raises ValueError."""
    if not _FLOAT.fullmatch(text):
        raise ValueError("invalid syntax")
    try:
        value = float.fromhex(text) if "x" in text.lower() else float(text)
    except OverflowError:
        raise ValueError("value out of range") from None
    if value in (float("inf"), float("-inf")) and "inf" not in text.lower():
        raise ValueError("value out of range")
    return value


def parse_bool(text: str) -> bool:
    """True for 1, t, T, TRUE, true, True. Raises ValueError for what is neither true nor false."""
    if text not in (*_TRUE, *_FALSE):
        raise ValueError("invalid syntax")
    return text in _TRUE
