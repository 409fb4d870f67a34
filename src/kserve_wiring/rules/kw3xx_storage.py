# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW3xx: the storage initializer, inferenceservice-config and the private CA (wires W4 and W8)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import combinations
from typing import Any

from kserve_wiring.config_map_json import field
from kserve_wiring.context import Context
from kserve_wiring.findings import Draft
from kserve_wiring.gostyle import is_dns1123_label, parse_quantity
from kserve_wiring.isvc_config import QUANTITY_BLOCKS, SCHEMAS, IsvcConfig, type_problems, unknown_fields
from kserve_wiring.knative import controller_environment, skip_list
from kserve_wiring.model import Model
from kserve_wiring.objects import KubeObject, Path, Setting, dig, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.drafting import against, at, pair, show, single

_QUANTITIES = {
    "cpuRequest": ("requests", "cpu"),
    "memoryRequest": ("requests", "memory"),
    "cpuLimit": ("limits", "cpu"),
    "memoryLimit": ("limits", "memory"),
}
_REQUESTS = (("cpuRequest", "cpuLimit"), ("memoryRequest", "memoryLimit"))
_WORKLOAD_TYPES = ("initContainer", "localModelDownloadJob")
_BUNDLE = "cabundle.crt"


def _storage_containers(model: Model) -> Iterator[KubeObject]:
    for obj in model.of_kind("ClusterStorageContainer"):
        if obj.get("disabled") is not True:
            yield obj


@rule("KW301")
def storage_twins(model: Model, context: Context) -> Iterator[Draft]:
    """KServe writes image and resources down twice, and which one counts depends on the URI.

    https://github.com/kserve/kserve/issues/5412: the chart's value reaches one of them only.
    """
    config = model.isvc_config
    if config is None:
        return
    image = config.setting("storageInitializer", "image")
    for obj in _storage_containers(model):
        own_image = at(obj, "spec", "container", "image")
        is_default = obj.name == "default"
        if is_default and image is not None and own_image.value and own_image.value != image.value:
            yield pair("KW301", own_image, image)
        if is_default or (image is not None and own_image.value == image.value):
            yield from _resource_twins(obj, config, "" if is_default else "info")


def _resource_twins(obj: KubeObject, config: IsvcConfig, level: str) -> Iterator[Draft]:
    for name, path in _QUANTITIES.items():
        own = at(obj, "spec", "container", "resources", *path)
        other = config.setting("storageInitializer", name)
        if own.value is not None and other is not None and not _same_quantity(own.value, other.value):
            yield pair("KW301", own, other, level=level)


def _same_quantity(one: Any, other: Any) -> bool:
    try:
        return bool(_quantity(str(one)) == _quantity(str(other)))
    except ValueError:
        return str(one) == str(other)


@lru_cache(maxsize=4096)
def _quantity(text: str) -> Any:
    return parse_quantity(text)


@rule("KW302")
def skipped_storage_containers(model: Model, context: Context) -> Iterator[Draft]:
    """A ClusterStorageContainer that KServe passes over, or whose container does not replace the initializer."""
    minimal = _has_minimal_crd(model)
    for obj in model.of_kind("ClusterStorageContainer"):
        if obj.get("disabled") is True:
            reason = "KServe skips it" + (
                " and takes what inferenceservice-config says" if obj.name == "default" else ""
            )
            yield single(
                "KW302", at(obj, "disabled"), reason=reason, suggestion="false, or remove the object", level="warning"
            )
            continue
        yield from _container_name(obj)
        yield from _workload_type(obj, minimal)
        yield from _uri_formats(obj)


def _container_name(obj: KubeObject) -> Iterator[Draft]:
    name = at(obj, "spec", "container", "name")
    if name.value != "storage-initializer":
        reason = "KServe merges the container into its storage-initializer by name (container_merge.go)"
        yield single("KW302", name, reason=reason, suggestion="storage-initializer")


