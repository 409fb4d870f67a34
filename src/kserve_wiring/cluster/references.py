# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Every reference from one object to another by name, as a table, and what it refers to.

A row tells the kind and path of the name, the kind that it names and in which namespace. Where another rule already
reports a reference, the row says so, and only what that rule cannot see is reported here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.paths import POD, PathTable
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting

CONTAINERS = ("containers", "initContainers")
ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
_MIRROR = "filters.*.requestMirror.backendRef"
_BACKENDS = ("backendRefs.*", _MIRROR, f"backendRefs.*.{_MIRROR}")
"""Where a rule of a route names what gets its requests."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of reference.

    kind: of the object with the name. path: to the name, dotted; ``*`` is any item of a list or mapping. to: the kinds
    that it may name. scope: ``own`` namespace, ``cluster`` or ``any``. form: ``name``, ``ns/name``, ``pvc`` for
    pvc://NAME/PATH, ``principal`` for TRUST.DOMAIN/ns/NAMESPACE/sa/NAME, ``host`` for NAME.NAMESPACE.svc.DOMAIN, or
    ``service`` for such a host and a NAME without a dot, which is of the own namespace. The other fields are keys next
    to the name, with the kind (and its default in ``to``), namespace, key of the data or port of the target, and
    whether it may be absent.
    type_: the type that a Secret needs. keys: those that its data needs. group: of the target's kinds, if another API
    has a kind of that name; group_at: the key next to the name with it. named: the row is for names with a kind only.
    builtin: names that need no manifest; ``system:`` is a prefix. covered: another rule reports a target that is absent
    or elsewhere, so this one reports only a near miss. made: controllers or the platform make such objects, so that a
    complete set may lack them.
    """

    kind: str
    path: str
    to: tuple[str, ...]
    scope: str = "own"
    form: str = "name"
    kind_at: str = ""
    namespace_at: str = ""
    key_at: str = ""
    port_at: str = ""
    optional_at: str = ""
    type_: str = ""
    keys: tuple[str, ...] = ()
    group: str = ""
    group_at: str = ""
    named: bool = False
    builtin: tuple[str, ...] = ()
    covered: str = ""
    made: bool = False


_ROOT_CAS = ("kube-root-ca.crt", "istio-ca-root-cert", "openshift-service-ca.crt", "global-ca-bundle")
_TLS = "kubernetes.io/tls"
_PAIR = ("tls.crt", "tls.key")
_ROLES = ("admin", "edit", "view", "cluster-admin", "system:")
_SECRET, _MAP = ("Secret",), ("ConfigMap",)


def _pod_rows() -> Iterator[Row]:
    yield Row(POD, "serviceAccountName", ("ServiceAccount",), builtin=("default",))
    yield Row(POD, "imagePullSecrets.*.name", _SECRET, covered="KW204")
    yield Row(POD, "priorityClassName", ("PriorityClass",), "cluster", builtin=("system-",), made=True)
    yield Row(POD, "runtimeClassName", ("RuntimeClass",), "cluster", made=True)
    yield Row(POD, "volumes.*.secret.secretName", _SECRET, optional_at="optional", made=True)
    yield Row(POD, "volumes.*.configMap.name", _MAP, optional_at="optional", builtin=_ROOT_CAS, made=True)
    yield Row(POD, "volumes.*.persistentVolumeClaim.claimName", ("PersistentVolumeClaim",))
    yield Row(POD, "volumes.*.projected.sources.*.secret.name", _SECRET, optional_at="optional", made=True)
    yield Row(
        POD, "volumes.*.projected.sources.*.configMap.name", _MAP, optional_at="optional", builtin=_ROOT_CAS, made=True
    )
    yield Row(POD, "volumes.*.csi.nodePublishSecretRef.name", _SECRET)
    holders = [f"{name}.*" for name in CONTAINERS] + ["model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton"]
    holders += ["onnx", "huggingface", "pmml", "lightgbm", "paddle"]
    for holder in holders:
        value = f"{holder}.env.*.valueFrom"
        yield Row(POD, f"{value}.secretKeyRef.name", _SECRET, key_at="key", optional_at="optional", made=True)
        yield Row(POD, f"{value}.configMapKeyRef.name", _MAP, key_at="key", optional_at="optional", builtin=_ROOT_CAS)
        yield Row(POD, f"{holder}.envFrom.*.secretRef.name", _SECRET, optional_at="optional", made=True)
        yield Row(POD, f"{holder}.envFrom.*.configMapRef.name", _MAP, optional_at="optional")
        yield Row(POD, f"{holder}.env.*.value", ("PersistentVolumeClaim",), form="pvc")
        if "." not in holder:
            yield Row(POD, f"{holder}.runtime", ("ServingRuntime", "ClusterServingRuntime"), made=True)
            yield Row(POD, f"{holder}.storageUri", ("PersistentVolumeClaim",), form="pvc")


