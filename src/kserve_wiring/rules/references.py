# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW519: every name of another object leads to one (wire W12)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateways import pods_of_service
from kserve_wiring.cluster.made_keys import made_keys, maker_of
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.names_in_texts import misnamed
from kserve_wiring.cluster.operator_names import ignored_names
from kserve_wiring.cluster.paths import POD
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.cluster.reference_evidence import nobody_runs_as, sole_service
from kserve_wiring.cluster.references import CLUSTER_KINDS, Reference, nearly_kinds, references
from kserve_wiring.cluster.targets import Targets, targets_of
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Change, Draft, at, because, rename, set_to, single

_POOL = "InferencePool"
_AUTOCREATE = "autocreate-cluster-domain-claims"
_CLUSTER_NAMESPACE = "cluster-resource-namespace"
_VERSION = re.compile(r"v\d+((alpha|beta)\d+)?")
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.:_]*[a-z0-9])?", re.IGNORECASE)


@rule("KW519")
def broken_references(cluster: Cluster) -> Iterator[Draft]:
    """Nothing validates a name: the Pod waits for the object, or a controller ignores the one that names it."""
    yield from _claims(cluster)
    yield from _pools(cluster)
    yield from _secrets_of_cluster_issuers(cluster)
    yield from _operator_names(cluster)
    for one in misnamed(cluster):
        suggestion: Advice = set_to(one.setting, one.better) if one.better else one.suggestion
        yield because(one.setting, one.reason, suggestion, *one.related, level="warning")
    targets = targets_of(cluster)
    yield from _nearly_kinds(cluster)
    yield from _certificates(cluster, targets)
    refs = list(_all_references(cluster))
    targets.use(refs)
    made = made_keys(cluster)
    for ref in refs:
        if _NAME.fullmatch(ref.name) and not _may_be_absent(ref):
            found = targets.find(ref)
            if found:
                yield from _inside(ref, found)
            elif not targets.is_made(ref):
                yield from _missing(cluster, targets, ref)
            elif maker := maker_of(made, ref.kinds[0], ref.namespace, ref.name):
                yield from _keys(ref, *maker)


def _all_references(cluster: Cluster) -> Iterator[Reference]:
    for obj in cluster.objects:
        if obj.kind != POD:
            yield from references(obj, obj.kind)
    for pod in cluster.pods:
        if not pod.runtime:
            yield from references(pod.obj, POD, pod.path)


def _nearly_kinds(cluster: Cluster) -> Iterator[Draft]:
    for obj in cluster.objects:
        for setting, meant in nearly_kinds(obj, obj.kind) if obj.kind != POD else ():
            yield because(setting, "there is no such kind", set_to(setting, meant))


def _may_be_absent(ref: Reference) -> bool:
    builtin = any(ref.name == name or (name[-1] in ":-" and ref.name.startswith(name)) for name in ref.row.builtin)
    return builtin or bool(ref.row.optional_at and ref.holder.get(ref.row.optional_at) is True)


def _missing(cluster: Cluster, targets: Targets, ref: Reference) -> Iterator[Draft]:
    kind = " or ".join(ref.kinds)
    must_exist = cluster.shows_all(*ref.kinds) and not ref.row.made and not set(ref.kinds) & CLUSTER_KINDS
    level = "" if must_exist else "warning"
    elsewhere = targets.elsewhere(ref)
    if ref.row.covered:
        named = None if elsewhere or cluster.facts.existing is not None else _other_name(ref, targets, level)
        yield from filter(None, [named])
    elif elsewhere:
        where = elsewhere[0].namespace
        if _installed_together(elsewhere[0], ref.obj):
            level = ""
        reason = f"that {elsewhere[0].kind} is in namespace {where}, not in {ref.namespace}"
        yield _draft(ref, reason, _fix_namespace(ref, where), level, elsewhere[0])
    elif alike := targets.alike(ref):
        reason = f"there is no {kind} of that name, but {alike[0].ref}"
        yield _draft(ref, reason, _fix_kind(ref, kind, alike[0].kind), level, alike[0])
    elif named := _other_name(ref, targets, level):
        yield named
    elif nobody := nobody_runs_as(cluster, ref):
        fix = "name the ServiceAccount of the caller's Pods, or set serviceAccountName of their template"
        yield _draft(ref, nobody, fix, level)
    elif sole := sole_service(cluster, ref):
        reason = f"{_absent(ref, kind, '')}, and the file has only {sole.name}"
        yield _draft(ref, reason, f"name {sole.name}, if that is meant", level, sole)
    elif must_exist:
        yield _draft(ref, _absent(ref, kind, ""), f"create the {kind}, or name one that exists", "")