def _workload_type(obj: KubeObject, minimal: bool) -> Iterator[Draft]:
    kind = at(obj, "spec", "workloadType")
    if kind.value is None and minimal:
        reason = "the minimal CRD sets no default, and KServe skips the object"
        yield single("KW302", kind, reason=reason, suggestion="initContainer")
    elif kind.value is not None and kind.value not in _WORKLOAD_TYPES:
        reason = f"KServe knows {' and '.join(_WORKLOAD_TYPES)}"
        yield single("KW302", kind, reason=reason, suggestion="initContainer")
    elif minimal and obj.get("spec", "supportsMultiModelDownload") is None:
        setting = at(obj, "spec", "supportsMultiModelDownload")
        yield single("KW302", setting, reason="the minimal CRD sets no default", suggestion="true or false")


def _uri_formats(obj: KubeObject) -> Iterator[Draft]:
    formats = obj.items("spec", "supportedUriFormats")
    if not formats:
        setting = at(obj, "spec", "supportedUriFormats")
        yield single("KW302", setting, reason="it matches no URI", suggestion="a list of {prefix} or {regex}")
    for index, item in mappings_of(formats):
        expression = item.get("regex")
        if isinstance(expression, str) and expression:
            try:
                re.compile(expression)
            except re.error as error:
                setting = Setting(expression, obj, ("spec", "supportedUriFormats", index, "regex"))
                yield single(
                    "KW302", setting, reason=f"it is no regular expression: {error}", suggestion="one that compiles"
                )


def _has_minimal_crd(model: Model) -> bool:
    """The CRD of ClusterStorageContainer was read and has no schema, so it sets no defaults (kserve-crd-minimal)."""
    for crd in model.of_kind("CustomResourceDefinition"):
        if crd.name == "clusterstoragecontainers.serving.kserve.io":
            for version in crd.items("spec", "versions"):
                if not isinstance(
                    dig(version, "schema", "openAPIV3Schema", "properties", "spec", "properties"), Mapping
                ):
                    return True
    return False


@rule("KW303")
def unreadable_config(model: Model, context: Context) -> Iterator[Draft]:
    """inferenceservice-config as KServe's encoding/json and its own checks take it."""
    config = model.isvc_config
    if config is None:
        return
    for key, error in config.errors.items():
        yield _bad(config.obj, ("data", key), None, f"it is not JSON: {error}", "write valid JSON without comments")
    for key, value in config.values.items():
        for path, item, wanted in type_problems(value, SCHEMAS[key], ("data", key)):
            yield _bad(config.obj, path, item, f"KServe wants {wanted}", f"write {wanted}")
        for path, known in unknown_fields(value, SCHEMAS[key], ("data", key)):
            yield _bad(config.obj, path, dig(value, *path[2:]), "KServe ignores it", f"is {known} meant?", "warning")
    if not config.obj.source.partial and not config.obj.get("data", "predictors"):  # KFServing's, up to v0.8
        yield from _required(config, context)


def _bad(obj: KubeObject, path: Path, value: Any, reason: str, suggestion: str, level: str = "") -> Draft:
    shown = "unreadable" if value is None and reason.startswith("it is not JSON") else value
    return single("KW303", Setting(shown, obj, path), reason=reason, suggestion=suggestion, level=level)


def _required(config: IsvcConfig, context: Context) -> Iterator[Draft]:
    obj = config.obj
    if "ingress" not in config.errors:
        yield from _ingress_fields(config, context)
    if "deploy" not in config.errors and not config.text("deploy", "defaultDeploymentMode"):
        reason = "invalid deploy config, defaultDeploymentMode is required"
        yield _bad(obj, ("data", "deploy", "defaultDeploymentMode"), None, reason, "set it to Knative or Standard")
    for block in QUANTITY_BLOCKS:
        if block in config.errors or (block == "router" and block not in config.values):
            continue
        for name in _QUANTITIES:
            if config.setting(block, name) is None:
                reason = f'failed to parse resource configuration for "{block}"."{name}"; no InferenceService gets pods'
                yield _bad(obj, ("data", block, name), None, reason, "set it to a quantity")


