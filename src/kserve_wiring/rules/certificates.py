# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW550: Certificates that cert-manager refuses, or that no issuer signs (wire W10).

cert-manager internal/apis/certmanager/validation/certificate.go, ValidateDuration; pkg/apis/certmanager/v1/const.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.grammar.values import parse_duration
from kserve_wiring.manifests.objects import KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to

_GROUP = "cert-manager.io"
_MINUTE, _HOUR = 60 * 10**9, 3600 * 10**9
_DEFAULT = 90 * 24 * _HOUR


@rule("KW550", skips_open=True)
def refused_certificates(cluster: Cluster) -> Iterator[Draft]:
    """The webhook answers `must be greater than`, or the Certificate waits for an issuer of another group."""
    for obj in cluster.of_kind("Certificate"):
        if obj.group == _GROUP and not obj.source.partial:
            yield from _group(obj)
            yield from _durations(obj)


def _group(obj: KubeObject) -> Iterator[Draft]:
    """Issuers of other projects have their own groups, so only a slip is a mistake."""
    group = at(obj, "spec", "issuerRef", "group")
    if isinstance(group.value, str) and ("/" in group.value or near_name(group.value, [_GROUP])):
        reason = "a group has no version, and cert-manager's issuers are in cert-manager.io"
        yield because(group, reason, set_to(group, _GROUP))


def _durations(obj: KubeObject) -> Iterator[Draft]:
    length, renewal = at(obj, "spec", "duration"), at(obj, "spec", "renewBefore")
    found: dict[str, int] = {}
    for setting in (length, renewal):
        if isinstance(setting.value, str) and setting.value:
            try:
                found[setting.key] = parse_duration(setting.value)
            except ValueError:
                reason = "it is a duration of hours, minutes and seconds, and has no days"
                yield because(setting, reason, f"write {_in_hours(setting.value)}")
    total = found.get(length.key, _DEFAULT)
    if length.key in found and total < _HOUR:
        yield because(length, "cert-manager issues nothing for less than an hour", "write 1h or more")
    elif renewal.key in found:
        yield from _renewal(renewal, found[renewal.key], total)


def _renewal(renewal: Setting, number: int, total: int) -> Iterator[Draft]:
    if number < 5 * _MINUTE:
        yield because(renewal, "cert-manager renews at least 5 minutes before the end", "write 5m or more")
    elif number >= total:
        reason = f"spec.duration is {total // _HOUR}h, and a renewal comes before the end"
        yield because(renewal, reason, "write less than the duration")


def _in_hours(text: str) -> str:
    days = text.removesuffix("d")
    return f"{int(days) * 24}h" if days.isdecimal() else "a duration such as 2160h"
