"""A second installation changes nothing. That the first one works, test_examples.py shows for every example."""

from __future__ import annotations

import json

import pytest

from tests.live.bed.api import Object
from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment

pytestmark = pytest.mark.live


def test_second_install_changes_nothing(bed: Bed, environment: Environment) -> None:
    before = generations(bed)
    environment.make("install")
    assert {name: value for name, value in generations(bed).items() if before.get(name) != value} == {}
    assert {revision for _, revision in releases(environment).values()} >= {"2"}


def releases(environment: Environment) -> dict[str, tuple[str, str]]:
    """{release: (status, revision)}, from helm."""
    done = environment.helm("list", "--all-namespaces", "--output", "json")
    return {item["name"]: (item["status"], item["revision"]) for item in json.loads(done.stdout)}


def generations(bed: Bed) -> dict[str, int]:
    """The generation of every object that has one: it counts only changes of the spec."""
    kinds = ["apps/v1/Deployment", "v1/Pod", "operator.knative.dev/v1beta1/KnativeServing"]
    kinds += ["networking.istio.io/v1/Gateway", "serving.kserve.io/v1alpha1/ClusterServingRuntime"]
    listed: list[Object] = [item for kind in kinds for item in bed.api.list(kind)]
    return {
        f"{item['kind']} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}": item["metadata"].get(
            "generation", 0
        )
        for item in listed
        if item["metadata"].get("namespace") != "knative-operator"
    }
