"""The checker refuses what the webhooks of KServe and Knative refuse, and nothing else, in many changed objects.

The other side is a Go program with the webhooks' own functions. DIFFERENTIAL_EXAMPLES=20000 looks further.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kserve_wiring.cluster.knative_operator import WORKLOADS
from kserve_wiring.cluster.knative_webhook import refused_annotations, refused_in_pod
from kserve_wiring.cluster.kserve_webhook import refused_by_kserve
from kserve_wiring.cluster.llm_webhook import refused_by_llm_webhook
from kserve_wiring.cluster.refusals import Refusal
from kserve_wiring.manifests.objects import KubeObject
from tests.upstream.changes import Change, as_object, changed, changes, many, pairs
from tests.upstream.functions import WEBHOOKS, Upstream
from tools.upstream.modules import folder

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="Go is missing, which builds upstream's webhooks")

MODE, CLASS = "serving.kserve.io/deploymentMode", "serving.kserve.io/autoscalerClass"
SCALING = "autoscaling.knative.dev/"
KPA = f"kpa.{SCALING[:-1]}"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    running = Upstream(WEBHOOKS)
    yield running
    running.close()


METRIC = {"backend": "prometheus", "query": "up"}
MODEL = {"modelFormat": {"name": "sklearn"}, "storageUri": "pvc://models/a"}
CANARY = {"trafficPercent": 30, "predictor": {"name": "next", "model": MODEL}}
ISVC: dict[str, Any] = {
    "apiVersion": "serving.kserve.io/v1beta1",
    "kind": "InferenceService",
    "metadata": {"name": "churn", "namespace": "team-a"},
    "spec": {"predictor": {"model": MODEL}},
}
ISVC_CHANGES: dict[str, list[Any]] = {
    "metadata name": ["2churn", "churn-", "a", "Churn"],
    f"metadata annotations {MODE}": ["Standard", "Knative"],
    f"metadata annotations {CLASS}": ["hpa", "keda", "none", "external"],
    f"metadata annotations {SCALING}class": [f"hpa.{SCALING[:-1]}", KPA],
    "spec predictor minReplicas": [-1, 0, 2],
    "spec predictor maxReplicas": [-1, 0, 3],
    "spec predictor containerConcurrency": [-1, 0, 1],
    "spec predictor scaleMetric": ["cpu", "memory", "concurrency", "rps"],
    "spec predictor scaleTarget": [-1, 0, 1, 100, 101],
    "spec predictor deploymentStrategy": [{"type": "Recreate"}],
    "spec predictor sklearn": [{}, {"storageUri": "pvc://models/b"}],
    "spec predictor onnx": [{"storageUri": "pvc://models/a.pb"}, {"storageUri": "pvc://models/a.onnx"}],
    "spec predictor model name": ["", "m"],
    "spec predictor model storageUri": ["s3://models/a", "oci://a/b"],
    "spec predictor model env": [
        [{"name": "PYTHONPATH", "value": "/"}],
        [{"name": "TENSOR_PARALLEL_SIZE", "value": "2"}],
    ],
    "spec predictor containers": [
        [{"name": "kserve-container", "image": "a/b"}],
        [{"name": "other", "image": "a/b"}],
        [{"name": "transformer-container", "image": "a/b", "env": [{"name": "STORAGE_URI", "value": "pvc://a/b"}]}],
    ],
    "spec predictor storageUris": [
        [{"uri": "hf://a/b", "mountPath": "/mnt/models/a"}],
        [{"uri": "hf://a/b", "mountPath": "/a"}, {"uri": "hf://a/c", "mountPath": "/b"}],
        [{"uri": "hf://a/b", "mountPath": "/a/b"}, {"uri": "hf://a/c", "mountPath": "/a/c"}],
        [{"uri": "pvc://a/b", "mountPath": "/a"}, {"uri": "hf://a/c", "mountPath": "/b"}],
        [{"uri": "hf://a/b", "mountPath": "models"}],
    ],
    "spec predictor workerSpec": [{}, {"pipelineParallelSize": 0}, {"tensorParallelSize": 0}, {"containers": []}],
    "spec predictor logger": [
        {"mode": "all", "storage": {"path": "a", "key": "b"}},
        {"mode": "all", "url": "http://a"},
        {"mode": "all", "storage": {"path": "a", "key": "b", "parameters": {"a": "b"}}},
    ],
    "spec predictor autoScaling": [
        {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}]},
        {
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "1"}},
                }
            ]
        },
        {
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 0}},
                }
            ]
        },
        {"metrics": [{"type": "External", "external": {"metric": METRIC, "target": {"type": "Value", "value": "3"}}}]},
        {"metrics": [{"type": "External", "external": {"metric": METRIC, "target": {"type": "Value"}}}]},
        {"metrics": [{"type": "External"}]},
    ],
    "spec transformer": [{}, {"containers": [{"name": "a", "image": "b/c"}]}],
    "spec canary": [
        [CANARY],
        [CANARY, CANARY],
        [{**CANARY, "trafficPercent": 130}],
        [{**CANARY, "predictor": {"model": MODEL}}],
        [{**CANARY, "predictor": {"name": "next", "model": MODEL, "minReplicas": 5}}],
        [{**CANARY, "predictor": {"name": "next", "model": MODEL, "scaleTarget": 5}}],
    ],
}
LLM: dict[str, Any] = {
    "apiVersion": "serving.kserve.io/v1alpha2",
    "kind": "LLMInferenceService",
    "metadata": {"name": "chat", "namespace": "team-a"},
    "spec": {"model": {"uri": "hf://acme/chat"}},
}
WVA = {"hpa": {}}
LLM_CHANGES: dict[str, list[Any]] = {
    "spec model name": ["chat", "other"],
    "spec model lora": [
        {"adapters": [{"name": "chat", "uri": "hf://a/b"}]},
        {"adapters": [{"uri": "hf://a/b"}]},
        {"maxRank": 0},
    ],
    "spec worker": [{"containers": []}],
    "spec parallelism": [{"tensor": 2}, {"data": 2}, {"data": 2, "dataLocal": 1}, {"pipeline": 2}, {"pipeline": 0}],
    "spec parallelism pipeline": [2],
    "spec prefill": [{"worker": {"containers": []}}, {"scaling": {"maxReplicas": 2, "wva": {"keda": {}}}}],
    "spec replicas": [2],
    "spec scaling": [
        {"maxReplicas": 2},
        {"maxReplicas": 2, "minReplicas": 3, "wva": WVA},
        {"maxReplicas": 2, "wva": WVA},
        {"maxReplicas": 2, "wva": {}},
        {"maxReplicas": 2, "wva": {"hpa": {}, "keda": {}}},
        {"maxReplicas": 2, "wva": {**WVA, "variantCost": "ten"}},
        {"maxReplicas": 2, "minReplicas": 1, "wva": {"keda": {"idleReplicaCount": 1}}},
    ],
    "spec router": [
        {"gateway": {}, "route": {}},
        {"gateway": {}, "route": {"http": {"refs": [{"name": "a"}]}}},
        {"gateway": {"refs": [{"name": "g", "namespace": "n"}]}, "route": {"http": {"refs": [{"name": "a"}]}}},
        {"route": {"http": {"refs": [{"name": "a"}], "spec": {}}}},
        {
            "gateway": {"refs": [{"name": "g", "namespace": "n"}]},
            "route": {"http": {"spec": {"parentRefs": [{"name": "g", "namespace": "other"}]}}},
        },
        {"route": {"group": "g"}},
        {"route": {"group": "g", "weight": 3}},
        {"route": {}, "scheduler": {"replicas": 0}},
        {"route": {}, "scheduler": {"config": {}}},
        {"route": {}, "scheduler": {"config": {"ref": {"name": "a"}, "inline": {"a": "b"}}}},
    ],
    "spec kvCacheOffloading": [
        {"secondary": [{"fileSystem": {"emptyDir": {}}}]},
        {"cpu": "1Gi", "secondary": [{"fileSystem": {"emptyDir": {}}}]},
        {"cpu": "1Gi", "secondary": [{"fileSystem": {}}]},
        {"cpu": "1Gi", "secondary": [{"fileSystem": {"pvc": {}}}]},
    ],
}
KSVC: dict[str, Any] = {
    "apiVersion": "serving.knative.dev/v1",
    "kind": "Service",
    "metadata": {"name": "portal", "namespace": "team-a"},
    "spec": {"template": {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b/c"}]}}},
}
PORT = {"containerPort": 8080}


def container(**fields: Any) -> dict[str, Any]:
    return {"name": "a", "image": "b/c", **fields}


KSVC_CHANGES: dict[str, list[Any]] = {
    "spec template spec containers": [
        [container(ports=[PORT, {"containerPort": 9000}])],
        [container(ports=[{**PORT, "name": name}]) for name in ("grpc",)],
        [container(ports=[{**PORT, "name": "h2c"}])],
        [container(ports=[{"containerPort": 8012}])],
        [container(ports=[{"containerPort": 9090}])],
        [container(ports=[{**PORT, "protocol": "UDP"}])],
        [container(), {"name": "b", "image": "b/c"}],
        [container(ports=[PORT]), {"name": "b", "image": "b/c"}],
        [container(ports=[PORT]), {"name": "b", "image": "b/c", "env": [{"name": "PORT", "value": "1"}]}],
        [container(env=[{"name": "PORT", "value": "1"}])],
        [container(env=[{"name": "K_SERVICE", "value": "a"}])],
        [container(readinessProbe={"httpGet": {"path": "/", "port": "web"}})],
        [container(readinessProbe={"httpGet": {"path": "/", "port": 9000}})],
        [container(readinessProbe={"tcpSocket": {"port": 1}, "exec": {"command": ["a"]}})],
        [container(readinessProbe={"periodSeconds": 0, "failureThreshold": 3})],
        [container(livenessProbe={"periodSeconds": 3})],
    ],
    f"spec template metadata annotations {SCALING}metric": ["cpu", "rps", "", "gpu"],
    f"spec template metadata annotations {SCALING}class": [
        f"hpa.{SCALING[:-1]}",
        KPA,
        "keda.knative.dev",
        "own.example.com",
    ],
    f"spec template metadata annotations {SCALING}metric-aggregation-algorithm": ["linear", "exponential"],
    "spec template metadata annotations queue.sidecar.serving.knative.dev/resource-percentage": [
        "0",
        "20",
        "ten",
        "100.5",
    ],
    "spec template metadata annotations serving.knative.dev/progress-deadline": ["1.5s", "600s", "-3s", "soon"],
}
# What other rules report: minReplicas against maxReplicas (KW520), the class of the autoscaler (KW525).
ELSEWHERE = ("MinReplicas cannot be greater than MaxReplicas",)


def agree(theirs: str, ours: list[Any], body: dict[str, Any]) -> None:
    if not any(text in theirs for text in ELSEWHERE):
        assert bool(theirs) == bool(ours), (theirs, ours, body)


def refused_by_knative(obj: KubeObject) -> list[Refusal]:
    template = obj.mapping("spec", "template")
    annotations = obj.mapping("spec", "template", "metadata", "annotations")
    pod = refused_in_pod(template["spec"], ("spec",))
    return [*pod, *refused_annotations(annotations, ("metadata", "annotations"), KPA)]


KINDS: dict[str, tuple[dict[str, Any], dict[str, list[Any]], Callable[[KubeObject], Iterable[Refusal]]]] = {
    "InferenceService": (ISVC, ISVC_CHANGES, refused_by_kserve),
    "LLMInferenceService": (LLM, LLM_CHANGES, refused_by_llm_webhook),
    "Service": (KSVC, KSVC_CHANGES, refused_by_knative),
}


def compare(upstream: Upstream, kind: str, made: list[Change]) -> None:
    base, _, refused = KINDS[kind]
    body = changed(base, made)
    agree(upstream.ask(kind, json.dumps(body))["error"], list(refused(as_object(body))), body)


@pytest.mark.parametrize("kind", KINDS)
def test_every_pair_of_changes(upstream: Upstream, kind: str) -> None:
    for made in pairs(KINDS[kind][1]):
        compare(upstream, kind, made)


@pytest.mark.parametrize("kind", KINDS)
@many
@given(data=st.data())
def test_changed_objects(upstream: Upstream, kind: str, data: st.DataObject) -> None:
    compare(upstream, kind, data.draw(changes(KINDS[kind][1])))


OLDER_WORKLOADS = {"domain-mapping": "domain-mapping", "domainmapping-webhook": "domainmapping-webhook"}
"""Knative's controller and webhook have what these did: they ended before the releases that this operator carries."""


def test_workloads_of_the_operator() -> None:
    """The Deployments that an override can name are those of the operator's manifests."""
    root = folder("knative-1.23", "knative.dev/operator") / "cmd/operator/kodata"
    found: dict[str, str] = {}
    folders = ("knative-serving/*", "ingress/*/*", "security-guard/*")
    for path in (path for one in folders for path in root.glob(f"{one}/*.yaml")):
        for obj in yaml.load_all(path.read_text("utf-8"), Loader=yaml.CSafeLoader):
            if obj and obj["kind"] == "Deployment":
                (first,) = (one["name"] for one in obj["spec"]["template"]["spec"]["containers"])
                found[obj["metadata"]["name"]] = first
    assert found | OLDER_WORKLOADS == WORKLOADS
