# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Gateways that others have installed: their Pods, Service and Gateways, of which the facts are all that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.gateways import ENCRYPTED
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, Source, mappings_of

Given = Mapping[str, Any]
"""``namespace``, ``labels`` of the Pods, ``service``, ``ports`` of the Service, and ``servers`` of other Gateways."""

FORM = "a list of {namespace: text, labels: {key: value}, service: name, ports: [{port: 80, targetPort: 8080}]}"
_SERVERS = "with servers: [{gateway: namespace/name, port: 443, protocol: HTTPS, hosts: [name]}]"


def read_gateways(value: Any) -> tuple[Given, ...]:
    """The gateways of a fact, a list or YAML text. Raises ValueError for another form."""
    try:
        listed = yamltext.load_embedded(value) if isinstance(value, str) else value
    except yamltext.YamlError as error:
        raise ValueError(f"existing_gateways must be {FORM}: {error}") from error
    for item in listed if isinstance(listed, list) else [None]:
        if not isinstance(item, Mapping) or not _is_gateway(item):
            raise ValueError(f"existing_gateways must be {FORM}, if needed {_SERVERS}")
    return tuple(listed)


def _is_gateway(item: Given) -> bool:
    texts = all(isinstance(item.get(key), str) and item[key] for key in ("namespace", "service"))
    labels, ports, servers = item.get("labels"), item.get("ports"), item.get("servers", [])
    named = isinstance(labels, Mapping) and bool(labels) and isinstance(servers, list)
    numbers = isinstance(ports, list) and all(isinstance(port, Mapping) and "port" in port for port in ports)
    return texts and named and numbers and all(map(_is_server, servers))


def _is_server(server: Any) -> bool:
    return (
        isinstance(server, Mapping)
        and isinstance(server.get("gateway"), str)
        and isinstance(server.get("port"), int)
        and isinstance(server.get("hosts"), list)
    )


def gateway_pods(gateways: tuple[Given, ...], source: Source) -> Iterator[PodUse]:
    """The Pods of each gateway, named after its Service."""
    for item in gateways:
        labels = item["labels"]
        body = {"metadata": {"namespace": item["namespace"], "name": item["service"], "labels": labels}, "spec": {}}
        pod = KubeObject(ObjectRef("v1", "Pod", item["namespace"], item["service"]), body, source)
        yield PodUse(pod, ("spec",), {}, labels, {})


def gateway_objects(gateways: tuple[Given, ...], source: Source) -> Iterator[KubeObject]:
    """The Service of each gateway, and the Gateways that already use its ports."""
    for item in gateways:
        meta = {"namespace": item["namespace"], "name": item["service"]}
        body = {"metadata": meta, "spec": {"selector": item["labels"], "ports": item["ports"]}}
        yield KubeObject(ObjectRef("v1", "Service", item["namespace"], item["service"]), body, source)
        for name in dict.fromkeys(server["gateway"] for server in item.get("servers", [])):
            yield _gateway(name, item, source)


def _gateway(name: str, item: Given, source: Source) -> KubeObject:
    """One of the Gateways of others on these Pods."""
    namespace, _, short = name.rpartition("/")
    servers = [
        {
            "port": {"number": server["port"], "protocol": server.get("protocol", "HTTP")},
            "hosts": server["hosts"],
            "tls": {"mode": "SIMPLE", "credentialName": "of others"} if server.get("protocol") in ENCRYPTED else {},
        }
        for _, server in mappings_of(item["servers"])
        if server["gateway"] == name
    ]
    meta = {"namespace": namespace, "name": short}
    body = {"metadata": meta, "spec": {"selector": item["labels"], "servers": servers}}
    return KubeObject(ObjectRef("networking.istio.io/v1", "Gateway", namespace, short), body, source)
