# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What Knative's webhook refuses in the template of a Revision although its schema allows it.

knative/serving pkg/apis/serving/k8s_validation.go, pkg/apis/serving/v1/revision_validation.go and
pkg/apis/autoscaling/annotation_validation.go. tests/upstream compares the answers with upstream's own. Fields that
depend on a feature flag are in knative_features.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.refusals import Refusal
from kserve_wiring.grammar.numbers import parse_float
from kserve_wiring.grammar.values import parse_duration
from kserve_wiring.manifests.objects import MAPPING, KeyPath, dig, mappings_of

_PORT_NAMES = ("", "h2c", "http1")
_RESERVED_PORTS = (8008, 8012, 8013, 8022, 9090, 9091)
"""pkg/networking/constants.go and knative.dev/pkg/observability/runtime, ProfilingDefaultPort."""
_RESERVED_PATHS = ("/", "/dev", "/dev/log")
_RESERVED_VARIABLES = ("K_SERVICE", "K_CONFIGURATION", "K_REVISION")
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")
_SCALING, _DOMAIN = "autoscaling.knative.dev/", ".knative.dev"
_KPA, _HPA = "kpa.autoscaling.knative.dev", "hpa.autoscaling.knative.dev"
_ALGORITHMS = ("linear", "weighted-exponential", "weightedExponential")
_ALGORITHM_KEYS = (f"{_SCALING}metric-aggregation-algorithm", f"{_SCALING}metricAggregationAlgorithm")
_PERCENTAGES = ("resource-percentage", "resourcePercentage")


