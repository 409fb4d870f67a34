"""LLMInferenceServices: the presets, what the values put into them, and what each tenant gets."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, Chart, Object, Values, merged

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
LLM: Values = {
    "part": "presets",
    "llm": {"enabled": True},
    "knative": {"install": "none"},
    "kserve": {"deploymentMode": "Standard"},
    "tenants": [{"name": "chat"}, {"name": "search", "serviceAccount": "inference"}],
}
CA: Values = {"registry": {"host": "harbor.corp", "ca": {"kind": "ConfigMap", "name": "ca", "bundle": PEM}}}
HUB: Values = {"storage": {"huggingFace": {"endpoint": "https://hub.corp"}}}
PRESETS: dict[str, Object] = yaml.safe_load((CHART / "files" / "llm-presets.yaml").read_text("utf-8"))["presets"]


def presets(chart: Chart, **values: Any) -> dict[str, Object]:
    found = chart.render(merged(LLM, values)).objects
    assert {obj["kind"] for obj in found} == {"LLMInferenceServiceConfig"}
    assert {obj["metadata"]["namespace"] for obj in found} == {"kserve"}
    return {obj["metadata"]["name"]: obj["spec"] for obj in found}


def containers(spec: Any) -> list[Object]:
    if not isinstance(spec, dict):
        return []
    own = [*spec.get("containers", []), *spec.get("initContainers", [])]
    return own + [one for value in spec.values() for one in containers(value)]


def test_without_a_registry_only_the_images_differ_from_the_file(chart: Chart) -> None:
    found = presets(chart)
    assert found.keys() == PRESETS.keys()
    for name, spec in PRESETS.items():
        for one in containers(spec):
            if "image" in one:
                assert one["image"].startswith("llm.")
                one["image"] = ""
        for one in containers(found[name]):
            if "image" in one:
                assert one["image"].startswith("ghcr.io/llm-d/")
                one["image"] = ""
        assert found[name] == spec, name


def test_templates_of_the_controller_stay_as_they_are(chart: Chart) -> None:
    (parent,) = presets(chart)["kserve-config-llm-router-route"]["router"]["route"]["http"]["spec"]["parentRefs"]
    assert parent["name"] == "{{ .GlobalConfig.IngressGatewayName }}"


def test_all_images_are_of_the_registry(chart: Chart) -> None:
    images = {one["image"] for spec in presets(chart, **CA).values() for one in containers(spec) if "image" in one}
    assert len(images) == 6
    assert {image.partition("/")[0] for image in images} == {"harbor.corp"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, set()),
        (CA, set()),
        (HUB, {"HF_ENDPOINT", "HF_HUB_DISABLE_XET", "HF_HUB_ENABLE_HF_TRANSFER"}),
        ({"proxy": {"https": "http://proxy.corp:1"}}, {"HTTPS_PROXY", "NO_PROXY"}),
    ],
    ids=["nothing", "CA", "mirror", "proxy"],
)
def test_what_loads_a_model_reaches_it(chart: Chart, values: Values, expected: set[str]) -> None:
    for name, spec in presets(chart, **values).items():
        loads = [one for one in containers(spec) if one["name"] == "storage-initializer"]
        serves = [one for one in containers(spec) if one["name"] == "tokenizer" or "llm-d-cuda" in one.get("image", "")]
        assert len(loads) == (len(serves) if expected else 0), name
        for one in loads:
            assert {item["name"] for item in one["env"]} == expected


def test_the_ca_of_a_mirror_is_mounted_beside_what_kserve_mounts(chart: Chart) -> None:
    pod = presets(chart, **merged(CA, HUB))["kserve-config-llm-template"]["template"]
    (loads,) = pod["initContainers"]
    file = "/etc/ssl/kserve-environment/cabundle.crt"
    env = {item["name"]: item["value"] for item in loads["env"]}
    assert (env["SSL_CERT_FILE"], env["REQUESTS_CA_BUNDLE"]) == (file, file)
    (mount,) = loads["volumeMounts"]
    assert mount == {"name": "kserve-environment-ca", "mountPath": "/etc/ssl/kserve-environment", "readOnly": True}
    assert {"name": "kserve-environment-ca", "configMap": {"name": "global-ca-bundle"}} in pod["volumes"]


def test_offline_servers_look_nothing_up(chart: Chart) -> None:
    for name, spec in presets(chart, offline=True, **CA).items():
        for one in containers(spec):
            found = {item["name"] for item in one.get("env", [])}
            serves = one["name"] == "tokenizer" or "llm-d-cuda" in one.get("image", "")
            assert ({"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "VLLM_NO_USAGE_STATS"} <= found) is serves, name


def test_each_tenant_gets_credentials_on_its_account_default(chart: Chart) -> None:
    pull = {"registry": {"pullSecret": {"name": "harbor"}}}
    found = chart.render(merged(merged(LLM, {"part": "patches", **pull}), CA)).objects
    accounts = [obj["metadata"] for obj in found if obj["kind"] == "ServiceAccount"]
    assert accounts == [{"name": "default", "namespace": name} for name in ("chat", "search")]


def test_kserve_may_copy_the_ca_for_each_tenant(chart: Chart) -> None:
    """On every reconcile, also over an equal copy; `create` cannot be limited to a name."""
    found = chart.render(merged(merged(LLM, {"part": "wiring"}), CA)).objects
    roles = {obj["metadata"]["namespace"]: obj["rules"] for obj in found if obj["kind"] == "Role"}
    core = {"apiGroups": [""], "resources": ["configmaps"]}
    rules = [core | {"verbs": ["create"]}, core | {"resourceNames": ["global-ca-bundle"], "verbs": ["update"]}]
    assert roles == {"chat": rules, "search": rules}
    bound = {obj["metadata"]["namespace"]: obj["subjects"] for obj in found if obj["kind"] == "RoleBinding"}
    subject = {"kind": "ServiceAccount", "name": "llmisvc-controller-manager", "namespace": "kserve"}
    assert bound == {"chat": [subject], "search": [subject]}


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"llm": {"enabled": False}}, "part is presets, but llm.enabled is false; set llm.enabled to true, too"),
        (
            {"knative": {"install": "operator"}, "kserve": {"deploymentMode": "Knative"}},
            "llm.enabled is true, but knative.install is operator, without a Gateway of the Gateway API; set "
            "llm.enabled to false, or knative.install to none",
        ),
        (
            {"versions": {"kserve": "v0.19.0"}},
            "llm.enabled is true, but versions.kserve is v0.19.0, whose presets this chart does not have; set "
            "versions.kserve to v0.20.0, or llm.enabled to false",
        ),
        (
            {"namespaces": {"kserve": "ml"}},
            "llm.enabled is true, but namespaces.kserve is ml, and the CRDs of LLMInferenceServices name a webhook in "
            "kserve; set namespaces.kserve to kserve",
        ),
    ],
)
def test_what_it_needs(chart: Chart, values: Values, fault: str) -> None:
    assert chart.render(merged(LLM, values)).faults == [f"values: {fault}"]
