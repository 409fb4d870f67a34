# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW303 and KW306: inferenceservice-config and quantities, as Go parses them (wire W8)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.effective import Effective, effective_resources
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.isvc_config import QUANTITY_BLOCKS, SCHEMAS, IsvcConfig, type_problems, unknown_fields
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.quantities import QUANTITIES, quantity
from kserve_wiring.grammar.go_json import field
from kserve_wiring.grammar.values import is_dns1123_label
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of, show_path
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, rename, show, single

_GATEWAY_API_SINCE = (0, 15, 0)  # enableGatewayApi and kserveIngressGateway
_QUEUE = "queue.sidecar.serving.knative.dev/"
_REQUESTS = (("cpuRequest", "cpuLimit"), ("memoryRequest", "memoryLimit"))


@rule("KW303")
def unreadable_config(cluster: Cluster) -> Iterator[Draft]:
    """inferenceservice-config, as KServe decodes and validates it."""
    config = cluster.isvc_config
    if config is None or not config.is_read:
        return
    for key, error in config.errors.items():
        yield _bad(config.obj, ("data", key), None, f"it is not JSON: {error}", "write valid JSON without comments")
    yield from _misspelled_keys(config)
    for key, value in config.values.items():
        for path, item, wanted in type_problems(value, SCHEMAS[key], ("data", key)):
            yield _bad(config.obj, path, item, f"KServe expects {wanted}", f"write {wanted}")
        for path, known in unknown_fields(value, SCHEMAS[key], ("data", key)):
            setting = Setting(dig(value, *path[2:]), config.obj, path)
            yield because(setting, "KServe ignores it", rename(setting, str(known)), level="warning")
    if not config.obj.source.partial and not config.obj.get("data", "predictors"):  # KFServing's, up to v0.8
        yield from _required(config, cluster.facts)


def _misspelled_keys(config: IsvcConfig) -> Iterator[Draft]:
    """KServe asks for each key by its name, and has defaults for one that is absent."""
    data = config.obj.mapping("data")
    missing = [key for key in SCHEMAS if key not in data]
    for key in data:
        meant = near_name(str(key), missing) if key not in SCHEMAS else ""
        if meant:
            setting = Setting("set", config.obj, ("data", str(key)))
            yield because(setting, "KServe reads no such key", rename(setting, meant), level="warning")


def _bad(obj: KubeObject, path: KeyPath, value: Any, reason: str, suggestion: str, level: str = "") -> Draft:
    shown = "unreadable" if value is None and reason.startswith("it is not JSON") else value
    return single(Setting(shown, obj, path), reason=reason, suggestion=suggestion, level=level)


def _required(config: IsvcConfig, facts: Facts) -> Iterator[Draft]:
    obj = config.obj
    if "ingress" in config.values:  # KServe has defaults for an absent key, not for an absent field
        yield from _ingress_fields(config, facts)
    if "deploy" in config.values and not config.text("deploy", "defaultDeploymentMode"):
        reason = "invalid deploy config, defaultDeploymentMode is required"
        yield _bad(obj, ("data", "deploy", "defaultDeploymentMode"), None, reason, "set it to Knative or Standard")
    for block in QUANTITY_BLOCKS:
        if block not in config.errors and (block != "router" or block in config.values):
            yield from _block_fields(config, block)


def _block_fields(config: IsvcConfig, block: str) -> Iterator[Draft]:
    missing = [name for name in QUANTITIES if config.setting(block, name) is None]
    if len(missing) == len(QUANTITIES):
        reason = f"failed to parse resource configuration for {block}; no InferenceService gets Pods"
        yield _bad(config.obj, ("data", block), None, reason, f"set {', '.join(QUANTITIES)} in it")
        return
    for name in missing:
        reason = f'failed to parse resource configuration for "{block}"."{name}"; no InferenceService gets Pods'
        yield _bad(config.obj, ("data", block, name), None, reason, "set it to a quantity")


