# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that an installation would meet, in one report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kserve_wiring.doctor.kubectl import Kubectl
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.preflight.brought import brought
from kserve_wiring.preflight.environment import Environment
from kserve_wiring.preflight.knative import existing_knative, removed_knative
from kserve_wiring.preflight.owners import owners
from kserve_wiring.preflight.parts import parts
from kserve_wiring.preflight.reader import Reader


@dataclass(slots=True)
class Report:
    """problems: what is there and wrong, or is not there. unseen: what the cluster did not answer. version: its own.

    warnings: what may be wrong, and stops nothing.
    """

    version: str
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


def preflight(
    environment: Environment, kubectl: Kubectl, kubernetes: str = "", tested: Mapping[str, str] | None = None
) -> Report:
    """Read the cluster. Raises Unreachable.

    kubernetes: the oldest version that the environment runs on. tested: the newest one that each part is tested with.
    """
    report = Report(kubectl.reach())
    reader = Reader(kubectl)
    needy = "KServe" if environment.value("knative", "install") == "none" else "Knative"
    report.problems += _version(report.version, kubernetes, needy)
    report.warnings += _untested(report.version, tested or {})
    for check in (brought, parts, existing_knative, removed_knative, owners):
        report.problems += check(environment, reader)
    report.problems = list(dict.fromkeys(report.problems))
    report.unseen = reader.unseen
    return report


def _version(found: str, oldest: str, needy: str) -> Iterator[str]:
    have, need = version_tuple(found), version_tuple(oldest)
    if have and need and have < need:
        yield f"Kubernetes {found} is too old: {needy} needs {oldest} or newer; upgrade it, or choose an older stack"


def _untested(found: str, tested: Mapping[str, str]) -> Iterator[str]:
    """A line if upstream tests some parts only with an older minor version. None of them refuses a newer one."""
    have = version_tuple(found)
    older = [f"{part} ({newest})" for part, newest in tested.items() if have and _minor(newest) < have[:2]]
    if older:
        yield (
            f"Kubernetes {found} is newer than upstream tests these parts with: {', '.join(older)}; "
            "try it before production, or choose a newer stack"
        )


def _minor(version: str) -> tuple[int, ...]:
    return (version_tuple(version) or ())[:2]
