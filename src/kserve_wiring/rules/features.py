# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW517: Pod fields that Knative refuses, and the flags that allow them (wire W13)."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from kserve_wiring.cluster.cluster import MODE, Cluster
from kserve_wiring.cluster.knative_features import ALL_FLAGS, ENABLED_BY_DEFAULT, Gated, gated_fields
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse
from kserve_wiring.manifests.objects import Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, rename, set_to, single

_VALUES = ("enabled", "allowed", "disabled")
_OTHER_VALUES = {"secure-pod-defaults": (*_VALUES, "allowrootbounded")}


@rule("KW517")
def refused_fields(cluster: Cluster) -> Iterator[Draft]:
    """Knative's webhook answers `must not set the field(s)`, and KServe cannot create the Knative Service."""
    if not cluster.knative.known("features"):
        return
    yield from _flags_without_effect(cluster)
    for pod in _knative_pods(cluster):
        seen: set[str] = set()
        for field in gated_fields(pod):
            reason, suggestion = _refusal(cluster, field)
            if reason and field.flag not in seen:
                seen |= {field.flag} - {""}
                yield _refused(cluster, pod, field, reason, suggestion)


def _knative_pods(cluster: Cluster) -> Iterator[PodUse]:
    """Pods of Knative Services and InferenceServices, and the runtimes that an InferenceService names."""
    runtimes: dict[str, PodUse] = {}
    for pod in cluster.pods:
        if pod.runtime and pod.path == ("spec",):
            runtimes[pod.obj.name] = pod
    used: dict[int, PodUse] = {}
    for pod in cluster.pods:
        if pod.obj.group not in (KNATIVE_GROUP, KSERVE_GROUP) or pod.runtime or pod.path[-1] == "workerSpec":
            continue
        if cluster.runs_on_knative(pod.obj):
            yield pod
            named = pod.obj.get(*pod.path, "model", "runtime")
            runtime = runtimes.get(named) if isinstance(named, str) else None
            if runtime is not None and runtime.obj.namespace in ("", pod.namespace):
                used.setdefault(id(runtime.obj), runtime)
    yield from used.values()


def _refusal(cluster: Cluster, field: Gated) -> tuple[str, str]:
    """Why Knative refuses a field, and what to change; two empty texts if it accepts the field."""
    if not field.flag:
        return "Knative refuses this field, and no flag allows it", "remove it, or deploy in mode Standard"
    setting = cluster.knative.setting("features", field.flag)
    value = setting.text().lower() if setting else ""
    if value not in _VALUES:
        value = "enabled" if field.flag in ENABLED_BY_DEFAULT else "disabled"
    if value == "enabled" or (value == "allowed" and not field.strictly):
        return "", ""
    holder = cluster.knative.holder("features")
    where = f" of {holder[0].ref}" if holder else ""
    key = Setting(None, holder[0], (*holder[1], field.flag)).key if holder else field.flag
    return f"Knative refuses this field while its feature flag {field.flag} is {value}", f"set {key}{where} to enabled"


def _refused(cluster: Cluster, pod: PodUse, field: Gated, reason: str, suggestion: str) -> Draft:
    certain = pod.obj.group == KNATIVE_GROUP or cluster.isvc_config is not None or _names_mode(pod)
    shown = Setting("set" if isinstance(field.value, (dict, list)) else field.value, pod.obj, field.path)
    draft = single(shown, reason=reason, suggestion=suggestion, level="" if certain else "warning")
    holder = cluster.knative.holder("features")
    return Draft(
        draft.obj,
        draft.path,
        draft.args,
        ((holder[0], (*holder[1], field.flag)),) if holder and field.flag else (),
        draft.level,
    )


def _names_mode(pod: PodUse) -> bool:
    return MODE in pod.obj.annotations


def _flags_without_effect(cluster: Cluster) -> Iterator[Draft]:
    """Knative ignores an unknown key and an unknown value of config-features."""
    for key, setting in cluster.knative.settings("features").items():
        if key not in ALL_FLAGS:
            near = get_close_matches(key.lower(), ALL_FLAGS, n=1, cutoff=0.85)
            near = near or [flag for flag in ALL_FLAGS if flag == f"kubernetes.{key.lower()}"]
            if near:
                shown = at(setting.obj, *setting.path)
                yield single(
                    shown, reason="Knative ignores a flag that it does not know", suggestion=rename(shown, near[0])
                )
        elif setting.text().lower() not in _OTHER_VALUES.get(key, _VALUES):
            reason = "Knative ignores any value but enabled, allowed and disabled"
            yield single(setting, reason=reason, suggestion=set_to(setting, "enabled"))
