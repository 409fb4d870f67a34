"""Kinds that the API server does not list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kserve_wiring.doctor.absent import absent
from kserve_wiring.doctor.bundle import read_bundle
from kserve_wiring.doctor.collect import write_bundle
from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.diagnose import diagnose
from kserve_wiring.doctor.kinds import KINDS
from kserve_wiring.doctor.kubectl import Kubectl
from kserve_wiring.formats.diagnosis import as_text
from kserve_wiring.manifests.load import load_values
from tests.unit.doctor.routed import Object, made

KSERVE = "kserve-controller-manager"
ISVC, ROUTES = "inferenceservices.serving.kserve.io", "httproutes.gateway.networking.k8s.io"


def deployment(name: str, namespace: str = "kserve", **labels: str) -> Object:
    found = made("Deployment", name, namespace, "apps/v1", spec={"replicas": 1})
    found["metadata"]["labels"] = labels
    return found


def config(**ingress: Any) -> Object:
    return made("ConfigMap", "inferenceservice-config", "kserve", data={"ingress": json.dumps(ingress)})


@pytest.mark.parametrize(
    ("objects", "kind", "names"),
    [
        ([deployment(KSERVE)], ISVC, [KSERVE]),
        ([deployment(KSERVE), config(enableGatewayApi=True)], ROUTES, [KSERVE]),
        ([deployment(KSERVE), config(enableGatewayApi=False)], ROUTES, []),
        ([deployment(KSERVE)], ROUTES, []),
        ([deployment("istiod"), deployment("net-istio-controller")], "virtualservices.networking.istio.io",
         ["istiod", "net-istio-controller"]),
        ([deployment("controller", "knative-serving", **{"app.kubernetes.io/name": "knative-serving"})],
         "revisions.serving.knative.dev", ["controller"]),
        ([deployment("controller", "other")], "revisions.serving.knative.dev", []),
        ([], ISVC, []),
    ],
)  # fmt: skip
def test_who_lacks_a_kind(objects: list[Object], kind: str, names: list[str]) -> None:
    assert kind in {one.name for one in KINDS}
    found = absent(Collected(load_values(objects), absent=[kind]))
    assert [one.name for one in (found[0] if found else [])] == names


def test_it_is_one_verdict_from_a_bundle(tmp_path: Path) -> None:
    objects = load_values([deployment(KSERVE), deployment("istiod", "istio-system")])
    seen = Collected(objects, absent=[ISVC, "gateways.networking.istio.io"])
    write_bundle(seen, tmp_path / "b.tgz")
    (verdict,) = diagnose(read_bundle(str(tmp_path / "b.tgz"))).verdicts
    assert verdict.explanation is not None
    assert verdict.explanation.symptom.id == "missing-crd"
    assert [one.name for one in verdict.subjects] == [KSERVE, "istiod"]
    assert verdict.message.text == (
        f'error: the server doesn\'t have a resource type "{ISVC}", "gateways.networking.istio.io"'
    )


def test_nothing_to_judge_names_the_kinds() -> None:
    assert f"the API server has no kind {ISVC}" in " ".join(as_text(diagnose(Collected(absent=[ISVC]))).split())


def test_a_list_that_cannot_be_converted() -> None:
    why = "Error from server: conversion webhook for serving.kserve.io/v1alpha1, Kind=LLMInferenceService failed: Post"
    (verdict,) = diagnose(Collected(unseen=[f"llminferenceservices.serving.kserve.io: {why}"])).verdicts
    assert verdict.explanation is not None
    assert (verdict.explanation.symptom.id, str(verdict.message.object.ref)) == (
        "conversion-webhook",
        "CustomResourceDefinition llminferenceservices.serving.kserve.io",
    )


SCRIPT = """#!/bin/sh
case "$*" in
*version*) echo '{"serverVersion": {"gitVersion": "v1.34.0"}}' ;;
*inferenceservices*) echo "error: the server doesn't have a resource type \\"x\\"" >&2; exit 1 ;;
*secrets*) echo 'Error from server (Forbidden): secrets is forbidden' >&2; exit 1 ;;
*customresourcedefinitions*) cat <<'END'
{"kind": "CustomResourceDefinitionList", "apiVersion": "apiextensions.k8s.io/v1", "items": [{"metadata": {"name": "a"},
"spec": {"versions": [{"name": "v1", "served": true, "schema": {"large": 1}}]}}]}
END
;;
*) echo '{"kind": "List", "apiVersion": "v1", "items": []}' ;;
esac
"""


def test_what_kubectl_does_not_list(tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    program.write_text(SCRIPT, encoding="utf-8")
    program.chmod(0o755)
    found = Kubectl((str(program),)).collect()
    assert found.absent == [ISVC, "llminferenceservices.serving.kserve.io"]
    assert found.unseen == ["secrets: (Forbidden): secrets is forbidden"]
    assert [one.get("spec", "versions") for one in found.objects] == [[{"name": "v1", "served": True}]]
