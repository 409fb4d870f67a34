# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The parts that others have installed, and what README.md of an environment asks of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.injector import injector_config, is_injector
from kserve_wiring.cluster.label_selectors import is_valid, matches
from kserve_wiring.cluster.llm import POOL_SWITCH, is_on, pool_switch
from kserve_wiring.cluster.mesh_config import mesh_of
from kserve_wiring.grammar.image import parse_image
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, mappings_of
from kserve_wiring.preflight.environment import Environment
from kserve_wiring.preflight.reader import Reader

_GATEWAY_API = "gateway.networking.k8s.io"
_APIS = {"cert-manager.io": "certManager", "networking.istio.io": "istio"}
_TITLES = {
    "cert-manager.io": "cert-manager",
    "networking.istio.io": "Istio",
    "external-secrets.io": "the External Secrets Operator",
    _GATEWAY_API: "the CRDs of the Gateway API",
}


def parts(environment: Environment, reader: Reader) -> Iterator[str]:
    """A line for each part that is not there, or lacks what the environment needs."""
    yield from _apis(environment, reader)
    if environment.exists("certManager"):
        yield from _cert_manager(environment, reader)
    if environment.exists("istio"):
        yield from _istio(environment, reader)
    for gateway in environment.facts.existing_gateways:
        yield from _gateway(gateway, reader)
    yield from _patched(environment, reader)


def _apis(environment: Environment, reader: Reader) -> Iterator[str]:
    """The APIs of parts of others that objects of the environment use."""
    used: dict[tuple[str, str], KubeObject] = {}
    theirs = {group for group, component in _APIS.items() if environment.exists(component)} | {"external-secrets.io"}
    if not any(obj.get("spec", "group") == _GATEWAY_API for obj in environment.created):
        theirs.add(_GATEWAY_API)
    for obj in environment.created:
        if obj.group in theirs:
            used.setdefault((obj.ref.apiVersion, obj.kind), obj)
    for (version, kind), obj in used.items():
        if reader.serves(version, kind) is False:
            need = f"{kind} of {version}, which {obj.ref} needs"
            yield f"the cluster does not serve {need}: install {_TITLES[obj.group]}, or a version that has it"


def _cert_manager(environment: Environment, reader: Reader) -> Iterator[str]:
    namespace = str(environment.value("namespaces", "certManager"))
    watched = str(environment.value("namespaces", "kserve"))
    found = _workloads(reader, namespace, "cert-manager-controller", "cert-manager-cainjector")
    if found is None:
        return
    for name, title in (("cert-manager-controller", "controller"), ("cert-manager-cainjector", "CA injector")):
        obj = found.get(name)
        if obj is None:
            yield f"cert-manager has no {title} in namespace {namespace}: install it, or correct cert_manager_namespace"
        elif not obj.get("status", "readyReplicas"):
            yield f"{obj.ref}, cert-manager's {title}, has no ready Pod"
        elif _argument(obj, "namespace") not in ("", watched):
            yield f"{obj.ref} watches only namespace {_argument(obj, 'namespace')}: it must watch {watched}, too"


def _istio(environment: Environment, reader: Reader) -> Iterator[str]:
    namespace = str(environment.value("namespaces", "istio"))
    found = _workloads(reader, namespace, "pilot")
    if found is None:
        return
    obj = found.get("pilot")
    if obj is None:
        yield f"istiod is not in namespace {namespace}: install it, or correct istio_namespace"
        return
    if not obj.get("status", "readyReplicas"):
        yield f"{obj.ref}, istiod, has no ready Pod"
    yield from _istiod_settings(obj, environment)
    yield from _mesh(environment, reader, namespace)


def _istiod_settings(obj: KubeObject, environment: Environment) -> Iterator[str]:
    wanted, domain = str(environment.value("versions", "istio")), str(environment.value("clusterDomain"))
    tag = next((tag for name, tag in _images(obj) if name == "pilot"), "")
    if tag[:1].isdigit() and tag.partition("-")[0] != wanted:
        yield f"{obj.ref} has version {tag.partition('-')[0]}: set istio_version to it, not {wanted}"
    if _argument(obj, "domain") not in ("", domain):
        yield f"{obj.ref} serves the cluster domain {_argument(obj, 'domain')}: it must be cluster_domain, {domain}"
    containers = [item for _, item in mappings_of(obj.get("spec", "template", "spec", "containers"))]
    if environment.value("llm", "enabled") and not any(is_on(pool_switch(item)[1]) for item in containers):
        yield f"{obj.ref} does not route to InferencePools: set its variable {POOL_SWITCH} to true, or llm to false"