def refused_in_pod(spec: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """What the webhook refuses in the containers of a pod spec at a path."""
    containers = list(mappings_of(spec.get("containers")))
    ports = [
        (*path, "containers", number, "ports") for number, item in containers for _ in mappings_of(item.get("ports"))
    ]
    if len(ports) > 1:
        yield Refusal(ports[-1], "a Revision serves one port, of one container", "leave one port")
    elif not ports and len(containers) > 1:
        reason = "of several containers the one that serves requests has a port"
        yield Refusal((*path, "containers", 0, "ports"), reason, "add the port of the container that serves requests")
    for number, container in containers:
        serves = len(containers) == 1 or bool(container.get("ports"))
        yield from refused_in_container(container, (*path, "containers", number), serves=serves)
    for number, container in mappings_of(spec.get("initContainers")):
        where = (*path, "initContainers", number)
        for name in (*_PROBES, "lifecycle"):
            if container.get(name) is not None:
                yield Refusal((*where, name), "an init container has no probes and no lifecycle", "remove it")
        yield from _mounts(container, where)


def refused_in_container(container: Mapping[str, Any], path: KeyPath, *, serves: bool) -> Iterator[Refusal]:
    """What the webhook refuses in one container. serves: it is the one that answers requests."""
    for index, port in list(mappings_of(container.get("ports")))[:1]:
        yield from _port(port, (*path, "ports", index))
    for name in _PROBES:
        probe = container.get(name)
        if isinstance(probe, MAPPING):
            yield from _probe(probe, (*path, name), _port_name(container), serves=serves)
    reserved = (*_RESERVED_VARIABLES, "PORT") if serves else _RESERVED_VARIABLES
    for index, variable in mappings_of(container.get("env")):
        if variable.get("name") in reserved:
            reason = "Knative sets this variable itself"
            yield Refusal((*path, "env", index, "name"), reason, "remove it, or rename it")
    yield from _mounts(container, path)


def _port_name(container: Mapping[str, Any]) -> str:
    return next((str(port.get("name") or "http") for _, port in mappings_of(container.get("ports"))), "http")


def _port(port: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """validateContainerPorts."""
    if port.get("name", "") not in _PORT_NAMES:
        reason = "Knative knows only the names h2c and http1, and reads the protocol of the port from them"
        yield Refusal((*path, "name"), reason, "write h2c for gRPC, or http1")
    if port.get("containerPort") in _RESERVED_PORTS:
        reason = "queue-proxy has this port in the same Pod"
        yield Refusal((*path, "containerPort"), reason, "let the server listen on another port, such as 8080")
    if port.get("protocol") not in (None, "", "TCP"):
        yield Refusal((*path, "protocol"), "Knative serves only TCP", "write TCP")


def _probe(probe: Mapping[str, Any], path: KeyPath, port: str, *, serves: bool) -> Iterator[Refusal]:
    """validateProbe and validateReadinessProbe; a sidecar is probed only with the flag multi-container-probing."""
    if not serves:
        return
    handlers = [name for name in _HANDLERS if probe.get(name) is not None]
    readiness = path[-1] == "readinessProbe"
    if len(handlers) > 1 or not (handlers or readiness):  # a readiness probe without one connects to the port
        found = " and ".join(handlers) or "none"
        yield Refusal(path, f"a probe has one of {', '.join(_HANDLERS)}, and this has {found}", "leave one of them")
    for name in ("httpGet", "tcpSocket"):
        named = dig(probe, name, "port")
        if isinstance(named, str) and named and named != port:
            reason = f"a named port of a probe is that of its container, {port}"
            yield Refusal((*path, name, "port"), reason, "remove the port, or write its number")
    if readiness and probe.get("periodSeconds") == 0:
        for name in ("failureThreshold", "timeoutSeconds"):
            if probe.get(name):
                reason = "Knative probes without pause while periodSeconds is 0, and then takes no other number"
                yield Refusal((*path, name), reason, "remove it, or set periodSeconds to at least 1")


def _mounts(container: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """validateVolumeMounts."""
    for index, mount in mappings_of(container.get("volumeMounts")):
        target = mount.get("mountPath")
        if isinstance(target, str) and posixpath.normpath(target) in _RESERVED_PATHS:
            reason = "Knative keeps this path for itself"
            yield Refusal((*path, "volumeMounts", index, "mountPath"), reason, "mount the volume at another path")
        elif isinstance(target, str) and not target.startswith("/"):
            reason = "Knative wants an absolute path"
            yield Refusal((*path, "volumeMounts", index, "mountPath"), reason, f"write /{target}")


def refused_annotations(annotations: Mapping[str, Any], path: KeyPath, default_class: str) -> Iterator[Refusal]:
    """What the webhook refuses in a template's annotations together. default_class: pod-autoscaler-class."""
    class_ = annotations.get(f"{_SCALING}class")
    if isinstance(class_, str) and class_.endswith(_DOMAIN) and class_ not in (_KPA, _HPA):
        reason = "Knative has no such class of its own"
        yield Refusal((*path, f"{_SCALING}class"), reason, f"write {_KPA} or {_HPA}")
    yield from _metric(annotations, path, class_ if isinstance(class_, str) else default_class)
    for key in annotations:
        name = str(key).removeprefix("queue.sidecar.serving.knative.dev/")
        if name in _PERCENTAGES and not _within(annotations[key], 0.1, 100):
            yield Refusal((*path, key), "it is a percentage from 0.1 to 100", "write a percentage such as 20")
    deadline = annotations.get("serving.knative.dev/progress-deadline")
    if isinstance(deadline, str) and deadline and not _whole_seconds(deadline):
        reason = "it is a duration of whole seconds"
        yield Refusal((*path, "serving.knative.dev/progress-deadline"), reason, "write a duration such as 600s")


def _metric(annotations: Mapping[str, Any], path: KeyPath, class_: str) -> Iterator[Refusal]:
    """validateMetric and validateAlgorithm. Other classes have their own metrics."""
    key = f"{_SCALING}metric"
    metric = annotations.get(key)
    if class_ == _KPA and isinstance(metric, str) and metric not in ("concurrency", "rps"):
        reason = f"the class {_KPA} scales by concurrency or rps"
        yield Refusal((*path, key), reason, f"write concurrency or rps, or set {_SCALING}class to {_HPA}")
    elif class_ == _HPA and metric == "":
        yield Refusal((*path, key), f"the class {_HPA} needs the name of a metric", "write cpu or memory")
    key = next((name for name in _ALGORITHM_KEYS if name in annotations), "")
    if key and annotations.get(f"{_SCALING}class") == _KPA and annotations[key] not in ("", *_ALGORITHMS):
        yield Refusal((*path, key), f"it is one of {', '.join(_ALGORITHMS)}", "write linear")


def _within(text: Any, low: float, high: float) -> bool:
    try:
        return low <= parse_float(str(text)) <= high
    except ValueError:
        return False


def _whole_seconds(text: str) -> bool:
    try:
        found = parse_duration(text)
    except ValueError:
        return False
    return found >= 0 and found % 10**9 == 0