def _kserve_rows() -> Iterator[Row]:
    isvc, llm = "InferenceService", "LLMInferenceService"
    yield Row(isvc, "metadata.annotations.serving.kserve.io/storageSecretName", _SECRET)
    yield Row("InferenceGraph", "spec.nodes.*.steps.*.serviceName", (isvc,))
    yield Row("TrainedModel", "spec.inferenceService", (isvc,))
    for kind in ("LocalModelCache", "LocalModelNamespaceCache"):
        yield Row(kind, "spec.nodeGroups.*", ("LocalModelNodeGroup",), "cluster")
    yield from _llm_rows()
    yield Row(llm, "spec.baseRefs.*.name", ("LLMInferenceServiceConfig",), "any", made=True)
    yield Row(
        llm,
        "spec.router.gateway.refs.*.name",
        ("Gateway",),
        namespace_at="namespace",
        group="gateway.networking.k8s.io",
    )


def _llm_rows() -> Iterator[Row]:
    """An LLMInferenceService has four pod specs; those of its configs are templates of KServe's controller."""
    llm = "LLMInferenceService"
    yield Row(llm, "spec.model.uri", ("PersistentVolumeClaim",), form="pvc")
    yield Row(llm, "spec.model.lora.adapters.*.uri", ("PersistentVolumeClaim",), form="pvc")
    account, volume = ("ServiceAccount",), "volumes.*"
    for place in ("template", "worker", "prefill.template", "prefill.worker"):
        pod = f"spec.{place}"
        yield Row(llm, f"{pod}.serviceAccountName", account, builtin=("default",))
        yield Row(llm, f"{pod}.imagePullSecrets.*.name", _SECRET, made=True)
        yield Row(llm, f"{pod}.{volume}.secret.secretName", _SECRET, optional_at="optional", made=True)
        yield Row(llm, f"{pod}.{volume}.configMap.name", _MAP, optional_at="optional", builtin=_ROOT_CAS, made=True)
        yield Row(llm, f"{pod}.{volume}.persistentVolumeClaim.claimName", ("PersistentVolumeClaim",))
        for containers in CONTAINERS:
            value = f"{pod}.{containers}.*.env.*.valueFrom"
            secret = Row(llm, f"{value}.secretKeyRef.name", _SECRET, key_at="key", optional_at="optional", made=True)
            yield secret
            yield replace(secret, path=f"{value}.configMapKeyRef.name", to=_MAP, builtin=_ROOT_CAS, made=False)


def _kubernetes_rows() -> Iterator[Row]:
    yield Row("ServiceAccount", "secrets.*.name", _SECRET, made=True)
    yield Row("ServiceAccount", "imagePullSecrets.*.name", _SECRET, covered="KW204")
    yield Row("PersistentVolumeClaim", "spec.storageClassName", ("StorageClass",), "cluster", made=True)
    yield Row(
        "StatefulSet", "spec.volumeClaimTemplates.*.spec.storageClassName", ("StorageClass",), "cluster", made=True
    )
    yield Row("Ingress", "spec.ingressClassName", ("IngressClass",), "cluster", made=True)
    yield Row("Ingress", "spec.tls.*.secretName", _SECRET, type_=_TLS, made=True)
    backend = "backend.service.name"
    yield Row("Ingress", f"spec.rules.*.http.paths.*.{backend}", ("Service",), port_at="port", group="core", made=True)
    yield Row("Ingress", "spec.defaultBackend.service.name", ("Service",), port_at="port", group="core", made=True)
    targets = ("Deployment", "StatefulSet", "ReplicaSet")
    yield Row("HorizontalPodAutoscaler", "spec.scaleTargetRef.name", targets, kind_at="kind", made=True)
    yield Row("ScaledObject", "spec.scaleTargetRef.name", targets, kind_at="kind", made=True)
    yield Row("ScaledObject", "spec.triggers.*.authenticationRef.name", ("TriggerAuthentication",), kind_at="kind")
    yield Row("RoleBinding", "roleRef.name", ("Role", "ClusterRole"), kind_at="kind", builtin=_ROLES, made=True)
    yield Row("ClusterRoleBinding", "roleRef.name", ("ClusterRole",), "cluster", builtin=_ROLES, made=True)
    account = Row(
        "RoleBinding",
        "subjects.*.name",
        ("ServiceAccount",),
        kind_at="kind",
        namespace_at="namespace",
        builtin=("default", "system:"),
        covered="KW502",
        named=True,
    )
    yield account
    yield replace(account, kind="ClusterRoleBinding")


