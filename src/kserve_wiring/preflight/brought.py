# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What people bring: namespaces, Secrets and the CA, which must be there and have the right form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.pull_secrets import DOCKER_CONFIG, DOCKER_CONFIG_TYPE, auth_hosts
from kserve_wiring.grammar.image import auth_key_matches, parse_image
from kserve_wiring.manifests.objects import KubeObject, ObjectRef
from kserve_wiring.preflight.environment import Environment
from kserve_wiring.preflight.reader import Reader

_TLS_TYPE = "kubernetes.io/tls"
_CA_KEY = "cabundle.crt"
# KServe tells the sources of models apart by these keys (pkg/credentials/service_account_credentials.go).
_SOURCES = {"s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "huggingFace": ("HF_TOKEN",)}
_MAKE = "create it as README.md describes"
_VERSIONS = {"IngressClass": "networking.k8s.io/v1", **dict.fromkeys(("Namespace", "Secret", "ConfigMap"), "v1")}


def brought(environment: Environment, reader: Reader) -> Iterator[str]:
    """A line for each object that is missing, or is not what the environment needs."""
    needed = list({ref.identity: ref for ref in _needed(environment)}.values())
    there = reader.named(needed)
    unread = bool(reader.unseen)
    gone: dict[tuple[str, str], list[str]] = defaultdict(list)
    for ref in needed:
        obj = there.get(ref.identity)
        if obj is not None:
            yield from _faults(obj, environment)
        elif not unread:
            gone[ref.kind, ref.name if ref.namespace else ""].append(ref.namespace or ref.name)
    for (kind, name), places in gone.items():
        yield _missing(kind, name, sorted(places), environment)


def _needed(environment: Environment) -> Iterator[ObjectRef]:
    """The objects of the fact existing, without the Services of gateways, and namespaces that no release creates."""
    for text in sorted(environment.facts.existing or ()):
        kind, namespace, name = text.split("/", 2)
        if kind in _VERSIONS and not _created(environment, kind, namespace, name):
            yield ObjectRef(_VERSIONS[kind], kind, namespace, name)
    if environment.value("namespaces", "create") is False:
        made = {obj.name for obj in environment.created if obj.kind == "Namespace"}
        for name in sorted(set(environment.namespaces.values()) - made):
            yield ObjectRef("v1", "Namespace", "", name)


def _created(environment: Environment, kind: str, namespace: str, name: str) -> bool:
    """Whether helm makes it: the namespace of a release, with --create-namespace."""
    created = kind == "Namespace" and environment.value("namespaces", "create") is True
    return created and name in environment.namespaces.values()


def _missing(kind: str, name: str, places: list[str], environment: Environment) -> str:
    where = ", ".join(places)
    if kind == "Namespace":
        return f"Namespace {where} does not exist: ask for it, or let the answers create it (namespaces, tenants)"
    if kind == "IngressClass":
        return f"IngressClass {where} does not exist: install a controller that serves it, or correct ingress_class"
    return f"{kind} {name} does not exist in {where}: {_MAKE}"


def _faults(obj: KubeObject, environment: Environment) -> Iterator[str]:
    facts = environment.facts
    if obj.kind == "Namespace" and obj.get("status", "phase") == "Terminating":
        yield f"{obj.ref} is being deleted: wait until it is gone, or find what holds it"
    if f"{obj.kind}/{obj.name}" == facts.registry_ca and _CA_KEY not in {**obj.mapping("data")}:
        yield f"{obj.ref} has no key {_CA_KEY}, the only one that KServe reads: {_MAKE}"
    if obj.kind == "Secret" and obj.name == facts.pull_secret:
        yield from _pull_secret(obj, environment)
    if obj.kind == "Secret":
        yield from _of_models(obj, environment)
    tls = obj.kind == "Secret" and obj.name == environment.value("gateways", "ingress", "tlsSecret")
    if tls and obj.get("type") != _TLS_TYPE:
        yield f"{obj.ref} has the type {obj.get('type')}, not {_TLS_TYPE}: {_MAKE}"


def _of_models(obj: KubeObject, environment: Environment) -> Iterator[str]:
    """A tenant's Secret that KServe or the kubelet would ignore."""
    for tenant in environment.value("tenants") or ():
        if tenant.get("name") != obj.namespace:
            continue
        for source, keys in _SOURCES.items():
            missing = [key for key in keys if key not in obj.mapping("data")]
            if tenant.get(source, {}).get("secret") == obj.name and missing and not _own_keys(environment, source):
                yield f"{obj.ref} has no key {' and no key '.join(missing)}, which KServe looks for: {_MAKE}"
        if tenant.get("oci", {}).get("pullSecret") == obj.name and obj.get("type") != DOCKER_CONFIG_TYPE:
            yield f"{obj.ref} has the type {obj.get('type')}, not {DOCKER_CONFIG_TYPE}: {_MAKE}"


def _own_keys(environment: Environment, source: str) -> bool:
    """Whether the user's values give the keys of S3 other names."""
    return source == "s3" and bool(environment.value("kserve", "config", "credentials", "s3"))


def _pull_secret(obj: KubeObject, environment: Environment) -> Iterator[str]:
    if obj.get("type") != DOCKER_CONFIG_TYPE:
        yield f"{obj.ref} has the type {obj.get('type')}, not {DOCKER_CONFIG_TYPE}: {_MAKE}"
        return
    try:
        hosts = auth_hosts(obj)
    except ValueError as error:
        yield f"{obj.ref}: {DOCKER_CONFIG}: {error}: {_MAKE}"
        return
    for place in _places(environment.facts):
        if not any(auth_key_matches(host, parse_image(f"{place}/image:1")) for host in hosts):
            yield f"{obj.ref} has no login for {place}, only for {', '.join(sorted(hosts)) or 'nothing'}: {_MAKE}"


def _places(facts: Facts) -> Iterator[str]:
    """Where images come from: the private registry with its project, and its caches."""
    yield f"{facts.registry}/{facts.registry_project}".rstrip("/")
    yield from facts.registry_caches