def _ingress_fields(config: IsvcConfig, context: Context) -> Iterator[Draft]:
    obj = config.obj
    if not config.text("ingress", "ingressGateway"):
        reason = "invalid ingress config - ingressGateway is required"
        yield _bad(obj, ("data", "ingress", "ingressGateway"), None, reason, "set it to <namespace>/<name>")
    version = context.version("kserve_version")
    if version is not None and version < (0, 14, 0) and not config.text("ingress", "ingressService"):
        reason = "invalid ingress config - ingressGateway and ingressService are required up to v0.13"
        yield _bad(
            obj, ("data", "ingress", "ingressService"), None, reason, "set it to the host of the gateway's Service"
        )
    names = ["ingressGateway", "localGateway"] + (
        ["kserveIngressGateway"] if config.is_true("ingress", "enableGatewayApi") else []
    )
    for name in names:
        text = config.text("ingress", name)
        if (text or name == "kserveIngressGateway") and not _is_gateway_name(text):
            reason = "a gateway is written <namespace>/<name>"
            yield _bad(obj, ("data", "ingress", name), text, reason, "write <namespace>/<name>")
    if config.text("ingress", "pathTemplate") and not config.text("ingress", "ingressDomain"):
        reason = "ingressDomain is required if pathTemplate is given"
        yield _bad(
            obj, ("data", "ingress", "ingressDomain"), None, reason, "set it to the domain of the ingress gateway"
        )


def _is_gateway_name(text: str) -> bool:
    parts = text.split("/")
    return len(parts) == 2 and all(is_dns1123_label(part) for part in parts)


@rule("KW304")
def kserve_ca(model: Model, context: Context) -> Iterator[Draft]:
    """KServe copies the CA from a ConfigMap of its own namespace, from one key (cabundle_configmap_reconciler.go)."""
    config = model.isvc_config
    if config is None:
        return
    setting = config.setting("storageInitializer", "caBundleConfigMapName")
    namespace = model.kserve_namespace
    kind, _, wanted = context.registry_ca.partition("/")
    if setting is None:
        if kind == "ConfigMap" and context.declared:
            missing = Setting(None, config.obj, ("data", "storageInitializer", "caBundleConfigMapName"))
            fix = f"set {missing.key} to {wanted}"
            yield single(
                "KW304", missing, reason=f"the registry's CA is {context.registry_ca}", level="warning", fix=fix
            )
        return
    name = setting.text()
    found = [obj for obj in model.find("ConfigMap", namespace, name) if not obj.source.partial]
    if found and not found[0].get("data", _BUNDLE):
        keys = ", ".join(sorted(map(str, found[0].mapping("data")))) or "no key"
        yield single("KW304", setting, reason=f"ConfigMap {namespace}/{name} has {keys}", namespace=namespace)
    elif not found and _should_be_seen(model, context, namespace, name):
        yield single("KW304", setting, reason=f"namespace {namespace} has no such ConfigMap", namespace=namespace)


def _should_be_seen(model: Model, context: Context, namespace: str, name: str) -> bool:
    if context.exists("ConfigMap", namespace, name):
        return False
    return context.existing is not None or bool(model.named("ConfigMap", name))


@rule("KW305")
def knative_ca(model: Model, context: Context) -> Iterator[Draft]:
    """The resolver trusts what is mounted into Knative's controller, not what the nodes trust (certs.go)."""
    server = model.knative.server
    if server is not None:
        yield from _custom_certs(model, context, server)
    elif context.registry_ca:
        yield from _mounted_certs(model, context)
    yield from _different_bundles(model, context)


def _custom_certs(model: Model, context: Context, server: KubeObject) -> Iterator[Draft]:
    certs = at(server, "spec", "controller-custom-certs")
    kind, name = at(server, *certs.path, "type"), at(server, *certs.path, "name")
    if certs.value is None or not (kind.value or name.value):
        if context.registry_ca:
            level = "" if _resolves_at_registry(model, context) else "info"
            suggestion = f"set {certs.key} to {context.registry_ca}"
            yield against("KW305", certs, context, "registry_ca", suggestion=suggestion, level=level)
        return
    if kind.value not in ("ConfigMap", "Secret"):
        args = {
            "other_key": "what the operator knows",
            "other": "ConfigMap and Secret",
            "suggestion": f"set {kind.key} to ConfigMap or Secret",
        }
        yield single("KW305", kind, **args)
        return
    said = Setting(f"{kind.text()}/{name.text()}", server, certs.path)
    if context.registry_ca and said.value != context.registry_ca:
        yield against("KW305", said, context, "registry_ca", suggestion=f"set {certs.key} to {context.registry_ca}")
    elif not _ca_object(model, context, kind.text(), name.text()):
        namespace = model.knative.namespace
        other = {"other_key": f"namespace {namespace}", "other": f"without such a {kind.text()}"}
        yield single("KW305", said, **other, suggestion=f"create {kind.text()} {name.text()} in {namespace}")


