"""Istio's host matching and port translation, and config-istio as net-istio parses it."""

from __future__ import annotations

import pytest

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.config_istio import GatewayConfig, parse_gateway_config
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.knative import find_knative
from kserve_wiring.cluster.knative_operator import stock_service_namespace
from kserve_wiring.manifests.load import load_values
from kserve_wiring.manifests.objects import KubeObject, Setting


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("*", "a.ml", True),
        ("*.ml", "a.ml", True),
        ("*.ml", "a.ml.svc", False),
        ("*.svc.cluster.local", "a.ml.svc.cluster.local", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("a.ml", "a.ml", True),
        ("ml/*", "a.ml", True),
        ("other/*", "a.ml", False),
        ("./*", "a.ml", False),
        ("*/*.ml", "a.ml", True),
    ],
)
def test_covers(pattern: str, host: str, covered: bool) -> None:
    """I:pkg/config/host/name.go and core/gateway.go: suffix match, namespace before the slash."""
    assert gw.covers(pattern, host, "ml") is covered


def service(port: int, target: int | str | None, *, label: bool = False) -> KubeObject:
    labels = {gw.NO_TRANSLATION: "true"} if label else {}
    entry = {"name": "http2", "port": port} | ({} if target is None else {"targetPort": target})
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "labels": labels},
        "spec": {"ports": [entry]},
    }
    return load_values([body])[0]


@pytest.mark.parametrize(
    ("number", "services", "listens"),
    [
        (80, [service(80, 80)], 80),
        (80, [service(80, 8080)], 8080),
        (80, [service(80, None)], 80),
        (80, [service(80, "http")], "http"),
        (80, [service(80, "8080")], 8080),
        (8081, [service(80, 8081)], 8081),
        (80, [service(80, 8080, label=True)], 80),
        (80, [service(80, 8080, label=True), service(80, 8082)], 8082),
        (80, [], 80),
    ],
)
def test_listening_port(number: int, services: list[KubeObject], listens: int | str) -> None:
    """I:pilot/pkg/model/gateway.go resolvePorts."""
    server = gw.Server((), number, "HTTP", ("*",), {})
    assert gw.listening_port(server, services) == listens


@pytest.mark.parametrize(
    ("host", "parts"),
    [
        ("a.b.svc.cluster.local", ("a", "b", "cluster.local")),
        ("a.b.svc.cluster.local.", ("a", "b", "cluster.local")),
        ("a.b.svc.corp.internal", ("a", "b", "corp.internal")),
        ("a.b.svc", None),
        ("a.b", None),
        ("a", None),
    ],
)
def test_split_service_host(host: str, parts: tuple[str, str, str] | None) -> None:
    assert gw.split_service_host(host) == parts


