# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW524, KW526 and KW527: labels, annotations and ConfigMap keys that upstream does not read (wire W13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.knative_values import unfit_values
from kserve_wiring.cluster.surfaces import configurations, keys, near_keys
from kserve_wiring.grammar.numbers import parse_bool, parse_float, parse_int, parse_uint
from kserve_wiring.grammar.values import parse_duration
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, rename, single

# Prefixes whose keys Knative's and KServe's controllers read as annotations, and keys that they read as labels.
_ANNOTATIONS = ("autoscaling.knative.dev/", "queue.sidecar.serving.knative.dev/", "features.knative.dev/")
_LABELS = ("networking.knative.dev/visibility", "networking.kserve.io/visibility", "istio.io/dataplane-mode")
_PREDECESSORS = {
    "serving.kubeflow.org/": ("serving.kserve.io/", "KServe reads no key of KFServing, its predecessor"),
    "certmanager.k8s.io/": ("cert-manager.io/", "cert-manager reads no key of its API before v0.11"),
}
"""Prefix: the new one, and why its keys have no effect. Objects of its API group show that an old release runs."""
_UPSTREAM = "KServe, Knative or Istio"
_PROJECTS = {"cert-manager.io": "cert-manager", "acme.cert-manager.io": "cert-manager"}
_QUEUE = "queue.sidecar.serving.knative.dev/"
"""Only Knative has this prefix, so any other key in it is a mistake."""
# KW312 reads these.
_STORAGE = "serving.kserve.io/s3-"
# The beginnings of keys whose end is free.
_FREE = ("loglevel.", "gateway.", "local-gateway.")
# Its keys are domains, and KW517 reads the other.
_NOT_HERE = ("config-domain", "config-features")
_READERS: dict[str, Callable[[str], object]] = {
    "bool": parse_bool,
    "duration": parse_duration,
    "float64": parse_float,
    "int32": lambda text: parse_int(text, 32),
    "int64": parse_int,
    "uint32": lambda text: parse_uint(text, 32),
}
_WANTED = {
    "bool": "true or false",
    "duration": "a duration such as 30s",
    "float64": "a number",
    "int32": "an integer",
    "int64": "an integer",
    "uint32": "an integer that is not negative",
}
# KW103 parses these.
_ELSEWHERE = ("digest-resolution-timeout", "digestResolutionTimeout")


@rule("KW524")
def unread_keys(cluster: Cluster) -> Iterator[Draft]:
    """Nobody refuses a label or annotation with a slip of the pen: the setting has no effect."""
    known = keys()
    groups = {obj.group for obj in cluster.objects}
    replaced = {prefix: new for prefix, new in _PREDECESSORS.items() if prefix[:-1] not in groups}
    for obj in cluster.objects:
        for path, mapping in _metadata(obj):
            for key in mapping:
                prefix = f"{key.partition('/')[0]}/" if isinstance(key, str) else ""
                if prefix in replaced:
                    better, reason = replaced[prefix]
                    fix = rename(at(obj, *path, key), key.replace(prefix, better, 1))
                    yield _key(obj, (*path, key), reason, fix)
                    continue
                if isinstance(key, str) and "/" in key and not key.startswith(_STORAGE):
                    meant = known.meant(key)
                    if meant:
                        reason = f"no release of {_PROJECTS.get(meant.split('/')[0], _UPSTREAM)} reads this key"
                        yield _key(obj, (*path, key), reason, rename(at(obj, *path, key), meant))
                    elif key.startswith(_QUEUE) and key not in known.known:
                        reason = "Knative reads no such key for queue-proxy"
                        yield _key(obj, (*path, key), reason, f"use {_QUEUE}cpu-resource-request or one like it")
                    elif key in known.known and _is_misplaced(key, str(path[-1])):
                        other = "labels" if path[-1] == "annotations" else "annotations"
                        reason = f"the controllers read this key in {other}, not in {path[-1]}"
                        yield _key(obj, (*path, key), reason, f"move it to {other}")