def _other_name(ref: Reference, targets: Targets, level: str) -> Draft | None:
    """What was probably meant: a near name, an object whose name and namespace are swapped, or one that is not used."""
    kind = " or ".join(ref.kinds)
    if near := targets.near(ref):
        return _draft(ref, _absent(ref, kind, near), _fix_name(ref, near), level, targets.called(ref, near))
    if (swapped := targets.swapped(ref)) and not ref.row.covered:
        reason = f"{swapped[0].ref} has its name and its namespace in each other's place"
        fix = f"set metadata.name of {swapped[0].ref} to {ref.name}, and metadata.namespace to {ref.namespace}"
        return _draft(ref, reason, fix, level, swapped[0])
    if unused := targets.unused(ref):
        reason = f"{_absent(ref, kind, unused)}, which nothing names"
        return _draft(ref, reason, _fix_name(ref, unused), level, targets.called(ref, unused))
    return None


def _fix_name(ref: Reference, near: str) -> Change:
    return set_to(at(ref.obj, *ref.path), _text(ref).replace(ref.name, near, 1))


def _fix_namespace(ref: Reference, where: str) -> Advice:
    setting = at(ref.obj, *ref.path)
    if ref.row.namespace_at:
        return set_to(at(ref.obj, *ref.path[:-1], ref.row.namespace_at), where)
    if ref.row.form == "ns/name":
        return set_to(setting, f"{where}/{ref.name}")
    if ref.row.form == "service" and _text(ref) == ref.name:
        return set_to(setting, f"{ref.name}.{where}.svc.cluster.local")
    if ref.row.form in ("host", "service"):
        return set_to(setting, _text(ref).replace(f"{ref.name}.{ref.namespace}", f"{ref.name}.{where}", 1))
    return f"create it in namespace {ref.namespace}, or name one that is there"


def _fix_kind(ref: Reference, kind: str, other: str) -> Advice:
    if ref.row.kind_at and other in ref.row.to:
        return set_to(at(ref.obj, *ref.path[:-1], ref.row.kind_at), other)
    return f"name an object of the kind {kind}, or refer to the {other}"


def _text(ref: Reference) -> str:
    return str(ref.obj.get(*ref.path))


def _installed_together(one: KubeObject, other: KubeObject) -> bool:
    return bool(one.source.release) and one.source.release == other.source.release


def _absent(ref: Reference, kind: str, near: str) -> str:
    where = f"namespace {ref.namespace} has" if ref.namespace else "there is"
    return f"{where} no {kind} of that name" + (f", but {near}" if near else "")


def _draft(ref: Reference, reason: str, fix: Advice, level: str, related: KubeObject | None = None) -> Draft:
    draft = single(Setting(_text(ref), ref.obj, ref.path), reason=reason, suggestion=fix, level=level)
    places = ((related, ("metadata", "name")),) if related is not None else ()
    return replace(draft, related=places, level=level)


