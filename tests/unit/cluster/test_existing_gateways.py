"""Gateways of others: the fact, and what it stands for in the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts, FactsError, make_facts

EDGE: dict[str, Any] = {
    "namespace": "edge",
    "service": "shared",
    "labels": {"istio": "edge"},
    "ports": [{"port": 80, "targetPort": 8080}],
    "servers": [{"gateway": "shop/web", "port": 443, "protocol": "HTTPS", "hosts": ["*"]}],
}


def facts(value: Any) -> Facts:
    return make_facts([], {"existing_gateways": value})


def test_its_pods_service_and_gateways_are_in_the_cluster() -> None:
    cluster = Cluster([], facts([EDGE]))
    (pod,) = cluster.gateway_pods
    (service,) = cluster.services_of([pod])
    assert (pod.namespace, pod.labels, service.name) == ("edge", {"istio": "edge"}, "shared")
    assert list(cluster.gateways) == ["shop/web"]
    assert cluster.objects == [], "the schemas and other rules judge only what was read"


def test_text_is_read_as_yaml() -> None:
    assert facts("[{namespace: edge, service: a, labels: {b: c}, ports: [{port: 80}]}]").existing_gateways == (
        {"namespace": "edge", "service": "a", "labels": {"b": "c"}, "ports": [{"port": 80}]},
    )
    assert facts("").existing_gateways == ()


@pytest.mark.parametrize(
    "wrong",
    [
        "edge",
        "[a: b",
        [EDGE | {"labels": {}}],
        [EDGE | {"ports": [80]}],
        [EDGE | {"service": ""}],
        [EDGE | {"servers": [{"gateway": "a/b"}]}],
        {"namespace": "edge"},
    ],
)
def test_another_form_is_an_error(wrong: Any) -> None:
    with pytest.raises(FactsError, match=r"^existing_gateways must be a list of \{namespace: text, labels: "):
        facts(wrong)
