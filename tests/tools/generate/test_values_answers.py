"""The answers that set a value, from the templates of the values files."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from copier.template import load_template_config

from tools.console import ROOT
from tools.generate import values_answers

DATA: dict[str, dict[str, list[str]]] = yaml.safe_load(values_answers.text())


@pytest.mark.parametrize(
    ("release", "key", "expected"),
    [
        ("istiod", "global.proxy.clusterDomain", ["cluster_domain"]),
        ("local-gateway", "labels.app", ["local_gateway_name"]),
        ("ingress-gateway", "name", ["ingress_gateway_name"]),
        ("kserve-environment", "gateways.local.existing.service", ["local_gateway_service"]),
        ("kserve-environment", "gateways.ingress.domain", ["ingress_domain"]),
        ("kserve-environment", "tenants.serviceAccount", ["tenants"]),
        ("kserve-environment", "versions.istio", ["istio", "istio_version", "stack"]),
        (
            "kserve-runtime-configs",
            "kserve.servingruntime.*.image",
            [
                "digest_policy",
                "image_digests",
                "registry_host",
                "registry_layout",
                "registry_map",
                "registry_project",
                "stack",
            ],
        ),
    ],
)
def test_answers_of_a_value(release: str, key: str, expected: list[str]) -> None:
    assert DATA[release][key] == expected


def test_a_namespace_that_no_answer_sets_has_none() -> None:
    """KServe finds Knative in knative-serving only."""
    named = [key for key in DATA["kserve-environment"] if key.startswith("namespaces.")]
    assert "namespaces.kserve" in named
    assert "namespaces.knativeServing" not in named


def test_every_answer_is_a_question_that_is_asked() -> None:
    questions: dict[str, Any] = load_template_config(ROOT / "copier.yml")
    named = {answer for keys in DATA.values() for answers in keys.values() for answer in answers}
    assert [name for name in named if questions[name].get("when") is False] == []
    assert len(named) > 25