def _inside(ref: Reference, found: list[KubeObject]) -> Iterator[Draft]:
    """What the reference needs of its target: a key, a type, a port."""
    target = found[0]
    keys = {str(name) for part in ("data", "stringData", "binaryData") for name in target.mapping(part)}
    yield from _keys(ref, target, keys)
    yield from _sub_paths(ref, target)
    group = ref.holder.get(ref.row.group_at) if ref.row.group_at else None
    if isinstance(group, str) and all(item.group != group for item in found):
        setting = Setting(group, ref.obj, (*ref.path[:-1], ref.row.group_at))
        suggestion = set_to(setting, target.group)
        yield because(setting, f"{target.ref} has the group {target.group}", suggestion, at(target, "apiVersion"))
    yield from _api_version(ref, found)
    if ref.row.type_ and target.kind == "Secret" and target.get("type") != ref.row.type_:
        reason = f"its type is {target.get('type') or 'Opaque'}, but {ref.row.type_} is needed"
        yield _draft(ref, reason, f"give the Secret the type {ref.row.type_}", "", target)
    if ref.row.port_at:
        yield from _port(ref, target)


def _keys(ref: Reference, target: KubeObject, keys: Collection[str]) -> Iterator[Draft]:
    """The keys that a reference needs of its target, or of what another object makes of it."""
    yield from _items(ref, target, keys)
    key = ref.holder.get(ref.row.key_at) if ref.row.key_at else None
    if isinstance(key, str) and keys and key not in keys:
        near = near_name(key, keys)
        reason = f"{target.ref} has no key {key}, it has {', '.join(sorted(keys))}"
        setting = Setting(key, ref.obj, (*ref.path[:-1], ref.row.key_at))
        suggestion = set_to(setting, near) if near else f"add the key {key}, or name one that is there"
        draft = single(setting, reason=reason, suggestion=suggestion)
        yield replace(draft, related=((target, ("metadata", "name")),))
    missing = [name for name in ref.row.keys if keys and name not in keys]
    if missing:
        reason = f"{target.ref} has no key {' and no key '.join(missing)}, it has {', '.join(sorted(keys))}"
        yield _draft(ref, reason, f"add {' and '.join(missing)}, or name another Secret", "", target)


def _api_version(ref: Reference, found: list[KubeObject]) -> Iterator[Draft]:
    """Where the reference names an API version, its kind is looked up in that API."""
    given, target = ref.holder.get("apiVersion"), found[0]
    if not ref.row.kind_at or not isinstance(given, str) or not given:
        return
    group, _, version = given.rpartition("/")
    if not _VERSION.fullmatch(version) or (group and all(item.group != group for item in found)):
        setting = Setting(given, ref.obj, (*ref.path[:-1], "apiVersion"))
        fix = set_to(setting, target.ref.apiVersion)
        yield because(setting, f"{target.ref} has {target.ref.apiVersion}", fix, at(target, "apiVersion"))


def _items(ref: Reference, target: KubeObject, keys: Collection[str]) -> Iterator[Draft]:
    """The keys that a volume chooses of a Secret or ConfigMap."""
    is_data = bool({"Secret", "ConfigMap"} & {*ref.kinds})
    for index, item in mappings_of(ref.holder.get("items")) if keys and is_data else ():
        key = item.get("key")
        if isinstance(key, str) and key not in keys and ref.holder.get("optional") is not True:
            setting = Setting(key, ref.obj, (*ref.path[:-1], "items", index, "key"))
            near = near_name(key, keys) or (next(iter(keys)) if len(keys) == 1 else "")
            fix = set_to(setting, near) if near else f"add the key {key}, or name one that is there"
            reason = f"{target.ref} has no key {key}, it has {', '.join(sorted(keys))}"
            yield because(setting, reason, fix, Setting(None, target, ("metadata", "name")))


def _sub_paths(ref: Reference, target: KubeObject) -> Iterator[Draft]:
    """Files of a volume that containers mount by subPath. The kubelet makes a folder of one that is not there."""
    if target.kind not in ("Secret", "ConfigMap") or len(ref.path) < 4 or ref.path[-4] != "volumes":
        return
    keys = {str(name) for part in ("data", "stringData", "binaryData") for name in target.mapping(part)}
    chosen = {str(item.get("path")).partition("/")[0] for _, item in mappings_of(ref.holder.get("items"))}
    volume, pod = ref.obj.get(*ref.path[:-2], "name"), ref.path[:-4]
    for path, mount in _mounts(ref.obj, pod) if keys else ():
        first = str(mount.get("subPath") or "").partition("/")[0]
        if mount.get("name") == volume and first and first not in (chosen or keys):
            setting = Setting(mount["subPath"], ref.obj, (*path, "subPath"))
            near = near_name(first, chosen or keys)
            fix = set_to(setting, near) if near else f"add the key {first}, or name one that is there"
            reason = f"the volume of {target.ref} has no such file, it has {', '.join(sorted(chosen or keys))}"
            yield because(setting, reason, fix, Setting(None, target, ("metadata", "name")))


