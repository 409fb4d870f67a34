"""Where an unknown field belongs."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring.manifests.objects import show_path
from kserve_wiring.schemas.carried import project_of
from kserve_wiring.schemas.misfit import UNKNOWN
from kserve_wiring.schemas.places import belongs, meant, similar

Object = dict[str, Any]
MODEL = {"modelFormat": {"name": "sklearn"}}
BELONGS: dict[str, tuple[str, str, Object, list[str]]] = {
    "beside the components": (
        "serving.kserve.io/v1beta1",
        "InferenceService",
        {"predictor": {"model": MODEL}, "imagePullSecrets": []},
        ["spec.predictor.imagePullSecrets"],
    ),
    "no component has it yet": (
        "serving.kserve.io/v1beta1",
        "InferenceService",
        {"imagePullSecrets": []},
        ["spec.explainer.imagePullSecrets", "spec.predictor.imagePullSecrets", "spec.transformer.imagePullSecrets"],
    ),
    "too deep": (
        "serving.kserve.io/v1beta1",
        "InferenceService",
        {"predictor": {"model": {**MODEL, "minReplicas": 1}}},
        ["spec.predictor.minReplicas"],
    ),
    "of the Pod, in the container's security context": (
        "apps/v1",
        "Deployment",
        {"template": {"spec": {"containers": [{"securityContext": {"fsGroup": 1}}]}}},
        ["spec.template.spec.securityContext.fsGroup"],
    ),
    "of the container, in the Pod": (
        "apps/v1",
        "Deployment",
        {"template": {"spec": {"livenessProbe": {}, "containers": [{"name": "a"}]}}},
        ["spec.template.spec.containers[0].livenessProbe"],
    ),
    "metadata in spec": ("v1", "Service", {"annotations": {"a": "b"}}, ["metadata.annotations"]),
    "of another type": ("v1", "Service", {"annotations": "text"}, []),
    "nowhere": ("v1", "Service", {"bogus": 1}, []),
}


def unknown(api_version: str, kind: str, body: Object) -> tuple[Any, Any]:
    """The schema and the path of the only unknown field."""
    group, _, version = api_version.rpartition("/")
    project = project_of(group)
    assert project is not None
    root = project.node(group, kind, version, "")
    (path,) = (misfit.path for misfit in root.misfits(body) if misfit.problem == UNKNOWN)
    return root, path


@pytest.mark.parametrize(("api_version", "kind", "spec", "expected"), BELONGS.values(), ids=BELONGS.keys())
def test_belongs(api_version: str, kind: str, spec: Object, expected: list[str]) -> None:
    body = {"metadata": {"name": "x"}, "spec": spec}
    root, path = unknown(api_version, kind, body)
    assert sorted(map(show_path, belongs(root, body, path))) == expected


def test_at_the_root() -> None:
    body = {"metadata": {"name": "x"}, "predictor": {"model": MODEL}}
    root, path = unknown("serving.kserve.io/v1beta1", "InferenceService", body)
    assert belongs(root, body, path) == [("spec", "predictor")]


@pytest.mark.parametrize(
    ("name", "slip", "near"),
    [
        ("Selector", "selector", "selector"),
        ("selectr", "selector", "selector"),
        ("portz", "", "ports"),
        ("bogus", "", ""),
    ],
)
def test_names_at_the_same_place(name: str, slip: str, near: str) -> None:
    root, path = unknown("v1", "Service", {"spec": {name: 1}})
    assert (meant(root, path), similar(root, path)) == (slip, near)
