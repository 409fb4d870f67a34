"""The checker refuses what istiod's webhook refuses, and nothing else, in many changed objects.

The other side is a Go program with the webhook's own functions. DIFFERENTIAL_EXAMPLES=20000 looks further.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kserve_wiring.cluster.istio_webhook import refused_by_istio
from tests.upstream.changes import as_object, changed, changes, many, pairs
from tests.upstream.functions import ISTIO, Upstream

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="Go is missing, which builds istiod's functions")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    running = Upstream(ISTIO)
    yield running
    running.close()


def istio(group: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "one", "namespace": "team-a"}
    return {"apiVersion": f"{group}.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


CERTIFICATE = {"credentialName": "web-tls"}
FILES = {"serverCertificate": "/a/tls.crt", "privateKey": "/a/tls.key"}
TLS = [
    {"mode": "SIMPLE", **CERTIFICATE},
    {"mode": "SIMPLE", **FILES},
    {"mode": "SIMPLE", "serverCertificate": "/a/tls.crt"},
    {"mode": "SIMPLE", **CERTIFICATE, **FILES},
    {"mode": "ISTIO_MUTUAL"},
    {"mode": "ISTIO_MUTUAL", **CERTIFICATE},
    {"mode": "PASSTHROUGH"},
    {"httpsRedirect": True},
]
PORTS = [{"number": 80, "name": "web", "protocol": name} for name in ("HTTP", "HTTPS", "TLS", "TCP", "GRPC")]
GATEWAY = istio("networking", "Gateway", {"selector": {"istio": "in"}, "servers": []})
SERVERS = [
    {"hosts": hosts, "port": port, **({"tls": tls} if tls else {})}
    for hosts in (["*"], ["a.corp.local"], ["web"], [])
    for port in (*PORTS, {"number": 80, "protocol": "HTTP"})
    for tls in (None, *TLS)
]
ENTRY = istio("networking", "ServiceEntry", {"hosts": ["a.corp.local"], "ports": [PORTS[3]], "resolution": "DNS"})
ENTRY_CHANGES: dict[str, list[Any]] = {
    "spec hosts": [["*"], ["a.corp.local", "b.corp.local"], ["*.corp.local"], ["a_b"], ["a.1"], ["a"], []],
    "spec resolution": ["NONE", "STATIC", "DNS_ROUND_ROBIN"],
    "spec endpoints": [[{"address": "10.0.0.1"}], [{"address": "10.0.0.1"}, {"address": "10.0.0.2"}]],
    "spec workloadSelector": [{"labels": {"app": "a"}}],
    "spec addresses": [["10.0.0.0/8"], ["10.0.0.1"]],
    "spec ports": [[port] for port in PORTS]
    + [[PORTS[0], PORTS[0]], [PORTS[0], {**PORTS[0], "name": "other"}], [PORTS[3], {**PORTS[0], "number": 81}]],
}
RULE = istio("networking", "DestinationRule", {"host": "a.team-a.svc.cluster.local"})
RULE_CHANGES: dict[str, list[Any]] = {
    "spec trafficPolicy": [{}, {"tls": {"mode": "SIMPLE"}}],
    "spec trafficPolicy tls": [
        {"mode": "MUTUAL"},
        {"mode": "MUTUAL", "clientCertificate": "/a"},
        {"mode": "MUTUAL", "clientCertificate": "/a", "privateKey": "/b"},
        {"mode": "MUTUAL", "credentialName": "a"},
        {"mode": "ISTIO_MUTUAL"},
    ],
    "spec subsets": [
        [{"name": "v1", "labels": {"version": "v1"}}],
        [{"name": "v1"}, {"name": "v1"}],
        [{"name": "v1", "trafficPolicy": {}}],
        [{"name": "v1", "trafficPolicy": {"tls": {"mode": "MUTUAL"}}}],
    ],
}
TO = {"destination": {"host": "a"}}
FAULTS: list[tuple[str, dict[str, Any]]] = [("abort", {"httpStatus": 500}), ("delay", {"fixedDelay": "1s"})]
PARTS: list[tuple[str, Any]] = [
    *(("mirrorPercentage", {"value": value}) for value in (0, 100, 101, -1)),
    *(("fault", {key: {"percentage": {"value": value}, **more}}) for key, more in FAULTS for value in (50, 101)),
    ("fault", {}),
    *(("rewrite", one) for one in ({}, {"uri": "/"}, {"authority": "a"})),
    ("rewrite", {"uri": "/", "uriRegexRewrite": {"match": "/a", "rewrite": "/b"}}),
    ("mirror", {"host": "b"}),
]
REDIRECTS = [
    *({}, {"scheme": "https"}, {"scheme": "tcp"}, {"port": 8443}, {"authority": "b"}, {"prefixRewrite": "/"}),
    *({"uri": "/", "prefixRewrite": "/"}, {"uri": "/", "redirectCode": 308}, {"uri": "/", "redirectCode": 200}),
]
SERVICE = istio("networking", "VirtualService", {"hosts": ["a.corp.local"], "http": [{"route": [TO]}]})
SERVICE_CHANGES: dict[str, list[Any]] = {
    "spec hosts": [
        *(["*"], ["*.corp.local"], [], ["a_b"], ["10.0.0.1"], ["a"], ["*-a.corp.local"], ["a.*.local"], ["a.1"]),
        *(["a.corp.local", "*.corp.local"], ["*.a.corp.local", "*.corp.local"], ["a.corp.local", "b.corp.local"]),
    ],
    "spec gateways": [["mesh"], ["team-a/web"], ["team-a/web", "mesh"]],
    "spec http": [
        [],
        [{"match": [{"uri": {"prefix": "/"}}]}],
        [{"redirect": {"uri": "/"}}],
        [{"redirect": {"uri": "/"}, "route": [TO]}],
        [{"directResponse": {"status": 200}, "route": [TO]}],
        [{"directResponse": {"status": 200}, "rewrite": {"uri": "/"}}],
        [{"redirect": {"uri": "/"}, "rewrite": {"uri": "/"}}],
        [{"delegate": {"name": "b"}}],
        [{"delegate": {"name": "b"}, "route": [TO]}],
        [{"route": [TO, TO]}],
        [{"route": [TO, {**TO, "weight": 1}]}],
        [{"route": [TO], "retries": {"attempts": 0, "retryOn": "5xx"}}],
        [{"route": [TO], "retries": {"attempts": 2, "perTryTimeout": "1s"}}],
        [{"route": [TO], "retries": {"perTryTimeout": "1s"}}],
        *(
            [{"route": [TO], "retries": {"attempts": 2, "retryOn": on}}]
            for on in ("5xx,reset", "5xx, reset", "503", "5x")
        ),
        [{"route": [TO], "retries": {"attempts": -1}}],
        *([{"route": [TO], key: value}] for key, value in PARTS),
        *([{"redirect": one}] for one in REDIRECTS),
        [{"directResponse": {"status": 99}}],
        [{"directResponse": {}}],
        [{"directResponse": {"status": 200}, "fault": {"abort": {"httpStatus": 500}}}],
        [{"redirect": {"uri": "/"}, "fault": {"abort": {"httpStatus": 500}}}],
    ],
    "spec tcp": [[{"route": [TO]}], [{"match": [{"port": 80}]}], [{"route": [TO, TO]}]],
    "spec tls": [
        *(
            [{"match": [{"port": 443, "sniHosts": names}], "route": [TO]}]
            for names in (["a.corp.local"], ["b.local"], [])
        ),
        [{"match": [{"port": 443, "sniHosts": ["*.corp.local", "10.0.0.1"]}], "route": [TO]}],
        [{"route": [TO]}],
        [{"match": [{"port": 443, "sniHosts": ["a.corp.local"]}]}],
    ],
}
PEER = istio("security", "PeerAuthentication", {"mtls": {"mode": "STRICT"}})
PEER_CHANGES: dict[str, list[Any]] = {
    "spec portLevelMtls": [{"8080": {"mode": "DISABLE"}}],
    "spec selector": [{"matchLabels": {"app": "a"}}, {}],
}
JWT = istio("security", "RequestAuthentication", {"jwtRules": [{"issuer": "https://sso.corp.local"}]})
JWT_CHANGES: dict[str, list[Any]] = {
    "spec jwtRules": [[{}], [{"jwksUri": "https://sso.corp.local/keys"}], [{"issuer": ""}]],
    "spec selector": [{"matchLabels": {"app": "a"}}],
    "spec targetRef": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "a"}],
}
POLICY = istio("security", "AuthorizationPolicy", {"rules": [{}]})
SOURCES = [
    {"source": source}
    for source in (
        {},
        {"ipBlocks": ["10.0.0.0/8"]},
        {"ipBlocks": ["ten"]},
        {"namespaces": ["a"]},
        {"principals": ["a"]},
    )
]
OPERATIONS = [
    {"operation": one} for one in ({}, {"ports": ["80"]}, {"ports": ["web"]}, {"ports": ["70000"]}, {"paths": ["/a"]})
]
POLICY_CHANGES: dict[str, list[Any]] = {
    "spec action": ["DENY", "CUSTOM", "AUDIT"],
    "spec provider": [{"name": "opa"}, {}],
    "spec selector": [{"matchLabels": {"app": "a"}}],
    "spec targetRef": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "a"}],
    "spec rules": [
        None,
        [],
        [{"from": []}],
        [{"to": []}],
        *([{"from": [source]}] for source in SOURCES),
        *([{"to": [operation]}] for operation in OPERATIONS),
        *(
            [{"when": [{"key": key, "values": ["a"]}]}]
            for key in ("request.headers[x]", "request.headers", "request.header[x]", "connection.sni", "source.names")
        ),
        [{"when": [{"key": "source.ip", "values": ["10.0.0.1"]}]}],
        [{"when": [{"key": "request.headers[x]"}]}],
    ],
}


def agree(upstream: Upstream, body: dict[str, Any]) -> None:
    theirs = upstream.ask("validate", json.dumps(body))["error"]
    ours = list(refused_by_istio(as_object(body)))
    assert bool(theirs) == bool(ours), (theirs, ours, body)


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: json.dumps(server))
def test_gateway(upstream: Upstream, server: dict[str, Any]) -> None:
    agree(upstream, changed(GATEWAY, [(("spec", "servers"), [server])]))


CHANGED = {
    "ServiceEntry": (ENTRY, ENTRY_CHANGES),
    "DestinationRule": (RULE, RULE_CHANGES),
    "VirtualService": (SERVICE, SERVICE_CHANGES),
    "PeerAuthentication": (PEER, PEER_CHANGES),
    "RequestAuthentication": (JWT, JWT_CHANGES),
    "AuthorizationPolicy": (POLICY, POLICY_CHANGES),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_every_pair_of_changes(upstream: Upstream, kind: str) -> None:
    base, table = CHANGED[kind]
    for made in pairs(table):
        agree(upstream, changed(base, made))


@pytest.mark.parametrize("kind", CHANGED)
@many
@given(data=st.data())
def test_changed_objects(upstream: Upstream, kind: str, data: st.DataObject) -> None:
    base, table = CHANGED[kind]
    agree(upstream, changed(base, data.draw(changes(table))))
