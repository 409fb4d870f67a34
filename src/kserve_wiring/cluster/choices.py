# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Fields of Pods that take one of a few texts: the schemas of Kubernetes list them, the CRDs with a pod spec do not.

k8s.io/kubernetes 1.34 pkg/apis/core/validation/validation.go. An empty text is a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kserve_wiring.cluster.paths import POD, PathTable

_PROTOCOLS = ("TCP", "UDP", "SCTP")
_SECCOMP = ("RuntimeDefault", "Localhost", "Unconfined")
_CONTAINERS = ("containers.*", "initContainers.*", "model")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@dataclass(frozen=True, slots=True)
class Choice:
    """A field and the texts that it takes."""

    kind: str
    path: str
    allowed: tuple[str, ...]


def _containers() -> Iterator[Choice]:
    for holder in _CONTAINERS:
        yield Choice(POD, f"{holder}.imagePullPolicy", ("Always", "IfNotPresent", "Never"))
        yield Choice(POD, f"{holder}.terminationMessagePolicy", ("File", "FallbackToLogsOnError"))
        yield Choice(POD, f"{holder}.ports.*.protocol", _PROTOCOLS)
        yield Choice(POD, f"{holder}.securityContext.seccompProfile.type", _SECCOMP)
        for probe in _PROBES:
            yield Choice(POD, f"{holder}.{probe}.httpGet.scheme", ("HTTP", "HTTPS"))
    yield Choice("ClusterStorageContainer", "spec.container.imagePullPolicy", ("Always", "IfNotPresent", "Never"))


def _pods() -> Iterator[Choice]:
    yield Choice(POD, "restartPolicy", ("Always", "OnFailure", "Never"))
    yield Choice(POD, "dnsPolicy", ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"))
    yield Choice(POD, "securityContext.seccompProfile.type", _SECCOMP)
    yield Choice(POD, "tolerations.*.operator", ("Exists", "Equal", "Lt", "Gt"))
    yield Choice(POD, "tolerations.*.effect", ("NoSchedule", "PreferNoSchedule", "NoExecute"))
    yield Choice(POD, "topologySpreadConstraints.*.whenUnsatisfiable", ("DoNotSchedule", "ScheduleAnyway"))


CHOICES: tuple[Choice, ...] = (*_containers(), *_pods())
PLACES = PathTable(CHOICES)