def _mounts(obj: KubeObject, pod: KeyPath) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Path and value of the mounts of a Pod's containers, and of the model of a predictor."""
    lists = (("containers",), ("initContainers",))
    holders: list[KeyPath] = [(*name, index) for name in lists for index, _ in mappings_of(obj.get(*pod, *name))]
    for holder in (*holders, ("model",)):
        for index, mount in mappings_of(obj.get(*pod, *holder, "volumeMounts")):
            yield (*pod, *holder, "volumeMounts", index), mount


def _claims(cluster: Cluster) -> Iterator[Draft]:
    """A DomainMapping needs a ClusterDomainClaim of its name and for its namespace, unless Knative creates it."""
    network, holder = cluster.knative.setting("network", _AUTOCREATE), cluster.knative.holder("network")
    needed = (
        holder is not None and bool(holder[0].source.text) and (network is None or network.text().lower() == "false")
    )
    for obj in cluster.of_kind("DomainMapping"):
        name = Setting(obj.name, obj, ("metadata", "name"))
        claims = cluster.find("ClusterDomainClaim", "", obj.name)
        if claims:
            yield from _claim_of_another(claims[0], obj)
        elif needed and holder is not None:
            shown = network or Setting(None, holder[0], (*holder[1], _AUTOCREATE))
            level = "" if cluster.facts.complete and network else "warning"
            reason = f"{shown.key} of {shown.obj.ref} is not true, and there is no ClusterDomainClaim of that name"
            near = near_name(obj.name, [claim.name for claim in cluster.of_kind("ClusterDomainClaim")])
            likely = [at(claim, "metadata", "name") for claim in cluster.named("ClusterDomainClaim", near)[:1]]
            fix = f"set the name of {likely[0].obj.ref} to {obj.name}" if likely else "create the ClusterDomainClaim"
            yield because(name, reason, fix, shown, *likely, level=level)


def _claim_of_another(claim: KubeObject, obj: KubeObject) -> Iterator[Draft]:
    namespace = Setting(claim.get("spec", "namespace"), claim, ("spec", "namespace"))
    if obj.namespace and namespace.value != obj.namespace:
        reason = f"the domain belongs to that namespace, but {obj.ref} is in {obj.namespace}"
        fix = set_to(namespace, obj.namespace)
        yield because(namespace, reason, fix, Setting(obj.namespace, obj, ("metadata", "namespace")))


def _secrets_of_cluster_issuers(cluster: Cluster) -> Iterator[Draft]:
    """A ClusterIssuer reads its Secret in the namespace of cert-manager's controller (--cluster-resource-namespace)."""
    controllers = [obj for obj in cluster.named("Deployment", "cert-manager") if obj.namespace]
    if len(controllers) != 1 or _CLUSTER_NAMESPACE in str(controllers[0].body):
        return
    own = controllers[0].namespace
    for obj in cluster.of_kind("ClusterIssuer"):
        setting = at(obj, "spec", "ca", "secretName")
        others = [item for item in cluster.named("Secret", str(setting.value)) if item.namespace]
        made = any(item.get("spec", "secretName") == setting.value for item in cluster.in_namespace("Certificate", own))
        if others and not made and all(item.namespace != own for item in others):
            reason = f"that Secret is in namespace {others[0].namespace}, and cert-manager reads it in {own}"
            fix = f"create the Secret in namespace {own}"
            yield because(setting, reason, fix, Setting(None, others[0], ("metadata", "namespace")))


