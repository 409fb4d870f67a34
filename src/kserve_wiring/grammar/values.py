# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Values as Go parses them: time.ParseDuration, Kubernetes' resource.ParseQuantity, DNS-1123 names."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_NUMBER = re.compile(r"([0-9]*)(?:\.([0-9]*))?")
_UNIT = re.compile(r"[^.0-9]*")
_INT64_MAX = 2**63 - 1
_QUANTITY = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
_SUFFIXES: dict[str, Fraction] = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
    "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]+)")
_BINARY_MAX = Fraction(2**63 - 1)
_NANO = 10**9
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration such as ``1m30s``.

    Raises ValueError with the message of Go's time.ParseDuration (src/time/format.go).
    """
    rest = text
    negative = rest[:1] == "-"
    if rest[:1] in ("-", "+"):
        rest = rest[1:]
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    total = 0
    while rest:
        step, rest = _duration_step(text, rest)
        total += step
        if total > _INT64_MAX + negative:
            raise ValueError(f'time: invalid duration "{text}"')
    return -total if negative else total


def _duration_step(text: str, rest: str) -> tuple[int, str]:
    match = _NUMBER.match(rest)
    whole, fraction = (match.group(1), match.group(2) or "") if match else ("", "")
    if match is None or not (whole or fraction):
        raise ValueError(f'time: invalid duration "{text}"')
    rest = rest[match.end() :]
    unit_match = _UNIT.match(rest)
    unit = unit_match.group() if unit_match else ""
    if not unit:
        raise ValueError(f'time: missing unit in duration "{text}"')
    if unit not in _NANOSECONDS:
        raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
    scale = _NANOSECONDS[unit]
    value = int(whole or "0") * scale
    if value > _INT64_MAX + 1:
        raise ValueError(f'time: invalid duration "{text}"')
    if fraction:
        value += int(Fraction(int(fraction), 10 ** len(fraction)) * scale)
    return value, rest[len(unit) :]


def parse_quantity(text: str) -> Fraction:
    """Value of a Kubernetes quantity such as ``500m`` or ``1Gi``, rounded up to nano as Kubernetes does.

    No digits at all mean 0 there: ``Gi`` parses. Raises ValueError with the message of k8s.io/apimachinery
    pkg/api/resource/quantity.go, and for exponents beyond 400, which Kubernetes accepts and nobody means.
    """
    match = _QUANTITY.fullmatch(text)
    if not text or match is None:
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    sign, whole, fraction, suffix = match.groups(default="")
    exponent = _EXPONENT.fullmatch(suffix)
    if suffix in _SUFFIXES:
        scale = _SUFFIXES[suffix]
    elif exponent is not None and abs(int(exponent.group(1))) <= 400:
        scale = Fraction(10) ** int(exponent.group(1))
    else:
        raise ValueError("unable to parse quantity's suffix")
    if not (whole or fraction) and (scale < Fraction(1, _NANO) or suffix in ("Pi", "Ei")):
        raise ValueError("unable to parse numeric part of quantity")
    value = Fraction(int(whole + fraction or "0"), 10 ** len(fraction)) * scale
    value = Fraction(ceil(value * _NANO), _NANO)
    value = min(value, _BINARY_MAX) if suffix.endswith("i") else value
    return -value if sign == "-" else value


QUALIFIED_NAME = r"((?=[^/]{1,253}/)[a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
"""Pattern of the keys of labels and annotations: a name, perhaps after a domain and a slash (IsQualifiedName)."""
_QUALIFIED = re.compile(QUALIFIED_NAME)


def is_qualified_name(text: str) -> bool:
    """True for the key of a label or annotation."""
    return _QUALIFIED.fullmatch(text) is not None


def is_dns1123_label(text: str) -> bool:
    """True for a DNS-1123 label: lower case, at most 63 characters."""
    return len(text) <= 63 and _LABEL.fullmatch(text) is not None


def is_dns1123_subdomain(text: str) -> bool:
    """True for a DNS-1123 subdomain: labels joined by dots, at most 253 characters."""
    return 0 < len(text) <= 253 and all(_LABEL.fullmatch(label) is not None for label in text.split("."))
