# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW520: numbers beyond the limit of Knative's configuration, or of its defaults (wire W13).

knative/serving pkg/apis/config/defaults.go, pkg/apis/serving/v1/revision_validation.go and
pkg/autoscaler/config/config.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KNATIVE_GROUP, KSERVE_GROUP
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, pair, set_to

_TIMEOUT = ("max-revision-timeout-seconds", 600)
_CONCURRENCY = ("container-concurrency-max-limit", 1000)
_MAX_SCALES = ("autoscaling.knative.dev/max-scale", "autoscaling.knative.dev/maxScale")
_MIN_SCALES = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale")
_INITIAL_SCALES = ("autoscaling.knative.dev/initial-scale", "autoscaling.knative.dev/initialScale")


@rule("KW520")
def beyond_limits(cluster: Cluster) -> Iterator[Draft]:
    """Knative's webhook refuses the Knative Service: `expected 0 <= 900 <= 600`."""
    if cluster.knative.known("defaults"):
        yield from _defaults(cluster)
    for obj in cluster.of_kind("Service", "Configuration"):
        if obj.group == KNATIVE_GROUP:
            spec: KeyPath = ("spec", "template", "spec")
            annotations: KeyPath = ("spec", "template", "metadata", "annotations")
            yield from _revision(cluster, obj, (*spec, "timeoutSeconds"), (*spec, "containerConcurrency"))
            yield from _scales(cluster, obj, annotations)
    for obj in cluster.of_kind("InferenceService"):
        if obj.group == KSERVE_GROUP:
            yield from _model(cluster, obj)


def _model(cluster: Cluster, obj: KubeObject) -> Iterator[Draft]:
    for component in ISVC_COMPONENTS:
        path: KeyPath = ("spec", component)
        least, most = at(obj, *path, "minReplicas"), at(obj, *path, "maxReplicas")
        low, high = _number(least), _number(most)
        if low is not None and high and low > high:
            yield _above(least, most)
        if cluster.runs_on_knative(obj):
            yield from _revision(cluster, obj, (*path, "timeout"), (*path, "containerConcurrency"))
            yield from _beyond(cluster, most, "autoscaler", ("max-scale-limit", 0))
    if cluster.runs_on_knative(obj):
        yield from _scales(cluster, obj, ("metadata", "annotations"))


def _revision(cluster: Cluster, obj: KubeObject, timeout: KeyPath, concurrency: KeyPath) -> Iterator[Draft]:
    yield from _beyond(cluster, at(obj, *timeout), "defaults", _TIMEOUT)
    yield from _beyond(cluster, at(obj, *concurrency), "defaults", _CONCURRENCY)


def _scales(cluster: Cluster, obj: KubeObject, path: KeyPath) -> Iterator[Draft]:
    for name in _MAX_SCALES:
        most = at(obj, *path, name)
        yield from _beyond(cluster, most, "autoscaler", ("max-scale-limit", 0))
        for other in _MIN_SCALES:
            low, high = _number(at(obj, *path, other)), _number(most)
            if low is not None and high and low > high:
                yield _above(at(obj, *path, other), most, set_to(at(obj, *path, other), str(high)))
    allowed = cluster.knative.setting("autoscaler", "allow-zero-initial-scale")
    for name in _INITIAL_SCALES:
        setting = at(obj, *path, name)
        if _number(setting) == 0 and cluster.knative.known("autoscaler"):
            holder = cluster.knative.holder("autoscaler")
            if holder is not None and not (allowed and allowed.text().lower() == "true"):
                allows = allowed or Setting(None, holder[0], (*holder[1], "allow-zero-initial-scale"))
                yield pair(setting, allows, fix=set_to(allows, "true", elsewhere=True))


def _beyond(cluster: Cluster, setting: Setting, config: str, limit: tuple[str, int]) -> Iterator[Draft]:
    """A number above a limit; a limit of 0 is none."""
    key, default = limit
    configured = cluster.knative.setting(config, key)
    holder = cluster.knative.holder(config)
    if not cluster.knative.known(config) or holder is None:
        return
    number, most = _number(setting), default if configured is None else _number(configured)
    if number is not None and most and number > most:
        other = configured or Setting(f"not set, which means {default}", holder[0], (*holder[1], key))
        yield _above(setting, other, set_to(other, str(number), elsewhere=True))


def _defaults(cluster: Cluster) -> Iterator[Draft]:
    """Knative refuses config-defaults and config-autoscaler whose default is above the limit."""
    most = cluster.knative.setting("autoscaler", "max-scale")
    if most is not None:
        yield from _beyond(cluster, most, "autoscaler", ("max-scale-limit", 0))
    for key, limit in (("revision-timeout-seconds", _TIMEOUT), ("container-concurrency", _CONCURRENCY)):
        setting = cluster.knative.setting("defaults", key)
        if setting is not None:
            yield from _beyond(cluster, setting, "defaults", limit)


def _above(setting: Setting, other: Setting, fix: Advice = "") -> Draft:
    return pair(setting, other, fix=fix or f"set {setting.key} to at most {other.text()}")


def _number(setting: Setting) -> int | None:
    text = setting.text().strip()
    return int(text) if text.removeprefix("-").isdecimal() and not isinstance(setting.value, bool) else None