def _operator_names(cluster: Cluster) -> Iterator[Draft]:
    """The operator ignores an override for what its manifests do not have."""
    for obj in cluster.of_kind("KnativeServing"):
        for one in ignored_names(obj):
            suggestion: Advice = "remove it, or name one that Knative has"
            if one.better:
                suggestion = rename(one.setting, one.better) if one.renames else set_to(one.setting, one.better)
            yield because(one.setting, one.reason, suggestion, level="" if one.better else "warning")


def _certificates(cluster: Cluster, targets: Targets) -> Iterator[Draft]:
    """The Pods behind the hosts of a Certificate mount another Secret, which nothing makes: they never start."""
    for obj in cluster.of_kind("Certificate"):
        setting = at(obj, "spec", "secretName")
        mounts = [ref for pod in _pods_of_hosts(cluster, obj) for ref in references(pod.obj, POD, pod.path)]
        mounts = [ref for ref in mounts if ref.row.path == "volumes.*.secret.secretName" and not _may_be_absent(ref)]
        if not isinstance(setting.value, str) or setting.value in {ref.name for ref in mounts}:
            continue
        for ref in mounts:
            if not targets.find(ref) and not targets.is_made(ref) and not targets.near(ref):
                other = Setting(ref.name, ref.obj, ref.path)
                reason = f"{ref.obj.ref} serves its hosts with the Secret {ref.name}, which nothing makes"
                yield because(setting, reason, set_to(setting, ref.name), other, level="warning")


def _pods_of_hosts(cluster: Cluster, certificate: KubeObject) -> Iterator[PodUse]:
    for host in strings_of(certificate.get("spec", "dnsNames")):
        name, _, rest = host.partition(".")
        for service in cluster.find("Service", rest.partition(".")[0], name):
            if service.group == "" and service.namespace == certificate.namespace:
                yield from pods_of_service(service, cluster.pods)


def _pools(cluster: Cluster) -> Iterator[Draft]:
    """A route to an InferencePool without an API group, which is that of Services."""
    for route in cluster.of_kind("HTTPRoute", "GRPCRoute"):
        for number, _ in mappings_of(route.get("spec", "rules")):
            path: KeyPath = ("spec", "rules", number, "backendRefs")
            for index, ref in mappings_of(route.get(*path)):
                if ref.get("kind") == _POOL and not ref.get("group"):
                    yield from _pool(cluster, Setting(ref.get("group"), route, (*path, index, "group")), ref)


def _pool(cluster: Cluster, group: Setting, ref: Mapping[str, Any]) -> Iterator[Draft]:
    namespace = str(ref.get("namespace") or group.obj.namespace)
    pools = cluster.find(_POOL, namespace, str(ref.get("name")))
    wanted = pools[0].group if pools else "inference.networking.k8s.io"
    reason = f"that is {pools[0].ref} of {wanted}" if pools else f"an {_POOL} is of another API group than a Service"
    related = [Setting(None, pools[0], ("metadata", "name"))] if pools else []
    yield because(group, reason, set_to(group, wanted), *related)


def _port(ref: Reference, target: KubeObject) -> Iterator[Draft]:
    given = ref.holder.get(ref.row.port_at)
    path = (*ref.path[:-1], ref.row.port_at)
    if isinstance(given, dict):
        name = "name" if "name" in given else "number"
        given, path = given.get(name), (*path, name)
    ports = [port for _, port in mappings_of(target.get("spec", "ports"))]
    known = [port.get(key) for port in ports for key in ("port", "name")]
    if given is None or not ports or given in known or target.get("spec", "type") == "ExternalName":
        return
    shown = ", ".join(
        f"{port.get('name')} ({port.get('port')})" if port.get("name") else str(port.get("port")) for port in ports
    )
    setting = Setting(given, ref.obj, path)
    draft = single(setting, reason=f"{target.ref} has no such port, it has {shown}", suggestion="name one of its ports")
    yield replace(draft, related=((target, ("spec", "ports")),))
