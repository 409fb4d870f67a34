# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW304 and KW305: KServe and Knative get the private CA (wire W4)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.knative import controller_environment, skip_list
from kserve_wiring.cluster.made_keys import made_keys, maker_of
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, against, at, pair, set_to, single

_BUNDLE = "cabundle.crt"


@rule("KW304")
def kserve_ca(cluster: Cluster) -> Iterator[Draft]:
    """KServe copies the CA from one key of a ConfigMap in its own namespace (cabundle_configmap_reconciler.go)."""
    config = cluster.isvc_config
    if config is None or not config.is_read:
        return
    setting = config.setting("storageInitializer", "caBundleConfigMapName")
    namespace = cluster.kserve_namespace
    kind, _, wanted = cluster.facts.registry_ca.partition("/")
    if setting is None:
        if kind == "ConfigMap" and cluster.facts.complete:
            missing = Setting(None, config.obj, ("data", "storageInitializer", "caBundleConfigMapName"))
            fix = f"set {missing.key} to {wanted}"
            yield single(missing, reason=f"the registry's CA is {cluster.facts.registry_ca}", level="warning", fix=fix)
        return
    name = setting.text()
    found = [obj for obj in cluster.find("ConfigMap", namespace, name) if not obj.source.partial]
    if found and not found[0].get("data", _BUNDLE):
        keys = ", ".join(sorted(map(str, found[0].mapping("data")))) or "no key"
        yield single(setting, reason=f"ConfigMap {namespace}/{name} contains {keys}", namespace=namespace)
    elif not found and (maker := maker_of(made_keys(cluster), "ConfigMap", namespace, name)):
        if _BUNDLE not in maker[1]:
            reason = f"{maker[0].ref} makes ConfigMap {name} with {', '.join(sorted(maker[1]))}"
            change = set_to(at(maker[0], "spec", "target", "configMap", "key"), _BUNDLE, elsewhere=True)
            yield single(setting, reason=reason, namespace=namespace, fix=change)
    elif not found and _should_be_seen(cluster, namespace, name):
        yield single(setting, reason=f"namespace {namespace} has no such ConfigMap", namespace=namespace)


def _should_be_seen(cluster: Cluster, namespace: str, name: str) -> bool:
    if cluster.facts.exists("ConfigMap", namespace, name):
        return False
    return cluster.facts.existing is not None or bool(cluster.named("ConfigMap", name))


@rule("KW305")
def knative_ca(cluster: Cluster) -> Iterator[Draft]:
    """The resolver trusts the CAs mounted into Knative's controller, not those of the nodes (certs.go)."""
    server = cluster.knative.server
    if server is not None:
        yield from _custom_certs(cluster, server)
    elif cluster.facts.registry_ca:
        yield from _mounted_certs(cluster)
    yield from _different_bundles(cluster)


def _reference(cluster: Cluster) -> str:
    kind, _, name = cluster.facts.registry_ca.partition("/")
    return f"{{name: {name}, type: {kind}}}"


def _custom_certs(cluster: Cluster, server: KubeObject) -> Iterator[Draft]:
    certs = at(server, "spec", "controller-custom-certs")
    kind, name = at(server, *certs.path, "type"), at(server, *certs.path, "name")
    if certs.value is None or not (kind.value or name.value):
        if cluster.facts.registry_ca:
            level = "" if _resolves_at_registry(cluster) else "info"
            suggestion = f"set {certs.key} to {_reference(cluster)}"
            yield against(certs, cluster.facts, "registry_ca", suggestion=suggestion, level=level)
        return
    if kind.value not in ("ConfigMap", "Secret"):
        args = {
            "other_key": "the type that the operator accepts",
            "other": "ConfigMap or Secret",
            "suggestion": f"set {kind.key} to ConfigMap or Secret",
        }
        yield single(kind, **args)
        return
    said = Setting(f"{kind.text()}/{name.text()}", server, certs.path)
    if cluster.facts.registry_ca and said.value != cluster.facts.registry_ca:
        yield against(said, cluster.facts, "registry_ca", suggestion=f"set {certs.key} to {_reference(cluster)}")
    elif not _ca_object(cluster, kind.text(), name.text()):
        namespace = cluster.knative.namespace
        other = {"other_key": f"that {kind.text()} in namespace {namespace}", "other": "missing"}
        yield single(said, **other, suggestion=f"create {kind.text()} {name.text()} in {namespace}")