def _ingress_fields(config: IsvcConfig, facts: Facts) -> Iterator[Draft]:
    obj = config.obj
    if not config.text("ingress", "ingressGateway"):
        reason = "invalid ingress config - ingressGateway is required"
        yield _bad(obj, ("data", "ingress", "ingressGateway"), None, reason, "set it to <namespace>/<name>")
    version = facts.version("kserve_version")
    if version is not None and version < (0, 14, 0) and not config.text("ingress", "ingressService"):
        reason = "invalid ingress config - ingressGateway and ingressService are required up to v0.13"
        yield _bad(
            obj, ("data", "ingress", "ingressService"), None, reason, "set it to the host of the gateway's Service"
        )
    names = ["ingressGateway", "localGateway"]
    if config.is_true("ingress", "enableGatewayApi") and (version is None or version >= _GATEWAY_API_SINCE):
        names.append("kserveIngressGateway")
    for name in names:
        text = config.text("ingress", name)
        if (text or name == "kserveIngressGateway") and not _is_gateway_name(text):
            reason = "a gateway has the form <namespace>/<name>"
            yield _bad(obj, ("data", "ingress", name), text, reason, "write <namespace>/<name>")
    if config.text("ingress", "pathTemplate") and not config.text("ingress", "ingressDomain"):
        reason = "ingressDomain is required if pathTemplate is given"
        yield _bad(
            obj, ("data", "ingress", "ingressDomain"), None, reason, "set it to the domain of the ingress gateway"
        )


def _is_gateway_name(text: str) -> bool:
    parts = text.split("/")
    return len(parts) == 2 and all(is_dns1123_label(part) for part in parts)


@rule("KW306")
def bad_quantities(cluster: Cluster) -> Iterator[Draft]:
    """Quantities that do not parse, and requests above the limit, which the API server refuses."""
    if cluster.isvc_config is not None:
        for block in (*QUANTITY_BLOCKS, "inferenceService", "opentelemetryCollector"):
            yield from _block_quantities(cluster.isvc_config, block)
    for obj in cluster.of_kind("ClusterStorageContainer"):
        yield from _container_quantities(obj, ("spec", "container"), obj.get("spec", "container"))
    for pod in cluster.pods:
        for path, container in pod.containers():
            yield from _container_quantities(pod.obj, path, container)
        yield from _container_quantities(pod.obj, (*pod.path, "model"), pod.spec.get("model"))
        for effective in effective_resources(cluster, pod):
            yield from _filled_in(effective)
    for key, setting in cluster.knative.settings("deployment").items():
        if re.match(r"^queue-sidecar-(cpu|memory|ephemeral-storage)-(request|limit)$", key) and setting.value != "":
            yield from _malformed(setting)
    for obj in cluster.of_kind("InferenceService", "Service", "Configuration"):
        yield from _of_queue_proxy(obj)
    yield from _claims(cluster)


def _claims(cluster: Cluster) -> Iterator[Draft]:
    """A claim has resources as a container has them."""
    for obj in cluster.of_kind("PersistentVolumeClaim"):
        yield from _container_quantities(obj, ("spec",), obj.get("spec"))
    for obj in cluster.of_kind("StatefulSet"):
        for index, claim in mappings_of(obj.get("spec", "volumeClaimTemplates")):
            yield from _container_quantities(obj, ("spec", "volumeClaimTemplates", index, "spec"), claim.get("spec"))


def _of_queue_proxy(obj: KubeObject) -> Iterator[Draft]:
    """Annotations for queue-proxy, whose container the API server refuses."""
    for path in (("metadata", "annotations"), ("spec", "template", "metadata", "annotations")):
        for name in ("cpu", "memory", "ephemeral-storage") if obj.mapping(*path) else ():
            request, limit = (at(obj, *path, f"{_QUEUE}{name}-resource-{part}") for part in ("request", "limit"))
            if not any(map(_reason, (request.text(), limit.text()))):
                yield from _above(request, limit)


def _block_quantities(config: IsvcConfig, block: str) -> Iterator[Draft]:
    path = (block, "resource") if block in ("inferenceService", "opentelemetryCollector") else (block,)
    settings = {name: config.setting(*path, name) for name in QUANTITIES}
    problems = [draft for setting in settings.values() if setting is not None for draft in _malformed(setting)]
    yield from problems
    if not problems:
        for request, limit in _REQUESTS:
            yield from _above(settings[request], settings[limit])


