"""Knative that others run: nothing of it is rendered, and its owner is told what to set."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml

from tests.chart.conftest import Chart, Values, named, only

EXISTING: Values = {"knative": {"install": "existing"}}
CA = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"


def offline(**over: Any) -> Values:
    """An offline environment without images of Knative, which are its owner's."""
    values = deepcopy(named("offline", **EXISTING, **over))
    del values["images"]["knative"]
    return values


def spec(chart: Chart, values: Values) -> dict[str, Any]:
    """spec of the KnativeServing that a part renders."""
    return dict(only(chart.render(values).objects, "KnativeServing")["spec"])


def test_its_owner_is_asked_for_what_the_operator_would_get(chart: Chart) -> None:
    """All but the version, the images and the stock Gateways."""
    whole = spec(chart, named("offline"))
    asked = spec(chart, offline(part="knative"))
    for field in ("version", "registry", "ingress"):
        del whole[field]
    del whole["config"]["deployment"]["queue-sidecar-image"]
    assert asked == whole


def test_nothing_of_it_is_rendered(chart: Chart) -> None:
    values = offline()
    for part in ("all", "patches"):
        found = chart.render(values | {"part": part})
        names = {item["metadata"].get("namespace") or item["metadata"]["name"] for item in found.objects}
        assert names.isdisjoint({"knative-serving", "knative-operator"})
        assert {item["kind"] for item in found.objects}.isdisjoint({"KnativeServing"})


@pytest.mark.parametrize("install", ["operator", "yaml"])
def test_nobody_is_asked_where_it_is_not_of_others(chart: Chart, install: str) -> None:
    assert chart.render(named("offline", part="knative", knative={"install": install})).objects == []


def test_the_facts_have_what_was_asked_for(chart: Chart) -> None:
    values = offline()
    facts = only(chart.render(values).objects, "ConfigMap", "kserve-environment")["data"]
    asked = spec(chart, values | {"part": "knative"})
    assert json.loads(facts["existing_knative"]) == asked
    assert "Namespace//knative-serving" in facts["existing"].splitlines()
    assert "knative-serving/" not in facts["existing"]
    assert facts["knative_operator_version"] == ""


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_its_owner_makes_the_ca_there(chart: Chart, kind: str) -> None:
    ca = {"kind": kind, "name": "corp-ca", "bundle": CA if kind == "ConfigMap" else ""}
    values = {"registry": {"host": "a.example", "ca": ca}, **EXISTING}
    objects = chart.render(values).objects
    places = [item["metadata"]["namespace"] for item in objects if item["metadata"]["name"] == "corp-ca"]
    assert places == (["kserve"] if kind == "ConfigMap" else [])
    assert spec(chart, values | {"part": "knative"})["controller-custom-certs"] == {"type": kind, "name": "corp-ca"}


@pytest.mark.parametrize(
    ("values", "key", "names", "fragment"),
    [
        (
            {"knative": {"spec": {"services": [{"name": "a"}]}}},
            "knative.spec",
            "services",
            {"services": [{"name": "a"}]},
        ),
        (
            {"knative": {"config": {"autoscaler": {"initial-scale": "0"}}}},
            "knative.config",
            "autoscaler",
            {"config": {"autoscaler": {"initial-scale": "0"}}},
        ),
        (
            {"images": {"knative": {"controller": "a.example/b:1"}}},
            "images.knative",
            "controller",
            {"registry": {"override": {"controller": "a.example/b:1"}}},
        ),
    ],
)
def test_refuses_settings_of_it(chart: Chart, values: Values, key: str, names: str, fragment: Values) -> None:
    """The line has the fragment that the owner can set instead."""
    merged = {**values, "knative": {**values.get("knative", {}), "install": "existing"}}
    (fault,) = chart.render(merged).faults
    before, _, shown = fault.partition(" in spec of KnativeServing: ")
    assert before == (
        f"values: {key} has {names}, but knative.install is existing; remove {key}, and ask the owner of Knative "
        "to set this"
    )
    assert yaml.safe_load(shown) == fragment


def test_a_knative_of_any_version_needs_no_images(chart: Chart) -> None:
    values = {"registry": {"host": "a.example"}, "versions": {"knative": "1.19.4"}}
    assert "whose images this chart does not know" in chart.render(values).faults[0]
    assert chart.render(values | EXISTING).objects