def _resolves_at_registry(cluster: Cluster) -> bool:
    listed = skip_list(cluster.knative)
    asked = listed is not None and not listed[0].issuperset(cluster.facts.registries or [""])
    return cluster.facts.digest_policy != "pinned" and asked


def _ca_object(cluster: Cluster, kind: str, name: str) -> bool:
    """True unless the object is certainly missing in Knative's namespace."""
    namespace = cluster.knative.namespace
    if cluster.find(kind, namespace, name) or cluster.facts.exists(kind, namespace, name):
        return True
    return cluster.facts.existing is None and not cluster.named(kind, name)


def _mounted_certs(cluster: Cluster) -> Iterator[Draft]:
    """Without the operator: SSL_CERT_DIR of the controller must be the mount path of a volume with the CA."""
    for obj in cluster.of_kind("Deployment"):
        if obj.name != "controller" or obj.namespace != cluster.knative.namespace or not obj.namespace:
            continue
        folder = controller_environment(cluster.knative, [obj]).get("SSL_CERT_DIR")
        spec: KeyPath = ("spec", "template", "spec")
        if folder is None:
            missing = Setting(None, obj, (*spec, "containers", 0, "env"))
            level = "" if _resolves_at_registry(cluster) else "info"
            suggestion = "mount the CA and set SSL_CERT_DIR to its directory"
            yield against(missing, cluster.facts, "registry_ca", suggestion=suggestion, level=level)
            continue
        yield from _certs_volume(cluster, obj, folder)


def _certs_volume(cluster: Cluster, obj: KubeObject, folder: Setting) -> Iterator[Draft]:
    mount = _mount_at(obj, folder)
    if mount is None:
        other = {"other_key": "that path in the volumeMounts of the container", "other": "missing"}
        yield single(folder, **other, suggestion=f"mount the CA at {folder.text()}")
        return
    for index, volume in mappings_of(obj.get("spec", "template", "spec", "volumes")):
        if volume.get("name") != mount:
            continue
        path: KeyPath = ("spec", "template", "spec", "volumes", index)
        for kind, keys in (("ConfigMap", ("configMap", "name")), ("Secret", ("secret", "secretName"))):
            name = dig(volume, *keys)
            if not isinstance(name, str):
                continue
            said = Setting(f"{kind}/{name}", obj, (*path, *keys))
            if said.value != cluster.facts.registry_ca:
                yield against(said, cluster.facts, "registry_ca", suggestion=f"mount {cluster.facts.registry_ca}")
            elif not _ca_object(cluster, kind, name):
                other = {"other_key": f"that {kind} in namespace {obj.namespace}", "other": "missing"}
                yield single(said, **other, suggestion=f"create {kind} {name} in {obj.namespace}")
        return
    other = {"other_key": f"volume {mount} of the Pod", "other": "missing"}
    yield single(folder, **other, suggestion=f"add a volume {mount} with the CA")


def _mount_at(obj: KubeObject, folder: Setting) -> str | None:
    container = obj.get(*folder.path[:5])
    for _, mount in mappings_of(dig(container, "volumeMounts")):
        if str(mount.get("mountPath", "")).rstrip("/") == folder.text().rstrip("/"):
            return str(mount.get("name"))
    return None


def _different_bundles(cluster: Cluster) -> Iterator[Draft]:
    """A CA that has the same name but another content in the two namespaces."""
    kind, _, name = cluster.facts.registry_ca.partition("/")
    if kind != "ConfigMap":
        return
    ours = [at(obj, "data", _BUNDLE) for obj in cluster.named("ConfigMap", name) if obj.get("data", _BUNDLE)]
    for other in ours[1:]:
        if other.text().strip() != ours[0].text().strip():
            shown = Setting("one bundle", other.obj, other.path)
            yield pair(
                shown,
                Setting("another", ours[0].obj, ours[0].path),
                suggestion="put the same certificates into both",
            )
