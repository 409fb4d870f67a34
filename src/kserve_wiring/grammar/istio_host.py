# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Hosts of Istio's objects, as istiod reads them: istio pkg/config/host/name.go and pkg/config/validation/agent."""

from __future__ import annotations

import ipaddress
import re

_LABEL = r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?"
_FIRST = re.compile(rf"\*|(?:\*|\*-)?{_LABEL}")
_LONGEST, _LONGEST_LABEL = 255, 63


def is_full_name(host: str) -> bool:
    """A domain name without a wildcard (ValidateFQDN)."""
    return 0 < len(host) <= _LONGEST and _are_labels(host)


def is_domain(host: str) -> bool:
    """A domain name, or one with a wildcard in its first label (ValidateWildcardDomain)."""
    first, dot, rest = host.partition(".")
    is_first = len(first) <= _LONGEST_LABEL and _FIRST.fullmatch(first) is not None
    return is_first and len(host) <= _LONGEST and (not dot or _are_labels(rest))


def _are_labels(text: str) -> bool:
    labels = text.split(".")
    if re.fullmatch(r"[-+]?\d+", labels[-1]):
        return False
    if labels[-1] == "":
        labels.pop()
    return all(len(label) <= _LONGEST_LABEL and re.fullmatch(_LABEL, label) for label in labels)


def is_address(text: str) -> bool:
    """An IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_network(text: str) -> bool:
    """An IP address, or a range of them."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def overlap(one: str, other: str) -> bool:
    """Whether some name fits both (Name.Matches)."""
    return is_within(one, other) or is_within(other, one)


def is_within(one: str, other: str) -> bool:
    """Whether every name that fits one fits the other (Name.SubsetOf)."""
    if other.startswith("*") and (len(one) >= len(other) or not one.startswith("*")):
        return one.removeprefix("*").endswith(other[1:])
    return one == other