def _mesh(environment: Environment, reader: Reader, namespace: str) -> Iterator[str]:
    """The injector, which sets the image of the gateways, and the namespaces that istiod reads."""
    before = len(reader.unseen)
    maps = reader.listed("configmaps", namespace)
    gateways = {
        obj.namespace for obj in environment.created if obj.source.release in ("local-gateway", "ingress-gateway")
    }
    injectors = [obj for obj in maps if is_injector(obj)]
    if gateways and len(reader.unseen) == before and not any("gateway" in _templates(obj) for obj in injectors):
        where = " and ".join(sorted(gateways))
        yield f"istiod in namespace {namespace} has no injection template gateway, which the gateways in {where} need"
    selectors = [one for obj in maps for one in _selectors(obj)]
    if selectors:
        refs = [ObjectRef("v1", "Namespace", "", name) for name in environment.used_namespaces]
        for there in reader.named(refs).values():
            if not any(_matches(there.labels, one) for one in selectors):
                yield f"{there.ref} is left out by discoverySelectors of istiod: label it as they ask"


def _templates(obj: KubeObject) -> Mapping[str, Any]:
    found = injector_config(obj).get("templates")
    return found if isinstance(found, Mapping) else {}


def _selectors(obj: KubeObject) -> list[Mapping[str, Any]]:
    """discoverySelectors of a ConfigMap with the configuration of a mesh."""
    mesh = mesh_of(obj) if obj.name == "istio" or obj.name.startswith("istio-") else None
    listed = mesh.get("discoverySelectors") if mesh else None
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _matches(labels: Mapping[str, Any], selector: Mapping[str, Any]) -> bool:
    """Whether a selector of Kubernetes selects labels. What is no part of a selector decides nothing."""
    return matches(selector, labels) or not is_valid(selector)


def _gateway(gateway: Mapping[str, Any], reader: Reader) -> Iterator[str]:
    """The Service of a gateway with its ports, and Pods with its labels."""
    namespace, name = str(gateway["namespace"]), str(gateway["service"])
    ref = ObjectRef("v1", "Service", namespace, name)
    before = len(reader.unseen)
    service = reader.named([ref]).get(ref.identity)
    labels = ",".join(f"{key}={value}" for key, value in gateway["labels"].items())
    pods = reader.listed("pods", namespace, "--selector", labels)
    if len(reader.unseen) > before:
        return
    if service is None:
        yield f"{ref} of the existing gateway does not exist: install the gateway, or correct its answers"
    else:
        yield from _ports(service, gateway)
    if not any(pod.get("status", "phase") == "Running" for pod in pods):
        yield f"no Pod in namespace {namespace} with the labels {labels} of the existing gateway runs"


def _ports(service: KubeObject, gateway: Mapping[str, Any]) -> Iterator[str]:
    have = {item.get("port"): item.get("targetPort") for item in service.items("spec", "ports")}
    for item in gateway["ports"]:
        port, target = item["port"], item.get("targetPort")
        if port not in have:
            yield f"{service.ref} has no port {port}: it has {', '.join(map(str, have))}"
        elif isinstance(have[port], int) and have[port] != target:
            yield f"{service.ref} has the targetPort {have[port]} for port {port}, and the answers have {target}"


def _patched(environment: Environment, reader: Reader) -> Iterator[str]:
    """ConfigMaps of Knative's release YAML, of which the environment sets some fields."""
    before = len(reader.unseen)
    refs = [obj.ref for obj in environment.patched if obj.kind == "ConfigMap"]
    there = reader.named(refs)
    gone = [ref for ref in refs if ref.identity not in there]
    if gone and len(reader.unseen) == before:
        names = ", ".join(ref.name for ref in gone)
        lacks = f"Knative Serving in namespace {gone[0].namespace} lacks ConfigMap {names}"
        yield f"{lacks}: install its release YAML, or set knative_install to operator"


def _workloads(reader: Reader, namespace: str, *images: str) -> dict[str, KubeObject] | None:
    """The Deployments of a namespace that run an image of one of these names; None if they cannot be seen."""
    before = len(reader.unseen)
    listed = reader.listed("deployments.apps", namespace)
    if len(reader.unseen) > before:
        return None
    return {name: obj for obj in listed for name, _ in _images(obj) if name in images}


def _images(obj: KubeObject) -> Iterator[tuple[str, str]]:
    """The last part of the path, and the tag, of each image."""
    for container in obj.items("spec", "template", "spec", "containers"):
        try:
            image = parse_image(str(container.get("image")))
        except ValueError:
            continue
        yield image.repository.rpartition("/")[2], image.tag


def _argument(obj: KubeObject, name: str) -> str:
    """The value of a flag of the containers, as --name=value or --name value; "" if it is not set."""
    words = [
        str(word) for item in obj.items("spec", "template", "spec", "containers") for word in item.get("args") or []
    ]
    for index, word in enumerate(words):
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
        if word == f"--{name}" and index + 1 < len(words):
            return words[index + 1]
    return ""
