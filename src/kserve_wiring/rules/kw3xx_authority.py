# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW304 and KW305: the private CA reaches KServe and Knative (wire W4)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.context import Context
from kserve_wiring.findings import Draft
from kserve_wiring.knative import controller_environment, skip_list
from kserve_wiring.model import Model
from kserve_wiring.objects import KubeObject, Path, Setting, dig, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.drafting import against, at, pair, single

_BUNDLE = "cabundle.crt"


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
        yield single("KW304", setting, reason=f"ConfigMap {namespace}/{name} contains {keys}", namespace=namespace)
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
            "other_key": "the type that the operator accepts",
            "other": "ConfigMap or Secret",
            "suggestion": f"set {kind.key} to ConfigMap or Secret",
        }
        yield single("KW305", kind, **args)
        return
    said = Setting(f"{kind.text()}/{name.text()}", server, certs.path)
    if context.registry_ca and said.value != context.registry_ca:
        yield against("KW305", said, context, "registry_ca", suggestion=f"set {certs.key} to {context.registry_ca}")
    elif not _ca_object(model, context, kind.text(), name.text()):
        namespace = model.knative.namespace
        other = {"other_key": f"that {kind.text()} in namespace {namespace}", "other": "missing"}
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
            suggestion = "mount the CA and set SSL_CERT_DIR to its directory"
            yield against("KW305", missing, context, "registry_ca", suggestion=suggestion, level=level)
            continue
        yield from _certs_volume(model, context, obj, folder)


def _certs_volume(model: Model, context: Context, obj: KubeObject, folder: Setting) -> Iterator[Draft]:
    mount = _mount_at(obj, folder)
    if mount is None:
        other = {"other_key": "that path in the volumeMounts of the container", "other": "missing"}
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
                other = {"other_key": f"that {kind} in namespace {obj.namespace}", "other": "missing"}
                yield single("KW305", said, **other, suggestion=f"create {kind} {name} in {obj.namespace}")
        return
    other = {"other_key": f"volume {mount} of the Pod", "other": "missing"}
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
                suggestion="put the same certificates into both",
            )
