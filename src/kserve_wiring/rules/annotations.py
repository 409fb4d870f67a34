# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW525: the values of labels and annotations, as Knative and KServe parse them (wire W13).

knative/serving pkg/apis/autoscaling/annotation_validation.go and pkg/apis/serving/metadata_validation.go; kserve
pkg/controller/v1beta1/inferenceservice/utils/utils.go and pkg/apis/serving/v1beta1/inference_service_validation.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP
from kserve_wiring.grammar.numbers import parse_float, parse_int
from kserve_wiring.grammar.values import parse_duration, parse_quantity
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, single

_SECOND, _HOUR = 10**9, 3600 * 10**9
_SCALING = "autoscaling.knative.dev/"
_TEMPLATE: KeyPath = ("spec", "template", "metadata")


@dataclass(frozen=True, slots=True)
class _Value:
    """What a value must be. fits: raises ValueError or returns False for another. ignored: nothing refuses another."""

    wanted: str
    fits: Callable[[str], bool]
    ignored: str = ""


def _integer(low: int, bits: int = 32) -> _Value:
    return _Value(f"an integer of at least {low}", lambda text: parse_int(text, bits) >= low)


def _number(low: float, high: float = float("inf"), besides: float | None = None) -> _Value:
    wanted = f"a number of at least {low:g}" if high == float("inf") else f"a number from {low:g} to {high:g}"
    return _Value(wanted, lambda text: low <= (found := parse_float(text)) <= high or found == besides)


def _duration(low: int, high: int, shown: str, *, whole: bool = True) -> _Value:
    def fits(text: str) -> bool:
        found = parse_duration(text)
        return low <= found <= high and not (whole and found % _SECOND)

    return _Value(shown, fits)


def _choice(*allowed: str, ignored: str = "") -> _Value:
    return _Value(f"one of {', '.join(allowed)}" if allowed[1:] else allowed[0], lambda text: text in allowed, ignored)


_PAUSE = _duration(0, _HOUR, "a duration of whole seconds up to 1h")
_SCALINGS = {
    "min-scale": _integer(0),
    "minScale": _integer(0),
    "max-scale": _integer(0),
    "maxScale": _integer(0),
    "initial-scale": _integer(0, 64),
    "initialScale": _integer(0, 64),
    "activation-scale": _integer(2),
    "target": _number(0.01),
    "target-utilization-percentage": _number(1, 100),
    "targetUtilizationPercentage": _number(1, 100),
    "target-burst-capacity": _number(0, besides=-1),
    "targetBurstCapacity": _number(0, besides=-1),
    "panic-window-percentage": _number(1, 100),
    "panicWindowPercentage": _number(1, 100),
    "panic-threshold-percentage": _number(110, 1000),
    "panicThresholdPercentage": _number(110, 1000),
    "window": _duration(6 * _SECOND, _HOUR, "a duration of whole seconds from 6s to 1h"),
    "scale-down-delay": _PAUSE,
    "scaleDownDelay": _PAUSE,
    "scale-to-zero-pod-retention-period": _duration(0, _HOUR, "a duration up to 1h", whole=False),
    "scaleToZeroPodRetentionPeriod": _duration(0, _HOUR, "a duration up to 1h", whole=False),
}
_KNATIVE = {
    **{f"{_SCALING}{name}": value for name, value in _SCALINGS.items()},
    **{
        f"queue.sidecar.serving.knative.dev/{name}-resource-{part}": _Value(
            "a quantity such as 500m or 1Gi", lambda text: parse_quantity(text) >= 0
        )
        for name in ("cpu", "memory", "ephemeral-storage")
        for part in ("request", "limit")
    },
}
_ROLLOUT = {
    "serving.knative.dev/rollout-duration": _duration(0, 2**63, "a duration of whole seconds"),
    "serving.knative.dev/rolloutDuration": _duration(0, 2**63, "a duration of whole seconds"),
}
_PUBLIC = "with another text the service stays public"
_RUNS = "with another text the service keeps running"
# KW503 reads the deployment mode.
_KSERVE = {
    "serving.kserve.io/autoscalerClass": _choice("hpa", "external", "keda", "none"),
    "serving.kserve.io/stop": _Value("true or false", lambda text: text.lower() in ("true", "false"), _RUNS),
}
# In Standard mode KServe reads its own label, in Knative mode Knative's.
_LABELS = {
    "networking.kserve.io/visibility": _choice("cluster-local", ignored=_PUBLIC),
    "networking.knative.dev/visibility": _choice("cluster-local"),
}
_LEVELS = ("privileged", "baseline", "restricted")
_SECURITY = {f"pod-security.kubernetes.io/{name}": _choice(*_LEVELS) for name in ("enforce", "audit", "warn")}
_REFUSED = "the webhook refuses another text"
_UNREAD_TEMPLATE = "Knative reads it in spec.template.metadata.annotations, and its webhook refuses it here"


@rule("KW525", skips_open=True)
def unreadable_values(cluster: Cluster) -> Iterator[Draft]:
    """A text that the controller cannot parse: the webhook refuses the object, or the setting has no effect."""
    for obj in cluster.of_kind("Service", "Configuration", "Route", "DomainMapping"):
        if obj.group == KNATIVE_GROUP:
            yield from _values(obj, ("metadata", "labels"), _LABELS)
            yield from _values(obj, ("metadata", "annotations"), _ROLLOUT)
            yield from _values(obj, (*_TEMPLATE, "annotations"), _KNATIVE)
            if obj.kind in ("Service", "Configuration"):
                yield from _misplaced(obj)
    for obj in cluster.of_kind("InferenceService", "InferenceGraph", "LLMInferenceService"):
        if obj.group == KSERVE_GROUP:
            yield from _values(obj, ("metadata", "labels"), _LABELS)
            yield from _values(obj, ("metadata", "annotations"), _KSERVE)
            if obj.kind != "LLMInferenceService" and cluster.runs_on_knative(obj):
                yield from _values(obj, ("metadata", "annotations"), {**_KNATIVE, **_ROLLOUT})
    for obj in cluster.of_kind("Namespace"):
        yield from _values(obj, ("metadata", "labels"), _SECURITY)


def _misplaced(obj: KubeObject) -> Iterator[Draft]:
    for key in obj.annotations:
        if isinstance(key, str) and key.startswith(_SCALING):
            setting = at(obj, "metadata", "annotations", key)
            yield single(setting, reason=_UNREAD_TEMPLATE, suggestion="move it to spec.template.metadata.annotations")


def _values(obj: KubeObject, path: KeyPath, wanted: dict[str, _Value]) -> Iterator[Draft]:
    for key, value in obj.mapping(*path).items():
        expected = wanted.get(key)
        if expected is not None and isinstance(value, str) and not _fits(expected, value):
            reason = f"it must be {expected.wanted}: {expected.ignored or _REFUSED}"
            yield single(Setting(value, obj, (*path, key)), reason=reason, suggestion=f"write {expected.wanted}")


def _fits(expected: _Value, text: str) -> bool:
    try:
        return expected.fits(text)
    except ValueError:
        return False
