"""`size`: the replicas of everything that the environment installs, and what keeps one of two running."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kserve_wiring.manifests.environment import plan
from tests.chart.conftest import only
from tools import stacks
from tools.environment import generate, render, schema
from tools.environment.render import Object
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

# Their charts have no value for replicas.
ALONE = {"kserve-controller-manager", "knative-operator", "operator-webhook"}
GATEWAYS = {"kserve-local-gateway", "kserve-ingress-gateway"}
PAIRS = {"istiod", *GATEWAYS, "cert-manager", "cert-manager-webhook", "cert-manager-cainjector"}
OFFLINE = {"registry_host": "harbor.corp.local", "ingress_domain": "ml.corp.local", "offline": True}
Rendered = Callable[[dict[str, Any]], list[Object]]


@pytest.fixture(params=stacks.names(), scope="module")
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def rendered(
    stack: str,
    upstream_charts: Callable[[str], Upstream],
    newest_helm: Helm,
    tmp_path_factory: pytest.TempPathFactory,
) -> Rendered:
    """The objects of an environment with these answers."""

    def objects(answers: dict[str, Any]) -> list[Object]:
        folder = tmp_path_factory.mktemp("size") / "environment"
        generate.generate({"environment_name": "sized", "stack": stack, **answers}, folder)
        calls, missing = plan(folder, upstream_charts(stack).folder)
        assert missing == []
        return [item for one in render.render(calls, newest_helm) for item in one.objects()]

    return objects


@pytest.fixture(scope="module")
def ha(rendered: Rendered) -> list[Object]:
    return rendered({"size": "ha", **OFFLINE})


def deployments(objects: list[Object]) -> dict[str, Object]:
    return {item["metadata"]["name"]: item["spec"] for item in objects if item["kind"] == "Deployment"}


def selects(selector: Object, pod: Object) -> bool:
    return bool(selector["matchLabels"].items() <= pod["metadata"]["labels"].items())


def test_everything_with_a_value_for_replicas_has_two(ha: list[Object]) -> None:
    found = {name: spec.get("replicas", 1) for name, spec in deployments(ha).items()}
    assert found == {**dict.fromkeys(ALONE, 1), **dict.fromkeys(PAIRS, 2)}
    assert only(ha, "KnativeServing")["spec"]["high-availability"] == {"replicas": 2}


def test_two_replicas_are_spread_over_nodes(ha: list[Object]) -> None:
    for name in PAIRS:
        spec = deployments(ha)[name]
        (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
        selector = spread.pop("labelSelector")
        assert spread == {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
        chosen = [other for other, its in deployments(ha).items() if selects(selector, its["template"])]
        assert chosen == [name]


def test_a_node_can_be_drained_and_one_of_two_stays(ha: list[Object]) -> None:
    budgets = [item["spec"] for item in ha if item["kind"] == "PodDisruptionBudget"]
    for name in PAIRS:
        (budget,) = [one for one in budgets if selects(one["selector"], deployments(ha)[name]["template"])]
        assert {key: value for key, value in budget.items() if key != "selector"} in (
            {"maxUnavailable": 1},
            {"minAvailable": 1},
        )
    own = {
        item["metadata"]["name"].removeprefix("kserve-environment-"): item["spec"]
        for item in ha
        if item["kind"] == "PodDisruptionBudget" and item["metadata"]["namespace"] == "knative-serving"
    }
    names = ("autoscaler", "autoscaler-hpa", "controller", "net-istio-controller", "net-istio-webhook")
    assert own == {name: {"maxUnavailable": 1, "selector": {"matchLabels": {"app": name}}} for name in names}
    assert only(ha, "KnativeServing")["spec"]["podDisruptionBudgets"] == [
        {"name": "activator-pdb", "maxUnavailable": 1},
        {"name": "webhook-pdb", "maxUnavailable": 1},
    ]


def test_small_is_as_upstream(rendered: Rendered) -> None:
    objects = rendered({})
    assert {name: spec.get("replicas", 1) for name, spec in deployments(objects).items()} == dict.fromkeys(
        ALONE | PAIRS, 1
    )
    spec = only(objects, "KnativeServing")["spec"]
    assert {"high-availability", "podDisruptionBudgets", "workloads"} & set(spec) == set()
    # Istio 1.27 has one for istiod, which no value but this chart's own default sets.
    assert {item["metadata"]["name"] for item in objects if item["kind"] == "PodDisruptionBudget"} <= {"istiod"}


def test_needs_no_metrics(ha: list[Object]) -> None:
    """Argo CD reports a HorizontalPodAutoscaler without metrics-server as degraded."""
    assert [item for item in ha if item["kind"] == "HorizontalPodAutoscaler"] == []


def test_is_strictly_valid(ha: list[Object], openapi: Path) -> None:
    assert [str(problem) for problem in schema.validate(ha, openapi)] == []