def _container_quantities(obj: KubeObject, path: KeyPath, container: Any) -> Iterator[Draft]:
    resources = field(container, "resources")
    if not isinstance(resources, Mapping):
        return
    found: dict[tuple[str, str], Setting] = {}
    for part in ("requests", "limits"):
        values = resources.get(part)
        for name, value in values.items() if isinstance(values, Mapping) else ():
            setting = Setting(value, obj, (*path, "resources", part, str(name)))
            if isinstance(value, str) and not _reason(value):
                found[part, str(name)] = setting
                continue
            problems = list(_malformed(setting))
            yield from problems
            if not problems:
                found[part, str(name)] = setting
    for (part, name), setting in found.items():
        if "/" in name:
            yield from _device(setting, found.get(("limits", name)), found.get(("requests", name)))
        elif part == "requests":
            yield from _above(setting, found.get(("limits", name)))


def _device(setting: Setting, limit: Setting | None, request: Setting | None) -> Iterator[Draft]:
    """Extended resources, such as GPUs (pkg/apis/core/validation, ValidateContainerResourceName and -Requirements)."""
    try:
        number = quantity(str(setting.value))
    except ValueError:
        return  # KW306 reports it
    if number != int(number):
        yield single(setting, reason="a device is not shared, so it is an integer", suggestion="write an integer")
    elif setting is request and limit is None:
        limits = show_path((*setting.path[:-2], "limits", str(setting.path[-1])))
        yield single(setting, reason="a device needs a limit", suggestion=f"set {limits} to {show(setting.value)}")
    elif setting is request and limit is not None and quantity(str(limit.value)) != number:
        reason = f"requests and limits of a device are equal, and {limit.key} is {show(limit.value)}"
        yield single(setting, reason=reason, suggestion=f"set {setting.key} to {show(limit.value)}")


def _filled_in(container: Effective) -> Iterator[Draft]:
    """A request above a limit that the container gets from elsewhere, and the other way round."""
    for (part, name), own in container.own.items():
        other = "limits" if part == "requests" else "requests"
        filled = container.filled(other, name)
        if filled is None:
            continue
        source, setting = filled
        request, limit = (own, setting) if part == "requests" else (setting, own)
        if _is_above(request, limit):
            missing = show_path((*container.path, other, name))
            amount = f"{show(setting.value)} that {source} fills in"
            reason = f"it exceeds the limit {amount}" if part == "requests" else f"the request {amount} exceeds it"
            suggestion = f"set {missing} to {show(own.value)}"
            draft = single(own, reason=reason, suggestion=suggestion)
            related = ((setting.obj, setting.path),) if setting.path else ()
            yield replace(draft, related=related)


def _malformed(setting: Setting) -> Iterator[Draft]:
    if not isinstance(setting.value, (str, int, float)) or isinstance(setting.value, bool):
        return  # not a quantity; the schema refuses it
    reason = _reason(str(setting.value))
    if reason:
        yield single(setting, reason=reason, suggestion=f"write {setting.key} as 500m, 1 or 1Gi")


@lru_cache(maxsize=4096)
def _reason(text: str) -> str:
    """Why a text is no quantity; "" if it is one. Objects share a few amounts."""
    try:
        quantity(text)
    except ValueError as error:
        return str(error)
    return "" if any(map(str.isdigit, text)) else "without a number it is 0, and the CRDs reject it"


def _above(request: Setting | None, limit: Setting | None) -> Iterator[Draft]:
    if request is not None and limit is not None and _is_above(request, limit):
        reason = f"it exceeds its limit {show(limit.value)} ({limit.key})"
        draft = single(request, reason=reason, suggestion=f"set {request.key} to at most {show(limit.value)}")
        yield replace(draft, related=((limit.obj, limit.path),))


def _is_above(request: Setting, limit: Setting) -> bool:
    try:
        return bool(quantity(str(request.value)) > quantity(str(limit.value)))
    except ValueError:
        return False