def _metadata(obj: KubeObject) -> Iterator[tuple[KeyPath, dict[str, object]]]:
    """The labels and annotations of an object and of its template of Pods."""
    spec = obj.body.get("spec")
    template = spec.get("template") if isinstance(spec, MAPPING) else None
    holders: list[tuple[KeyPath, object]] = [((), obj.body), (("spec", "template"), template)]
    if obj.kind == "InferenceService" and isinstance(spec, MAPPING):
        for name, part in spec.items():
            for kind in ("labels", "annotations"):
                if isinstance(part, MAPPING) and isinstance(part.get(kind), MAPPING):
                    yield ("spec", str(name), kind), part[kind]
    for path, holder in holders:
        metadata = holder.get("metadata") if isinstance(holder, MAPPING) else None
        for kind in ("labels", "annotations"):
            if isinstance(metadata, MAPPING) and isinstance(metadata.get(kind), MAPPING):
                yield (*path, "metadata", kind), metadata[kind]


def _is_misplaced(key: str, where: str) -> bool:
    return key.startswith(_ANNOTATIONS) if where == "labels" else key in _LABELS


def _key(obj: KubeObject, path: KeyPath, reason: str, suggestion: Advice) -> Draft:
    return single(Setting(obj.get(*path), obj, path), reason=reason, suggestion=suggestion)


@rule("KW526")
def unread_configuration(cluster: Cluster) -> Iterator[Draft]:
    """Knative ignores a key that it does not have, and keeps the default."""
    for config, key, setting in _configured(cluster):
        if key in configurations()[config] or key.startswith(_FREE) or key.startswith("_"):
            continue
        near = near_keys(config).near(key)
        others = [name for name, known in configurations().items() if key in known and name != config]
        if near:
            yield single(setting, reason=f"{config} has no such key", suggestion=rename(setting, near))
        elif others:
            yield single(setting, reason=f"it is a key of {others[0]}", suggestion=f"move it to {others[0]}")


@rule("KW527", skips_open=True)
def unreadable_configuration(cluster: Cluster) -> Iterator[Draft]:
    """Knative's webhook refuses the ConfigMap, and a controller does not start with it."""
    unreadable: set[KeyPath] = set()
    for config, key, setting in _configured(cluster):
        wanted = configurations()[config].get(key, "text")
        if wanted != "text" and key not in _ELSEWHERE and not _is_readable(setting.value, wanted):
            unreadable.add(setting.path)
            yield single(setting, reason=f"it must be {_WANTED[wanted]}", suggestion=f"write {_WANTED[wanted]}")
    for config in configurations():
        name = config.removeprefix("config-")
        for unfit in unfit_values(name, cluster.knative.settings(name)):
            if unfit.setting.path not in unreadable:
                level = "warning" if unfit.ignored else ""
                yield single(unfit.setting, reason=unfit.reason, suggestion=unfit.suggestion, level=level)
    for domain, setting in cluster.knative.settings("domain").items():
        if not domain.startswith("_") and not _is_selector(setting.value):
            reason = "without selector: the domain is that of every Service (pkg/reconciler/route/config/domain.go)"
            yield single(setting, reason=reason, suggestion='write "", or labels below selector:')


def _is_selector(value: object) -> bool:
    """True for an empty text, and for what may be a selector; KW508 reports what is no text."""
    text = value.strip() if isinstance(value, str) else ""
    return not text or text.startswith(("selector:", "type:", "{", "#")) or "\nselector:" in text


def _is_readable(value: object, wanted: str) -> bool:
    """True for what Knative parses, and for what is no text: KW508 reports that."""
    if not isinstance(value, str):
        return True
    try:
        _READERS[wanted](value)
    except ValueError:
        return False
    return True


def _configured(cluster: Cluster) -> Iterator[tuple[str, str, Setting]]:
    """ConfigMap, key and setting of what is set of Knative's configuration, by the operator or in ConfigMaps."""
    for config in configurations():
        if config not in _NOT_HERE:
            for key, setting in cluster.knative.settings(config.removeprefix("config-")).items():
                yield config, key, setting
