"""What istiod did not send: the Gateways and VirtualServices against the configuration of an Envoy."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.diagnose import diagnose
from kserve_wiring.doctor.sent import missing
from kserve_wiring.manifests.load import load_values
from tests.unit.doctor.dumps import listener, refused, routes
from tests.unit.doctor.routed import DOMAIN, Object, cluster, gateway, made

LOCAL, INGRESS = ("ml-gateway", "ml-local-1"), ("istio-system", "ingress-1")
HOST, LOCAL_HOST = "iris.models.ml.example.com", f"iris.models.{DOMAIN}"
SENT: dict[tuple[str, str], list[Any]] = {
    LOCAL: [listener(8081), routes("http.8081", LOCAL_HOST, f"{LOCAL_HOST}:*")],
    INGRESS: [
        *(listener(8080), listener(8443)),
        *(routes("http.8080", HOST), routes("https.443.https.ingress.istio-system", HOST)),
    ],
}


def virtual_service(**spec: Any) -> Object:
    spec = {"hosts": [HOST, LOCAL_HOST], "gateways": ["istio-system/ingress", "ml-gateway/ml-local", "mesh"]} | spec
    return made("VirtualService", "iris", "models", "networking.istio.io/v1", spec={"http": [{}], **spec})


def objects(*more: Object) -> list[Object]:
    """The ingress Gateway terminates TLS, and each Gateway has hosts of its own."""
    found = cluster()
    for one in found:
        if one["kind"] == "Gateway":
            host = "*.svc.cluster.local" if one["metadata"]["name"] == "ml-local" else "*.models.ml.example.com"
            for server in one["spec"]["servers"]:
                server["hosts"] = [host]
                if server["port"]["protocol"] == "HTTPS":
                    server["port"]["name"] = "https"
                    server["tls"] = {"mode": "SIMPLE", "credentialName": "cert"}
        if one["kind"] == "Service" and one["metadata"]["name"] == "ingress":
            one["spec"]["ports"] = [{"port": 80, "targetPort": 8080}, {"port": 443, "targetPort": 8443}]
    return [*found, virtual_service(), *more]


def lacks(sent: dict[tuple[str, str], list[Any]], *more: Object, of: list[Object] | None = None) -> list[str]:
    collected = Collected(load_values(of or objects(*more)), envoys=sent)
    return [f"{one.object.ref}: {one.text}" for one in missing(collected)]


def test_all_is_sent() -> None:
    assert lacks(SENT) == []


def test_without_a_dump_nothing_is_missing() -> None:
    assert lacks({}) == []


def test_no_listener() -> None:
    (text,) = lacks(SENT | {LOCAL: []})
    assert text.startswith("Gateway ml-gateway/ml-local: Envoy does not listen on port 8081 for port 8081 of Gateway")
    assert text.endswith("istiod sends no listener")


def test_a_listener_that_waits_for_its_certificate() -> None:
    waiting = [one if one.get("name") != "0.0.0.0_8443" else listener(8443, waits=True) for one in SENT[INGRESS]]
    (text,) = lacks(SENT | {INGRESS: waiting})
    assert text.endswith("listener 0.0.0.0_8443 waits, as it does for a certificate")


def test_two_gateways_with_one_port_and_tls_host() -> None:
    rival = gateway("ingress", "team-b", (443, "HTTPS"))
    rival["spec"]["servers"][0] |= {"hosts": ["models/*.models.ml.example.com"], "tls": {"mode": "SIMPLE"}}
    rival["spec"]["servers"][0]["port"]["name"] = "https"
    (text,) = lacks(SENT, rival)
    assert text == (
        "Gateway team-b/ingress: istiod does not send port 443 of Gateway team-b/ingress to Envoy: Gateway "
        "istio-system/ingress has the same port and TLS host *.models.ml.example.com"
    )


def test_a_host_without_a_route() -> None:
    (text,) = lacks(SENT | {LOCAL: [listener(8081), routes("http.8081", "other")]})
    assert text == (
        f"VirtualService models/iris: istiod sends Envoy no route for host {LOCAL_HOST} of VirtualService models/iris, "
        "which names the Gateway ml-gateway/ml-local"
    )


def test_a_host_that_no_server_admits_is_no_matter_of_istiod() -> None:
    other = virtual_service(hosts=["iris.other.example.com", "iris", "*.models.ml.example.com"])
    assert lacks(SENT, of=[*objects()[:-1], other]) == []


def test_what_envoy_refuses() -> None:
    (text,) = lacks(SENT | {LOCAL: [*SENT[LOCAL], refused("0.0.0.0_9", "Failed to load certificate chain")]})
    assert text.endswith("Envoy refuses 0.0.0.0_9, which istiod sends: Failed to load certificate chain")


def test_a_refused_listener_is_said_once() -> None:
    (text,) = lacks(SENT | {LOCAL: [refused("0.0.0.0_8081", "Failed to load certificate chain")]})
    assert "Envoy refuses 0.0.0.0_8081" in text


@pytest.mark.parametrize("mode", ["PASSTHROUGH", "AUTO_PASSTHROUGH"])
def test_what_envoy_passes_through_has_no_route(mode: str) -> None:
    found = objects()
    servers = next(one for one in found if one["kind"] == "Gateway" and one["metadata"]["name"] == "ingress")["spec"]
    servers["servers"][1]["tls"] = {"mode": mode}
    assert lacks(SENT | {INGRESS: SENT[INGRESS][:1] + SENT[INGRESS][2:3]}, of=found) == []


@pytest.mark.parametrize(
    ("sent", "symptom"),
    [
        ({LOCAL: []}, "envoy-no-listener"),
        ({LOCAL: [listener(8081)]}, "envoy-no-route"),
        ({INGRESS: [listener(8080), listener(8443), routes("http.8080", HOST)]}, "envoy-rival"),
        ({LOCAL: [*SENT[LOCAL], refused("x", "y")]}, "envoy-refuses"),
    ],
)
def test_each_has_its_verdict(sent: dict[tuple[str, str], list[Any]], symptom: str) -> None:
    found = diagnose(Collected(load_values(objects()), envoys=SENT | sent)).verdicts
    assert [(one.stage, one.explanation and one.explanation.symptom.id) for one in found] == [("gateways", symptom)]