def _network_rows() -> Iterator[Row]:
    api = "gateway.networking.k8s.io"
    for kind in ROUTES:
        parents = Row(kind, "spec.parentRefs.*.name", ("Gateway",), kind_at="kind", namespace_at="namespace", group=api)
        yield replace(parents, made=True)
        for backend in _BACKENDS if kind in ("HTTPRoute", "GRPCRoute") else _BACKENDS[:1]:
            service = replace(parents, path=f"spec.rules.*.{backend}.name", to=("Service",), made=True)
            yield replace(service, port_at="port", group="core")
            yield replace(service, to=("InferencePool",), group="", group_at="group", named=True)
    picker = "spec.endpointPickerRef.name"
    yield Row("InferencePool", picker, ("Service",), kind_at="kind", port_at="port", group="core", made=True)
    yield Row(
        "Gateway",
        "spec.listeners.*.tls.certificateRefs.*.name",
        _SECRET,
        kind_at="kind",
        namespace_at="namespace",
        type_=_TLS,
        made=True,
    )
    for kind in ("AuthorizationPolicy", "RequestAuthentication", "Telemetry", "WasmPlugin"):
        yield Row(kind, "spec.targetRefs.*.name", ("Gateway",), kind_at="kind", group=api, named=True, made=True)
    credential = "spec.servers.*.tls.credentialName"
    yield Row("Gateway", credential, _SECRET, "any", group="core", made=True)  # in the namespace of the gateway's Pods
    istio = "networking.istio.io"
    yield Row(
        "VirtualService", "spec.gateways.*", ("Gateway",), form="ns/name", group=istio, builtin=("mesh",), made=True
    )
    for route in ("http", "tls", "tcp"):
        yield Row(
            "VirtualService",
            f"spec.{route}.*.route.*.destination.host",
            ("Service",),
            form="service",
            port_at="port",
            group="core",
            made=True,
        )
    source = "spec.rules.*.from.*.source"
    yield Row("AuthorizationPolicy", f"{source}.namespaces.*", ("Namespace",), "cluster", made=True)
    yield Row("AuthorizationPolicy", f"{source}.principals.*", ("ServiceAccount",), form="principal", made=True)
    yield Row("AuthorizationPolicy", f"{source}.serviceAccounts.*", ("ServiceAccount",), form="ns/name", made=True)
    yield Row("DestinationRule", "spec.host", ("Service",), form="service", group="core", made=True)
    for path in ("rewrite.authority", "headers.request.set.Host", "headers.request.set.host"):
        yield Row("VirtualService", f"spec.http.*.{path}", ("Service",), form="host", group="core", made=True)
    yield Row("DomainMapping", "spec.ref.name", ("Service",), kind_at="kind", group="serving.knative.dev", made=True)
    yield Row("Trigger", "spec.broker", ("Broker",), made=True)


def _tool_rows() -> Iterator[Row]:
    yield Row("Issuer", "spec.ca.secretName", _SECRET, keys=_PAIR, made=True)
    yield Row("ClusterIssuer", "spec.ca.secretName", _SECRET, "any", keys=_PAIR, made=True)
    yield Row("Certificate", "spec.issuerRef.name", ("Issuer", "ClusterIssuer"), kind_at="kind")
    # Argo CD reads projects in its own namespace, wherever the Application is (argo-cd util/argo, GetAppProject).
    yield Row("Application", "spec.project", ("AppProject",), "any", builtin=("default",), made=True)
    yield Row("ApplicationSet", "spec.template.spec.project", ("AppProject",), "any", builtin=("default",), made=True)
    for kind in ("Ingress", "Gateway"):
        prefix = "metadata.annotations.cert-manager.io/"
        yield Row(kind, f"{prefix}issuer", ("Issuer",), made=True)
        yield Row(kind, f"{prefix}cluster-issuer", ("ClusterIssuer",), "cluster", made=True)
    trigger = Row("TriggerAuthentication", "spec.secretTargetRef.*.name", _SECRET, key_at="key", made=True)
    yield trigger
    yield replace(trigger, path="spec.configMapTargetRef.*.name", to=_MAP)
    stores = ("SecretStore", "ClusterSecretStore")
    yield Row("ExternalSecret", "spec.secretStoreRef.name", stores, kind_at="kind", made=True)
    yield Row("ExternalSecret", "spec.data.*.sourceRef.storeRef.name", stores, kind_at="kind", made=True)
    yield Row(
        "ClusterExternalSecret", "spec.externalSecretSpec.secretStoreRef.name", stores, "any", kind_at="kind", made=True
    )
    sources = ("HelmRepository", "GitRepository", "Bucket", "OCIRepository")
    chart = "spec.chart.spec.sourceRef.name"
    yield Row("HelmRelease", chart, sources, kind_at="kind", namespace_at="namespace")
    yield Row(
        "HelmRelease", "spec.chartRef.name", ("OCIRepository", "HelmChart"), kind_at="kind", namespace_at="namespace"
    )
    yield Row("HelmRelease", "spec.valuesFrom.*.name", ("ConfigMap", "Secret"), kind_at="kind", optional_at="optional")
    yield Row("HelmRelease", "spec.dependsOn.*.name", ("HelmRelease",), namespace_at="namespace")
    yield Row("Kustomization", "spec.sourceRef.name", sources, kind_at="kind", namespace_at="namespace")