def _resolves_at_registry(model: Model, context: Context) -> bool:
    listed = skip_list(model.knative)
    return context.digest_policy != "pinned" and listed is not None and context.registry not in listed[0]


def _ca_object(model: Model, context: Context, kind: str, name: str) -> bool:
    """True unless the object is known to be missing in Knative's namespace."""
    namespace = model.knative.namespace
    if model.find(kind, namespace, name) or context.exists(kind, namespace, name):
        return True
    return context.existing is None and not model.named(kind, name)


def _mounted_certs(model: Model, context: Context) -> Iterator[Draft]:
    """Knative from YAML: SSL_CERT_DIR of the controller has to be where a volume with the CA is mounted."""
    for obj in model.of_kind("Deployment"):
        if obj.name != "controller" or obj.namespace != model.knative.namespace or not obj.namespace:
            continue
        folder = controller_environment(model.knative, [obj]).get("SSL_CERT_DIR")
        spec: Path = ("spec", "template", "spec")
        if folder is None:
            missing = Setting(None, obj, (*spec, "containers", 0, "env"))
            level = "" if _resolves_at_registry(model, context) else "info"
            suggestion = "mount the CA and set SSL_CERT_DIR to its folder"
            yield against("KW305", missing, context, "registry_ca", suggestion=suggestion, level=level)
            continue
        yield from _certs_volume(model, context, obj, folder)


def _certs_volume(model: Model, context: Context, obj: KubeObject, folder: Setting) -> Iterator[Draft]:
    mount = _mount_at(obj, folder)
    if mount is None:
        other = {"other_key": "the volumeMounts of the container", "other": "without that folder"}
        yield single("KW305", folder, **other, suggestion=f"mount the CA at {folder.text()}")
        return
    for index, volume in mappings_of(obj.get("spec", "template", "spec", "volumes")):
        if volume.get("name") != mount:
            continue
        path: Path = ("spec", "template", "spec", "volumes", index)
        for kind, keys in (("ConfigMap", ("configMap", "name")), ("Secret", ("secret", "secretName"))):
            name = dig(volume, *keys)
            if not isinstance(name, str):
                continue
            said = Setting(f"{kind}/{name}", obj, (*path, *keys))
            if said.value != context.registry_ca:
                yield against("KW305", said, context, "registry_ca", suggestion=f"mount {context.registry_ca}")
            elif not _ca_object(model, context, kind, name):
                other = {"other_key": f"namespace {obj.namespace}", "other": f"without such a {kind}"}
                yield single("KW305", said, **other, suggestion=f"create {kind} {name} in {obj.namespace}")
        return
    other = {"other_key": "the volumes of the pod", "other": f"without {mount}"}
    yield single("KW305", folder, **other, suggestion=f"add a volume {mount} with the CA")


def _mount_at(obj: KubeObject, folder: Setting) -> str | None:
    container = obj.get(*folder.path[:5])
    for _, mount in mappings_of(dig(container, "volumeMounts")):
        if str(mount.get("mountPath", "")).rstrip("/") == folder.text().rstrip("/"):
            return str(mount.get("name"))
    return None


def _different_bundles(model: Model, context: Context) -> Iterator[Draft]:
    """The same CA under the same name in both namespaces."""
    kind, _, name = context.registry_ca.partition("/")
    if kind != "ConfigMap":
        return
    ours = [at(obj, "data", _BUNDLE) for obj in model.named("ConfigMap", name) if obj.get("data", _BUNDLE)]
    for other in ours[1:]:
        if other.text().strip() != ours[0].text().strip():
            shown = Setting("one bundle", other.obj, other.path)
            yield pair(
                "KW305",
                shown,
                Setting("another", ours[0].obj, ours[0].path),
                suggestion="give both the same certificates",
            )


