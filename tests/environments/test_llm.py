"""LLMInferenceServices in an example: what they need agrees, and a change to any of it is reported with its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from kserve_wiring import inspect, read
from kserve_wiring.manifests.load import load_text
from kserve_wiring.manifests.objects import KubeObject
from tests.environments.conftest import Render
from tests.environments.edit import Edit, edited, every, put
from tests.template.conftest import EXAMPLES
from tools.upstream.helm import Helm

EXAMPLE = next(path for path in EXAMPLES if path.stem == "llm-offline")
SERVICE = """
apiVersion: serving.kserve.io/v1alpha2
kind: LLMInferenceService
metadata: {name: qwen, namespace: search}
spec:
  model: {name: qwen, uri: "hf://a/b"}
  router: {gateway: {}, route: {}, scheduler: {}}
  template: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: "1"}}}]}
"""
PUBLIC = "ghcr.io/llm-d/llm-d-cuda:v0.8.0"
PRESET = "LLMInferenceServiceConfig kserve/kserve-config-llm-"
MODEL, SCHEDULER = f"{PRESET}template", f"{PRESET}scheduler"
CONFIG = "ConfigMap kserve/inferenceservice-config"
GATEWAY = "Gateway istio-ingress/kserve-ingress-gateway"
ROLE = "Role search/llmisvc-ca-bundle"
POD = ("spec", "template")
LOADER = (*POD, "initContainers", 0)
EPP = ("spec", "router", "scheduler", "template", "containers", 0)
POOL = "CustomResourceDefinition inferencepools.inference.networking.k8s.io"
ISTIOD = "Deployment istio-system/istiod"
DEPLOYMENT = "Deployment kserve/llmisvc-controller-manager"
CONTAINER = ("spec", "template", "spec", "containers", 0)
ELSEWHERE = put("metadata", "namespace", value="elsewhere")


def without(*path: Any, name: str) -> Edit:
    """Removes the item of a list that has this name."""

    def edit(body: dict[str, Any]) -> None:
        found: Any = body
        for step in path[:-1]:
            found = found[step]
        found[path[-1]] = [item for item in found[path[-1]] if item.get("name") != name]

    return edit


def secure(body: dict[str, Any]) -> None:
    """The command of upstream's preset."""
    holder: Any = body
    for step in EPP:
        holder = holder[step]
    plain = "{{ else }}--secure-serving=false{{ end }}"
    holder["command"] = [part.replace(plain, "{{ end }}") for part in holder["command"]]


@dataclass(frozen=True)
class End:
    """One end: the object to change, how, the expected code, the object that is reported, and another code."""

    target: str
    edit: Edit
    code: str
    reported: str = ""
    also: str = ""


ENDS = {
    "image of a preset": End(MODEL, put(*POD, "containers", 0, "image", value=PUBLIC), "KW201"),
    "image of its init container": End(MODEL, put(*LOADER, "image", value="docker.io/kserve/a:1"), "KW201"),
    "image of the scheduler": End(SCHEDULER, put(*EPP, "image", value=PUBLIC), "KW201"),
    "image of the controller": End(DEPLOYMENT, put(*CONTAINER, "image", value=PUBLIC), "KW201"),
    "name of the preset": End(
        MODEL, put("metadata", "name", value="other"), "KW601", "LLMInferenceService search/qwen"
    ),
    "name of the preset of the scheduler": End(
        SCHEDULER, put("metadata", "name", value="other"), "KW601", "LLMInferenceService search/qwen"
    ),
    "variable of istiod": End(
        ISTIOD, without(*CONTAINER, "env", name="ENABLE_GATEWAY_API_INFERENCE_EXTENSION"), "KW602"
    ),
    "CRD of the pools that this Istio knows": End(
        POOL, put("metadata", "name", value="a.b.c"), "KW602", "LLMInferenceService search/qwen", "KW426"
    ),
    "TLS of the scheduler": End(SCHEDULER, secure, "KW603"),
    "verbs for the copy of the CA": End(ROLE, put("rules", 1, "verbs", value=["get"]), "KW604", CONFIG),
    "namespace of the Role": End(ROLE, ELSEWHERE, "KW604", CONFIG, "KW519"),
    "another mirror": End(MODEL, put(*LOADER, "env", 0, "value", value="https://other.corp"), "KW605"),
    "CA of the mirror": End(
        MODEL,
        every(without(*LOADER, "env", name="REQUESTS_CA_BUNDLE"), without(*LOADER, "env", name="SSL_CERT_FILE")),
        "KW606",
    ),
    "pull Secret of the account default": End(
        "ServiceAccount search/default", put("imagePullSecrets", value=[]), "KW203"
    ),
    "Gateway that KServe names": End(
        CONFIG, put("data", "ingress", "json", "kserveIngressGateway", value="a/b"), "KW419"
    ),
    "namespaces that the Gateway admits": End(
        GATEWAY, put("spec", "listeners", 0, "allowedRoutes", value={"namespaces": {"from": "Same"}}), "KW420"
    ),
}


@pytest.fixture(scope="module")
def objects(rendered: Render, newest_helm: Helm) -> tuple[KubeObject, ...]:
    """All objects of the example, with an LLMInferenceService of a tenant."""
    loaded = [
        load_text(one.text, one.release, release=one.release, partial=one.partial, namespace=one.namespace)
        for one in rendered(EXAMPLE, newest_helm)
    ]
    return tuple(obj for one in [*loaded, load_text(SERVICE, "user.yaml")] for obj in one.objects)


def findings(objects: tuple[KubeObject, ...]) -> list[tuple[str, str]]:
    return [(finding.code, str(finding.object)) for finding in inspect(read(objects)).findings]


def test_everything_agrees(objects: tuple[KubeObject, ...]) -> None:
    assert findings(objects) == []


@pytest.mark.parametrize("name", ENDS)
def test_a_changed_end_is_named(objects: tuple[KubeObject, ...], name: str) -> None:
    """By its code, and nothing else is reported at that object."""
    end = ENDS[name]
    (old,) = [obj for obj in objects if str(obj.ref) == end.target]
    text = yaml.safe_dump(edited(dict(old.body), end.edit))
    new = load_text(text, old.source.file, release=old.source.release, partial=old.source.partial).objects
    found = findings((*(obj for obj in objects if obj is not old), *new))
    assert (end.code, end.reported or end.target) in found, found
    assert {code for code, _ in found} == {end.code, end.also or end.code}, found
