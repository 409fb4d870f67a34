"""config-istio as net-istio parses it."""

from __future__ import annotations

import pytest

from kserve_wiring.cluster.config_istio import GatewayConfig, parse_gateway_config
from kserve_wiring.manifests.load import load_values
from kserve_wiring.manifests.objects import Setting

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
    ingress = config.default("ingress")
    assert ingress is not None
    assert ingress.gateway == "knative-serving/knative-ingress-gateway"
    assert [entry.gateway for entry in config.local] == ["b/a"]


def test_an_empty_list_is_no_gateway() -> None:
    assert parse(**{"local-gateways": "[]"}).local == []


def test_legacy_keys() -> None:
    config = parse(**{"local-gateway.ns.gw": "gw.ns.svc.cluster.local", "gateway.old": "old.ns.svc.cluster.local"})
    assert [entry.gateway for entry in config.local] == ["ns/gw"]
    assert [entry.gateway for entry in config.ingress] == ["knative-serving/old"]


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