@rule("KW306")
def bad_quantities(model: Model, context: Context) -> Iterator[Draft]:
    """Quantities that do not parse, and requests above their limit, which the API server refuses."""
    if model.isvc_config is not None:
        for block in (*QUANTITY_BLOCKS, "inferenceService", "opentelemetryCollector"):
            yield from _block_quantities(model.isvc_config, block)
    for obj in model.of_kind("ClusterStorageContainer"):
        yield from _container_quantities(obj, ("spec", "container"), obj.get("spec", "container"))
    for pod in model.pods:
        for path, container in pod.containers():
            yield from _container_quantities(pod.obj, path, container)
        yield from _container_quantities(pod.obj, (*pod.path, "model"), pod.spec.get("model"))
    for key, setting in model.knative.settings("deployment").items():
        if re.match(r"^queue-sidecar-(cpu|memory|ephemeral-storage)-(request|limit)$", key) and setting.value != "":
            yield from _malformed(setting)


def _block_quantities(config: IsvcConfig, block: str) -> Iterator[Draft]:
    path = (block, "resource") if block in ("inferenceService", "opentelemetryCollector") else (block,)
    settings = {name: config.setting(*path, name) for name in _QUANTITIES}
    problems = [draft for setting in settings.values() if setting is not None for draft in _malformed(setting)]
    yield from problems
    if not problems:
        for request, limit in _REQUESTS:
            yield from _above(settings[request], settings[limit])


def _container_quantities(obj: KubeObject, path: Path, container: Any) -> Iterator[Draft]:
    resources = field(container, "resources")
    if not isinstance(resources, Mapping):
        return
    found: dict[tuple[str, str], Setting] = {}
    for part in ("requests", "limits"):
        values = resources.get(part)
        for name, value in values.items() if isinstance(values, Mapping) else ():
            setting = Setting(value, obj, (*path, "resources", part, str(name)))
            problems = list(_malformed(setting))
            yield from problems
            if not problems:
                found[part, str(name)] = setting
    for (part, name), request in found.items():
        if part == "requests":
            yield from _above(request, found.get(("limits", name)))


def _malformed(setting: Setting) -> Iterator[Draft]:
    if not isinstance(setting.value, (str, int, float)) or isinstance(setting.value, bool):
        return  # a shape that the schema refuses; no quantity to judge
    try:
        _quantity(str(setting.value))
    except ValueError as error:
        yield single("KW306", setting, reason=str(error), suggestion=f"write {setting.key} as 500m, 1 or 1Gi")


def _above(request: Setting | None, limit: Setting | None) -> Iterator[Draft]:
    if request is None or limit is None:
        return
    try:
        above = _quantity(str(request.value)) > _quantity(str(limit.value))
    except ValueError:
        return
    if above:
        reason = f"it is larger than its limit {show(limit.value)} ({limit.key})"
        draft = single("KW306", request, reason=reason, suggestion=f"set {request.key} to at most {show(limit.value)}")
        yield Draft(draft.code, draft.obj, draft.path, draft.args, ((limit.obj, limit.path),))


@rule("KW307")
def overlapping_containers(model: Model, context: Context) -> Iterator[Draft]:
    """KServe takes the first match of a list without order (storage_initializer_injector.go)."""
    containers = [(obj, list(_formats(obj))) for obj in _storage_containers(model)]
    for (one, one_formats), (other, other_formats) in combinations(containers, 2):
        if one.get("spec", "workloadType") != other.get("spec", "workloadType"):
            continue
        clash = next(((a, b) for a in one_formats for b in other_formats if _overlap(a, b)), None)
        if clash is not None:
            second, first = clash[1], clash[0]
            yield pair("KW307", second, first)


def _formats(obj: KubeObject) -> Iterator[Setting]:
    for index, item in mappings_of(obj.get("spec", "supportedUriFormats")):
        for part in ("prefix", "regex"):
            if isinstance(item.get(part), str) and item[part]:
                yield Setting(item[part], obj, ("spec", "supportedUriFormats", index, part))


def _overlap(one: Setting, other: Setting) -> bool:
    kinds = (one.path[-1], other.path[-1])
    if kinds == ("prefix", "prefix"):
        return one.text().startswith(other.text()) or other.text().startswith(one.text())
    if kinds == ("regex", "regex"):
        return one.text() == other.text()
    prefix, expression = (one.text(), other.text()) if kinds[0] == "prefix" else (other.text(), one.text())
    try:
        return re.search(expression, f"{prefix}{'' if prefix.endswith('/') else '/'}bucket/model") is not None
    except re.error:
        return False
