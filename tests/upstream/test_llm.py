"""What KServe's own controller makes of LLMInferenceServices in the environments that the template generates.

The other side is a Go program with that controller, on a cluster of fakes. It has no scheduler of Pods, no Istio and no
GPU: it shows the objects that a real one would run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
import yaml

from kserve_wiring import inspect, read
from kserve_wiring.manifests.environment import plan
from kserve_wiring.manifests.load import load_text
from kserve_wiring.manifests.objects import KubeObject
from tests.upstream.functions import LLM, Upstream
from tools import stacks
from tools.console import ROOT
from tools.environment import render
from tools.environment.generate import generate, load_answers, stack_of
from tools.generate import llm_presets
from tools.upstream.charts import Upstream as Charts
from tools.upstream.helm import Helm

Object = dict[str, Any]
EXAMPLE = load_answers(ROOT / "examples" / "llm-offline.yaml")
HOST = "harbor.corp.local"
OFFLINE = {"DO_NOT_TRACK", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "VLLM_NO_USAGE_STATS"}
MIRROR = {"HF_ENDPOINT", "HF_HUB_DISABLE_XET", "HF_HUB_ENABLE_HF_TRANSFER"}
TRUST = {"REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}
PROXY = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
APIS = {
    "gateway.networking.k8s.io/v1": ["Gateway", "HTTPRoute"],
    "inference.networking.k8s.io/v1": ["InferencePool"],
    "inference.networking.x-k8s.io/v1alpha2": ["InferencePool"],
}
CLASS: Object = {  # istiod creates it
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "GatewayClass",
    "metadata": {"name": "istio"},
    "spec": {"controllerName": "istio.io/gateway-controller"},
}
OTHER = {"stack": "kserve-0.20", "registry_layout": "flatten", "hf_endpoint": "http://nexus.corp.local"}
PROXIED = {"offline": False, "https_proxy": "http://proxy.corp:1", "registry_ca_source": "none"}
ONLINE = {"registry_host": "", "offline": False, "registry_ca_source": "none", "pull_secret": "", "hf_endpoint": ""}
# Answers that differ from those of the example, and the variables of the containers that then load and serve a model.
ENVIRONMENTS: dict[str, tuple[dict[str, Any], set[str], set[str]]] = {
    "the example": ({}, MIRROR | TRUST, OFFLINE),
    "the other stack": (OTHER, MIRROR, OFFLINE),
    "no mirror": ({"hf_endpoint": ""}, set(), OFFLINE),
    "a proxy and a public CA": (PROXIED, MIRROR | PROXY, set()),
    "the internet": (ONLINE, set(), set()),
}
MODEL: Object = {"name": "qwen", "uri": "hf://a/b"}
ROUTER: Object = {"gateway": {}, "route": {}, "scheduler": {}}
WORKERS: Object = {"parallelism": {"data": 2, "dataLocal": 1}, "worker": {}}
# Fields of spec, and the presets that KServe then merges.
SERVICES: dict[str, tuple[Object, set[str]]] = {
    "one Pod": ({"router": {"gateway": {}, "route": {}}}, {"router-route", "template"}),
    "a scheduler": ({"router": ROUTER}, {"router-route", "scheduler", "template"}),
    "prefill": (
        {"router": ROUTER, "prefill": {}},
        {"decode-template", "prefill-template", "router-route", "scheduler"},
    ),
    "tracing": ({"tracing": {}}, {"template", "tracing"}),
    "workers": (WORKERS, {"worker-data-parallel"}),
    "prefill with workers": (
        {**WORKERS, "prefill": WORKERS},
        {"decode-worker-data-parallel", "prefill-worker-data-parallel"},
    ),
    "predicted latency": (
        {
            "router": {
                **ROUTER,
                "scheduler": {"config": {"inline": {"plugins": [{"type": "predicted-latency-producer"}]}}},
            }
        },
        {"router-route", "scheduler", "scheduler-latency-predictor", "template"},
    ),
}


def test_the_presets_are_those_of_the_module() -> None:
    stale = [path.name for path, text in llm_presets.generated().items() if path.read_text("utf-8") != text]
    assert stale == [], "run python -m tools.generate.llm_presets"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    if shutil.which("go") is None:
        pytest.skip("Go is missing, which builds upstream's controller")
    running = Upstream(LLM)
    yield running
    running.close()


Rendered = Callable[[str], tuple[list[KubeObject], tuple[str, ...]]]


@pytest.fixture(scope="module")
def rendered(
    upstream_charts: Callable[[str], Charts], newest_helm: Helm, tmp_path_factory: pytest.TempPathFactory
) -> Rendered:
    """The objects of an environment, and the names of the images that it pulls."""

    @cache
    def of(name: str) -> tuple[list[KubeObject], tuple[str, ...]]:
        answers = {key: value for key, value in {**EXAMPLE, **ENVIRONMENTS[name][0]}.items() if value != ""}
        if answers.get("registry_ca_source") == "none":
            answers.pop("registry_ca_bundle")
        if "registry_host" not in answers:
            for key in ("registry_project", "registry_ca_source", "offline"):
                answers.pop(key)
        target = tmp_path_factory.mktemp("llm") / "environment"
        generate(answers, target)
        calls, missing = plan(target, upstream_charts(stack_of(answers)).folder)
        assert missing == []
        found = [
            obj
            for one in render.render(calls, newest_helm)
            for obj in load_text(one.text, one.release, release=one.release, partial=one.partial).objects
        ]
        listed = (target / "images" / "images.txt").read_text("utf-8").splitlines()
        return found, tuple(line.split()[1] for line in listed if not line.startswith("#"))

    return of


def reconciled(upstream: Upstream, objects: list[KubeObject], spec: Object, namespace: str = "chat") -> dict[str, Any]:
    """What the controller answers about an LLMInferenceService in a cluster with the objects that it reads."""
    kinds = ("ConfigMap", "ServiceAccount", "Secret", "LLMInferenceServiceConfig")
    there = [plain(obj) for obj in objects if obj.kind in kinds or is_gateway(obj)]
    # A patch of a ServiceAccount stands for the whole.
    there = list(
        {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]): one for one in there}.values()
    )
    token: Object = {"apiVersion": "v1", "kind": "Secret", "data": {"HF_TOKEN": "eA=="}}
    token["metadata"] = {"name": "hub-token", "namespace": "chat"}
    service: Object = {"apiVersion": "serving.kserve.io/v1alpha2", "kind": "LLMInferenceService"}
    service |= {"metadata": {"name": "qwen", "namespace": namespace, "uid": "1"}, "spec": {"model": MODEL, **spec}}
    return upstream.ask("reconciled", json.dumps([*there, token, CLASS, service]), json.dumps(APIS))


def is_gateway(obj: KubeObject) -> bool:
    return obj.kind == "Gateway" and obj.group == "gateway.networking.k8s.io"


def plain(obj: KubeObject) -> Object:
    body: Object = json.loads(json.dumps(dict(obj.body)))
    return body


def pods(answer: dict[str, Any]) -> dict[str, Object]:
    """The pod specs that were made, by the name of their workload."""
    found = {}
    for obj in answer["objects"]:
        name, spec = obj["metadata"]["name"], obj.get("spec", {})
        if obj["kind"] == "Deployment":
            found[name] = spec["template"]["spec"]
        elif obj["kind"] == "LeaderWorkerSet":
            template = spec["leaderWorkerTemplate"]
            found[f"{name} leader"] = template["leaderTemplate"]["spec"]
            found[f"{name} worker"] = template["workerTemplate"]["spec"]
    return found


def containers(pod: Object) -> list[Object]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def pulled(made: dict[str, Object]) -> set[str]:
    assert made
    return {one["image"] for pod in made.values() for one in containers(pod)}


def variables(pod: Object, name: str) -> set[str]:
    return {item["name"] for one in containers(pod) if one["name"] == name for item in one.get("env", [])}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_webhook_admits_every_preset(rendered: Rendered, upstream: Upstream, name: str) -> None:
    presets = [plain(obj) for obj in rendered(name)[0] if obj.kind == "LLMInferenceServiceConfig"]
    assert len(presets) == len(llm_presets.upstreams())
    for preset in presets:
        assert upstream.ask("admitted", json.dumps(preset), "") == {"error": ""}, preset["metadata"]["name"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_preset_is_used_and_has_images_of_the_list(rendered: Rendered, upstream: Upstream, service: str) -> None:
    objects, images = rendered("the example")
    spec, presets = SERVICES[service]
    answer = reconciled(upstream, objects, spec)
    assert answer["error"] == ""
    (status,) = [one["status"] for one in answer["objects"] if one["kind"] == "LLMInferenceService"]
    assert {one["name"] for one in status["appliedConfigs"]} == {f"kserve-config-llm-{one}" for one in presets}
    assert pulled(pods(answer)) <= set(images)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_models_are_loaded_and_served_as_the_answers_say(rendered: Rendered, upstream: Upstream, name: str) -> None:
    _, loading, serving = ENVIRONMENTS[name]
    objects, images = rendered(name)
    made = pods(reconciled(upstream, objects, {"router": ROUTER, "prefill": {}}))
    assert pulled(made) <= set(images)
    names = {"qwen-kserve", "qwen-kserve-prefill", "qwen-kserve-router-scheduler"}
    assert set(made) == names
    known = MIRROR | TRUST | PROXY | OFFLINE
    # KServe's own default, where nothing else is set.
    default = {"HF_HUB_ENABLE_HF_TRANSFER"}
    for workload in names:
        found = variables(made[workload], "storage-initializer")
        assert (found & known) - default == loading - default, workload
        assert "HF_TOKEN" in found, workload
        mounts = [mount["name"] for one in made[workload]["initContainers"] for mount in one.get("volumeMounts", [])]
        assert ("kserve-environment-ca" in mounts) is (loading >= TRUST)
    for workload in names - {"qwen-kserve-router-scheduler"}:
        assert variables(made[workload], "main") & known == serving, workload


@pytest.mark.parametrize(
    ("uri", "loads"),
    [
        ("hf://a/b", True),
        ("s3://models/a", True),
        ("pvc://models/a", None),
        (f"oci://{HOST}/models/a:1", None),
        (f"oci+native://{HOST}/models/a:1", False),
    ],
)
def test_an_init_container_of_the_presets_fits_each_source(
    rendered: Rendered, upstream: Upstream, uri: str, loads: bool | None
) -> None:
    """It loads the model, is gone, or does nothing: KServe leaves it where it mounts an image."""
    objects, _ = rendered("the example")
    answer = reconciled(upstream, objects, {"model": {**MODEL, "uri": uri}})
    assert answer["error"] == ""
    (pod,) = pods(answer).values()
    found = [one for one in pod.get("initContainers", []) if one["name"] == "storage-initializer"]
    assert len(found) == (0 if loads is None else 1)
    for one in found:
        assert (one.get("args"), one.get("command")) == (([uri, "/mnt/models"], None) if loads else (None, ["true"]))
        paths = [mount["mountPath"] for mount in one["volumeMounts"]]
        assert len(set(paths)) == len(paths)
        volumes = [volume["name"] for volume in pod["volumes"]]
        assert {mount["name"] for mount in one["volumeMounts"]} <= set(volumes)
        assert len(set(volumes)) == len(volumes)


def test_without_storage_initializer_the_container_does_nothing(rendered: Rendered, upstream: Upstream) -> None:
    answer = reconciled(upstream, rendered("the example")[0], {"storageInitializer": {"enabled": False}})
    (pod,) = pods(answer).values()
    (one,) = pod["initContainers"]
    assert (one["command"], one.get("args")) == (["true"], None)


def test_the_scheduler_serves_without_tls_and_routes_lead_to_the_gateway(
    rendered: Rendered, upstream: Upstream
) -> None:
    answer = reconciled(upstream, rendered("the example")[0], {"router": ROUTER})
    scheduler = pods(answer)["qwen-kserve-router-scheduler"]["containers"][0]
    assert [part for part in scheduler["command"] if "secure" in part] == ["--secure-serving=false"]
    (route,) = [one for one in answer["objects"] if one["kind"] == "HTTPRoute"]
    (parent,) = route["spec"]["parentRefs"]
    assert (parent["namespace"], parent["name"]) == ("istio-ingress", "kserve-ingress-gateway")


def test_pods_take_the_pull_secret_of_the_account_default(rendered: Rendered, upstream: Upstream) -> None:
    """KServe makes ServiceAccounts of its own for prefill, and copies what `default` has."""
    objects, _ = rendered("the example")
    for namespace in ("chat", "search"):  # the second has a ServiceAccount of its own for InferenceServices
        answer = reconciled(upstream, objects, {"router": ROUTER, "prefill": {}}, namespace)
        assert answer["error"] == ""
        accounts = {one["metadata"]["name"]: one for one in answer["objects"] if is_account(one, namespace)}
        for workload, pod in pods(answer).items():
            account = accounts[pod.get("serviceAccountName", "default")]
            assert account["imagePullSecrets"] == [{"name": "harbor-pull"}], workload


def is_account(obj: Object, namespace: str) -> bool:
    return obj["kind"] == "ServiceAccount" and obj["metadata"]["namespace"] == namespace


def test_the_controller_may_copy_the_ca_for_a_tenant(rendered: Rendered, upstream: Upstream) -> None:
    """Its ClusterRole may only read ConfigMaps; the live tests show that it writes an equal copy, too."""
    objects, _ = rendered("the example")
    (role,) = [obj for obj in objects if obj.ref.name == "kserve-llmisvc-manager-role"]
    rules = [rule for rule in plain(role)["rules"] if "configmaps" in rule.get("resources", [])]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert "ConfigMap chat/global-ca-bundle" in reconciled(upstream, objects, {})["created"]
    roles = {
        obj.namespace: plain(obj)["rules"] for obj in objects if obj.kind == "Role" and obj.name == "llmisvc-ca-bundle"
    }
    assert sorted(roles) == ["chat", "search"]
    verbs = {verb for rule in roles["chat"] for verb in rule["verbs"] if rule["resources"] == ["configmaps"]}
    assert verbs == {"create", "update"}


def test_the_pools_of_both_groups_have_crds_and_istiod_routes_to_them(rendered: Rendered) -> None:
    """The first group is that of Istio up to 1.27, and the controller needs the second."""
    for name in ("the example", "the other stack"):
        objects, _ = rendered(name)
        names = {obj.name for obj in objects if obj.kind == "CustomResourceDefinition"}
        assert {f"inferencepools.inference.networking.{one}k8s.io" for one in ("x-", "")} <= names
        service = load_text(yaml.safe_dump(user_service()), "user.yaml").objects
        assert [finding.code for finding in inspect(read([*objects, *service])).findings] == []


def user_service() -> Object:
    spec = {"model": deepcopy(MODEL), "router": deepcopy(ROUTER)}
    head = {"apiVersion": "serving.kserve.io/v1alpha2", "kind": "LLMInferenceService"}
    return {**head, "metadata": {"name": "qwen", "namespace": "chat"}, "spec": spec}


def test_every_stack_and_every_preset_is_among_these() -> None:
    assert {answers.get("stack", EXAMPLE["stack"]) for answers, _, _ in ENVIRONMENTS.values()} == set(stacks.names())
    used = {f"kserve-config-llm-{name}" for _, presets in SERVICES.values() for name in presets}
    assert used == {preset["metadata"]["name"] for preset in llm_presets.upstreams()}