HOLDER = load_values([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config-istio"}}])[0]


def parse(**data: str) -> GatewayConfig:
    settings = {key: Setting(value, HOLDER, ("data", key)) for key, value in data.items()}
    return parse_gateway_config(settings, HOLDER, ("data",))


def test_defaults() -> None:
    config = parse()
    local = config.default("local")
    assert local is not None
    assert (local.gateway, local.service) == (
        "knative-serving/knative-local-gateway",
        "knative-local-gateway.istio-system.svc.cluster.local",
    )
    assert config.problems == []


def test_one_key_leaves_the_other_at_its_default() -> None:
    config = parse(**{"local-gateways": "- {name: a, namespace: b, service: c.b.svc.cluster.local}"})
    external = config.default("external")
    assert external is not None
    assert external.gateway == "knative-serving/knative-ingress-gateway"
    assert [entry.gateway for entry in config.local] == ["b/a"]


def test_an_empty_list_is_no_gateway() -> None:
    assert parse(**{"local-gateways": "[]"}).local == []


def test_legacy_keys() -> None:
    config = parse(**{"local-gateway.ns.gw": "gw.ns.svc.cluster.local", "gateway.old": "old.ns.svc.cluster.local"})
    assert [entry.gateway for entry in config.local] == ["ns/gw"]
    assert [entry.gateway for entry in config.external] == ["knative-serving/old"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- {name: a, namespace: b}", "invalid configuration: invalid local gateway b/a: missing service"),
        ("- {name: a, service: c.b.svc.x}", "invalid configuration: invalid local gateway /a: missing namespace"),
        ("- {name: a, namespace: y, service: c}", ""),
        ("- {NAME: a, Namespace: b, SERVICE: c.b.svc.x}", ""),
        ("- {name: a, namespace: b, service: 'c.b:80'}", "invalid gateway service format"),
        ("- {name: a, namespace: b, service: c.b.svc.x.}", ""),
        ("{name: a}", 'failed to parse "local-gateways" gateways: failed to unmarshal'),
        ("- name: [", 'failed to parse "local-gateways" gateways'),
        ("- {name: a, namespace: b, service: c, labelSelector: {}}", "exactly one local gateway with no selector"),
    ],
)
def test_problems(text: str, reason: str) -> None:
    problems = parse(**{"local-gateways": text}).problems
    assert bool(problems) is bool(reason)
    assert not reason or reason in problems[0].reason


def test_both_formats_are_refused() -> None:
    config = parse(**{"local-gateways": "[]", "gateway.a.b": "b.a.svc.cluster.local"})
    assert "can not be defined simultaneously" in config.problems[0].reason
    assert config.default("local") is None


def test_a_bare_y_is_a_boolean() -> None:
    """go-yaml reads YAML 1.1: the namespace becomes "true"."""
    assert parse(**{"local-gateways": "- {name: x, namespace: y, service: c}"}).local[0].gateway == "true/x"


STRUCTURED = (
    "- {name: knative-local-gateway, namespace: knative-serving, service: knative-local-gateway.gw.svc.cluster.local}"
)
LEGACY = {"local-gateway.knative-serving.knative-local-gateway": "knative-local-gateway.gw.svc.cluster.local"}


@pytest.mark.parametrize(
    ("operator", "istio", "namespace"),
    [
        ("1.21.1", {}, "istio-system"),
        ("1.21.1", {"local-gateways": STRUCTURED}, "knative-serving"),
        ("1.20.2", {"local-gateways": STRUCTURED}, "istio-system"),
        ("1.23.0", LEGACY, "gw"),
        ("1.20.2", LEGACY, "gw"),
        (
            "1.23.0",
            {"local-gateways": "- {name: own, namespace: gw, service: own.gw.svc.cluster.local}"},
            "istio-system",
        ),
        ("1.20.2", {"local-gateways": STRUCTURED} | LEGACY, "gw"),
        ("1.21.0", {"local-gateways": STRUCTURED} | LEGACY, "knative-serving"),
        ("1.21.0", {"local-gateways": "- {name: knative-local-gateway}"} | LEGACY, "gw"),
        ("1.23.0", {"local-gateways": "- ["} | LEGACY, "gw"),
        ("1.23.0", {"local-gateway.other.knative-local-gateway": "a.b"}, "istio-system"),
        ("1.23.0", {"local-gateway.knative-serving.knative-local-gateway": "short"}, "istio-system"),
    ],
)
def test_where_the_operator_puts_its_service(operator: str, istio: dict[str, str], namespace: str) -> None:
    """O:pkg/reconciler/knativeserving/ingress/ingress_service.go, each seen on a real control plane."""
    server = {
        "apiVersion": "operator.knative.dev/v1beta1",
        "kind": "KnativeServing",
        "metadata": {"name": "knative-serving", "namespace": "knative-serving"},
        "spec": {"config": {"istio": istio}},
    }
    context = Facts(knative_operator_version=operator)
    assert stock_service_namespace(find_knative(load_values([server])), context) == namespace


def test_the_operator_reads_both_parts_of_its_own_object_only() -> None:
    server = {
        "apiVersion": "operator.knative.dev/v1beta1",
        "kind": "KnativeServing",
        "metadata": {"name": "knative-serving", "namespace": "knative-serving"},
        "spec": {"config": {"istio": {"local-gateways": STRUCTURED}, "config-istio": LEGACY}},
    }
    by_hand = {
        "kind": "ConfigMap",
        "metadata": {"name": "config-istio", "namespace": "knative-serving"},
        "data": LEGACY,
    }
    context = Facts(knative_operator_version="1.23.0")
    assert stock_service_namespace(find_knative(load_values([server])), context) == "gw"
    del server["spec"]["config"]  # type: ignore[attr-defined]
    assert stock_service_namespace(find_knative(load_values([server, by_hand])), context) == "istio-system"
