"""knative.spec: what reaches spec of KnativeServing, and what is rejected."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from kserve_wiring.manifests.helm import HelmCall
from tests.chart import raw
from tests.chart.conftest import CHART, Chart, Object, Values, named, only
from tools import stacks
from tools.environment import render, schema
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

OWN: Values = {
    "high-availability": {"replicas": 2},
    "namespace": {"labels": {"team": "ml"}, "annotations": {"owner": "ml"}},
    "workloads": [
        {"name": "controller", "env": [{"container": "controller", "envVars": [{"name": "GODEBUG", "value": "a=1"}]}]},
        {
            "name": "activator",
            "replicas": 3,
            "nodeSelector": {"pool": "ml"},
            "tolerations": [{"key": "ml", "operator": "Exists"}],
            "resources": [{"container": "activator", "requests": {"cpu": "1"}}],
        },
    ],
    "podDisruptionBudgets": [{"name": "activator-pdb", "minAvailable": 1}],
    "services": [{"name": "activator-service", "labels": {"team": "ml"}}],
}
WIRED = raw.WIRED["knative.spec"]
# It would install Knative into another cluster.
LEFT_OUT = {"clusterProfileRef"}


def spec(objects: list[Object]) -> Values:
    found: Values = only(objects, "KnativeServing")["spec"]
    return found


@cache
def crd(chart: Path, helm: Helm) -> Object:
    objects = render.template(HelmCall("crds", "knative-operator", chart), helm).objects()
    return only(objects, "CustomResourceDefinition", "knativeservings.operator.knative.dev")


@pytest.fixture(params=stacks.names())
def kind(request: pytest.FixtureRequest, upstream_charts: Callable[[str], Upstream], newest_helm: Helm) -> Object:
    """The CRD of KnativeServing of each stack."""
    folders = upstream_charts(request.param).folders
    (chart,) = [folder for (name, _), folder in folders.items() if name == "knative-operator"]
    return crd(chart, newest_helm)


def test_is_strictly_valid_for_each_operator(kind: Object, each_helm: Helm, openapi: Path) -> None:
    values = named("offline", part="wiring", knative={"spec": OWN})
    server = only(Chart(each_helm.path).render(values).objects, "KnativeServing")
    assert [str(problem) for problem in schema.validate([kind, server], openapi)] == []
    server["spec"]["workloads"][1]["replica"] = 3
    (problem,) = schema.validate([kind, server], openapi)
    assert "spec.workloads[1].replica" in str(problem)


def test_has_every_field_of_the_operators(upstream_charts: Callable[[str], Upstream], newest_helm: Helm) -> None:
    known = json.loads((CHART / "values.schema.json").read_text("utf-8"))["properties"]["knative"]
    fields: set[str] = set()
    for stack in stacks.names():
        for (name, _), folder in upstream_charts(stack).folders.items():
            if name == "knative-operator":
                versions = crd(folder, newest_helm)["spec"]["versions"]
                (version,) = [one for one in versions if one["name"] == "v1beta1"]
                fields |= set(version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"])
    assert set(known["properties"]["spec"]["properties"]) == fields - LEFT_OUT


def test_is_added_to_the_wired_fields(wiring: Callable[[Values], list[Object]]) -> None:
    before = spec(wiring(named("offline")))
    after = spec(wiring(named("offline", knative={"spec": OWN})))
    (controller,) = before["workloads"]
    assert after == {**before, **OWN, "workloads": [controller, *OWN["workloads"]]}


@pytest.mark.parametrize("field", WIRED)
def test_rejects_a_wired_field(chart: Chart, field: str) -> None:
    value = "1.20.0" if field == "version" else {"own": "x"} if "." not in field else "x"
    (line,) = chart.render({"knative": {"spec": raw.nested(field.split("."), value)}}).findings
    owner = WIRED[field].removesuffix(".*")
    assert line.startswith(f"[KW107] values: {owner} is ")
    assert f", but knative.spec.{field} is " in line
    assert line.endswith(f"; remove knative.spec.{field} and set {owner}")


def test_names_the_field_that_was_meant(chart: Chart) -> None:
    faults = chart.render({"knative": {"spec": {"highAvailability": {"replicas": 2}, "workloads": [{}]}}}).faults
    assert faults == [
        "values: knative.spec.highAvailability is unknown; did you mean knative.spec.high-availability?",
        "values: knative.spec.workloads[0] has no name; add it",
    ]


def test_has_no_effect_without_the_operator(chart: Chart) -> None:
    (fault,) = chart.render({"knative": {"install": "yaml", "spec": OWN}}).faults
    assert fault == (
        "values: knative.spec has high-availability, namespace, podDisruptionBudgets, services, workloads, but "
        "knative.install is yaml, without a KnativeServing; remove knative.spec, and change the objects of your "
        "Knative installation"
    )


def test_overrides_the_size(wiring: Callable[[Values], list[Object]]) -> None:
    own = {
        "high-availability": {"replicas": 3},
        "workloads": [{"name": "net-istio-webhook", "replicas": 1}],
        "podDisruptionBudgets": [{"name": "activator-pdb", "minAvailable": 2}],
    }
    sized, found = (spec(wiring(named("offline", size="ha", knative={"spec": one}))) for one in ({}, own))
    assert found == {
        **sized,
        "high-availability": {"replicas": 3},
        "workloads": [*sized["workloads"], *own["workloads"]],
        "podDisruptionBudgets": [*sized["podDisruptionBudgets"], *own["podDisruptionBudgets"]],
    }
