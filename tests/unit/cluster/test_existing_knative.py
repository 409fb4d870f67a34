"""Knative of others: the fact, and what it stands for in the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring import Options, inspect
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts, FactsError, make_facts
from kserve_wiring.manifests.load import load_text

ASKED: dict[str, Any] = {
    "config": {"domain": {"ml.corp.example": ""}, "deployment": {"digest-resolution-timeout": "9s"}}
}
LIVE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: config-domain, namespace: knative-serving}
data: {other.example: ""}
"""
SERVER = """
apiVersion: operator.knative.dev/v1beta1
kind: KnativeServing
metadata: {name: knative-serving, namespace: knative-serving}
"""
CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: inferenceservice-config, namespace: kserve}
data:
  ingress: |
    {"ingressGateway": "knative-serving/knative-ingress-gateway", "ingressDomain": "models.corp.example",
     "localGateway": "knative-serving/knative-local-gateway",
     "localGatewayService": "knative-local-gateway.istio-system.svc.cluster.local"}
"""


def facts(value: Any) -> Facts:
    return make_facts([], {"existing_knative": value})


def domains(text: str) -> list[str]:
    return list(Cluster(load_text(text, "a.yaml").objects, facts(ASKED)).knative.settings("domain"))


def test_its_config_maps_are_those_of_knative() -> None:
    cluster = Cluster([], facts(ASKED))
    assert cluster.knative.namespace == "knative-serving"
    assert list(cluster.knative.settings("domain")) == ["ml.corp.example"]
    assert not cluster.knative.known("istio")
    assert cluster.objects == [], "the schemas and other rules judge only what was read"


@pytest.mark.parametrize(("text", "expected"), [("", ["ml.corp.example"]), (LIVE, ["other.example"]), (SERVER, [])])
def test_what_was_read_wins(text: str, expected: list[str]) -> None:
    assert domains(text) == expected


def test_it_is_compared_with_the_settings_of_kserve() -> None:
    loaded = load_text(CONFIG, "a.yaml")
    with_fact, without = (
        {one.code for one in inspect(loaded, options).findings}
        for options in (Options(facts={"existing_knative": ASKED}), Options())
    )
    assert with_fact - without == {"KW410"}


def test_text_is_read_as_yaml() -> None:
    assert facts('{"config": {"domain": {"a.b": ""}}}').existing_knative == {"config": {"domain": {"a.b": ""}}}
    assert facts("").existing_knative == {}


@pytest.mark.parametrize(
    "wrong",
    ["knative", "{a: b", [ASKED], {"spec": ASKED}, {"config": {"other": {}}}, {"config": {"domain": {"a": None}}}],
)
def test_another_form_is_an_error(wrong: Any) -> None:
    with pytest.raises(FactsError, match=r"^existing_knative must be fields of spec of KnativeServing, with config"):
        facts(wrong)