TABLE: tuple[Row, ...] = (*_pod_rows(), *_kserve_rows(), *_kubernetes_rows(), *_network_rows(), *_tool_rows())
_PLACES = PathTable(TABLE)
_ALLOWED: dict[tuple[str, str], tuple[str, ...]] = {}
"""By the place of a name: the kinds that may be next to it."""
for _row in (row for row in TABLE if row.kind_at):
    _ALLOWED[_row.kind, _row.path] = (*_ALLOWED.get((_row.kind, _row.path), ()), *_row.to)
# Kinds that exist without a namespace.
CLUSTER_KINDS = frozenset({"ClusterIssuer", "ClusterRole", "ClusterSecretStore", "ClusterServingRuntime"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in an object. kinds: that it may name. namespace: "" for any. holder: the mapping with the name."""

    row: Row
    obj: KubeObject
    path: KeyPath
    name: str
    namespace: str
    kinds: tuple[str, ...]
    holder: Mapping[str, Any]


def granted_places(obj: KubeObject) -> dict[KeyPath, Mapping[str, Any]]:
    """The references of a Gateway or route of which another namespace has to permit the target, by their path."""
    found = _PLACES.texts(obj, obj.kind)
    return {one.path[:-1]: one.holder for one in found if one.row.namespace_at and "Gateway" not in one.row.to}


def references(obj: KubeObject, kind: str, start: KeyPath = ()) -> Iterator[Reference]:
    """The references of an object by the rows of a kind, whose paths begin at ``start``."""
    for place in _PLACES.texts(obj, kind, start):
        yield from _reference(place.row, obj, place.path, place.holder, place.text)


def _reference(row: Row, obj: KubeObject, path: KeyPath, holder: Mapping[str, Any], text: str) -> Iterator[Reference]:
    parsed = _parse(row, obj, text)
    if parsed is None:
        return
    name, namespace = parsed
    kinds = _kinds(row, holder)
    if row.namespace_at and isinstance(holder.get(row.namespace_at), str):
        namespace = holder[row.namespace_at]
    if row.scope in ("cluster", "any") or set(kinds) <= CLUSTER_KINDS:
        namespace = ""
    if kinds and (namespace or row.scope != "own" or set(kinds) & CLUSTER_KINDS):
        yield Reference(row, obj, path, name, namespace, kinds, holder)


def nearly_kinds(obj: KubeObject, kind: str, start: KeyPath = ()) -> Iterator[tuple[Setting, str]]:
    """Kinds next to a name that nearly are one that the reference may have, and that one."""
    seen: set[KeyPath] = set()
    for place in _PLACES.texts(obj, kind, start):
        given, path = place.holder.get(place.row.kind_at), (*place.path[:-1], place.row.kind_at)
        allowed = _ALLOWED.get((kind, place.row.path), ())
        if isinstance(given, str) and given and allowed and given not in allowed and path not in seen:
            seen.add(path)
            meant = near_name(given, allowed)
            if meant:
                yield Setting(given, obj, path), meant


def _kinds(row: Row, holder: Mapping[str, Any]) -> tuple[str, ...]:
    """The kinds that a reference may name; empty if it names one that is not in the table."""
    if not row.kind_at:
        return row.to
    given = holder.get(row.kind_at)
    if given is None:
        return () if row.named else row.to[:1]
    return (given,) if given in row.to else ()


def _parse(row: Row, obj: KubeObject, text: str) -> tuple[str, str] | None:
    """Name and namespace in a text; None if it has another form."""
    if row.form == "pvc":
        scheme, found, rest = text.partition("://")
        return (rest.partition("/")[0], obj.namespace) if found and scheme == "pvc" else None
    if row.form == "ns/name":
        namespace, found, name = text.rpartition("/")
        return (name, namespace if found else obj.namespace)
    if row.form == "principal":
        parts = text.split("/")
        return (parts[4], parts[2]) if len(parts) == 5 and parts[1::2] == ["ns", "sa"] else None
    if row.form in ("host", "service"):
        parts = text.split(".")
        if len(parts) == 1 and row.form == "service":
            return text, obj.namespace
        return (parts[0], parts[1]) if len(parts) > 2 and parts[2] == "svc" else None
    return text, obj.namespace
