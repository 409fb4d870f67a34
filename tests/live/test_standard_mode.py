"""Standard mode without a word about it in any status: graphs without routes, autoscalers without metrics, model images
that Kubernetes refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kserve_wiring import inspect, read
from tests.environments.edit import put
from tests.live.bed.api import Object, condition, until
from tests.live.bed.bed import ISVC, Bed
from tests.live.bed.client import ask, send
from tests.live.bed.diagnosis import gateway_address
from tests.live.bed.environments import Environment
from tests.live.bed.inference import container, fresh, sklearn
from tests.live.wires import CONFIG, broken

pytestmark = pytest.mark.live
NAMESPACE, RESTRICTED = "vision", "restricted"
IMAGE = "harbor.corp.local:8443/kserve/kserve/sklearnserver:v0.20.0"
GRAPH = "serving.kserve.io/v1alpha1/InferenceGraph"
STANDARD = {"serving.kserve.io/deploymentMode": "Standard"}


def create(bed: Bed, kind: str, namespace: str, spec: Object) -> str:
    """Create an object in Standard mode and return its name."""
    name = fresh("standard")
    meta = {"name": name, "namespace": namespace, "annotations": STANDARD}
    version, _, of_kind = kind.rpartition("/")
    bed.api.create({"apiVersion": version, "kind": of_kind, "metadata": meta, "spec": spec})
    return name


def codes(bed: Bed, *objects: Object) -> set[str]:
    """The rules that report something about objects, given KServe's configuration and Namespaces of the cluster."""
    read_ = [bed.api.get(*CONFIG), *bed.api.list("v1/Namespace"), *objects]
    return {finding.code for finding in inspect(read(read_)).findings}


def test_a_graph_has_no_route(bed: Bed, environment: Environment) -> None:
    """It is Ready, its Service answers, and the host of its URL gets 404."""
    step = {"serviceUrl": f"http://model-predictor.{NAMESPACE}.svc.cluster.local"}
    name = create(bed, GRAPH, NAMESPACE, {"nodes": {"root": {"routerType": "Sequence", "steps": [step]}}})
    graph = until("Ready", lambda: (g := bed.api.get(GRAPH, name, NAMESPACE)).get("status", {}).get("url") and g, 60)
    host = f"{name}-{NAMESPACE}.{environment.answers['ingress_domain']}"
    assert (condition(graph, "Ready")["status"], graph["status"]["url"]) == ("True", f"http://{host}")
    service = f"{name}.{NAMESPACE}.svc.{bed.cluster_domain}"
    until(service, lambda: ask(bed.api, service, bed.cluster_domain).outcome == "200", 30)
    assert send(gateway_address(bed, environment.answers["ingress_gateway_name"]), 80, host).outcome == "404"
    assert "KW430" in codes(bed, graph)
    bed.api.delete(GRAPH, name, NAMESPACE)


def test_without_metrics_nothing_scales(bed: Bed, environment: Environment) -> None:
    """The predictor is Ready; only the autoscaler has a condition."""
    predictor = {"serviceAccountName": "inference", "minReplicas": 1, "maxReplicas": 3, **container(IMAGE)}
    name = create(bed, ISVC, NAMESPACE, {"predictor": predictor})

    def reason() -> str:
        scaler = bed.api.find("autoscaling/v2/HorizontalPodAutoscaler", f"{name}-predictor", NAMESPACE)
        return str(condition(scaler, "ScalingActive").get("reason"))

    until("FailedGetResourceMetric", lambda: reason() == "FailedGetResourceMetric", 90)
    model = bed.api.get(ISVC, name, NAMESPACE)
    assert condition(model, "PredictorReady")["status"] == "True"
    facts = next(item for item in bed.api.list("v1/ConfigMap", "kserve") if "existing" in item.get("data", {}))
    services = bed.api.list("apiregistration.k8s.io/v1/APIService")
    assert "KW539" in codes(bed, model, facts, *services)
    bed.api.delete(ISVC, name, NAMESPACE)


def test_settings_of_knative_have_no_effect(bed: Bed, environment: Environment) -> None:
    """The API server accepts them, and the autoscaler has one replica and cpu at 80 %."""
    predictor = {"minReplicas": 0, "maxReplicas": 3, "scaleMetric": "concurrency", "scaleTarget": 10}
    predictor |= {"canaryTrafficPercent": 20, "serviceAccountName": "inference", **container(IMAGE)}
    name = create(bed, ISVC, NAMESPACE, {"predictor": predictor})
    kind = "autoscaling/v2/HorizontalPodAutoscaler"
    scaler = until("the autoscaler", lambda: bed.api.find(kind, f"{name}-predictor", NAMESPACE), 60)
    (metric,) = scaler["spec"]["metrics"]
    assert metric["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    assert scaler["spec"]["minReplicas"] == 1
    assert "KW540" in codes(bed, bed.api.get(ISVC, name, NAMESPACE))
    bed.api.delete(ISVC, name, NAMESPACE)


@pytest.fixture
def restricted(bed: Bed, environment: Environment) -> Iterator[None]:
    """A namespace whose Pods must meet the Pod Security Standard `restricted`, and models from images."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    bed.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": RESTRICTED, "labels": labels}})
    with broken(environment, CONFIG, put("data", "storageInitializer", "json", "enableModelcar", value=True)):
        yield
    bed.api.delete("v1/Namespace", RESTRICTED)


def test_a_restricted_namespace_refuses_a_model_image(bed: Bed, restricted: None) -> None:
    """Everything else about these Pods meets the standard: with a model in s3 they are created."""
    secure = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    made = {}
    for uri in ("oci://harbor.corp.local:8443/models/iris:v1", "s3://models/iris"):
        made[uri] = create(bed, ISVC, RESTRICTED, {"predictor": {**sklearn(uri), "securityContext": secure}})
    refused, created = made.values()
    until("the Pod", lambda: bed.pods(RESTRICTED, f"app=isvc.{created}-predictor"), 60)
    message = until("an event", lambda: next(refusals(bed, refused), ""), 60)
    assert 'violates PodSecurity "restricted:latest"' in message
    assert 'containers "modelcar-init", "modelcar"' in message
    assert "kserve-container" not in message
    assert bed.pods(RESTRICTED, f"app=isvc.{refused}-predictor") == []
    assert "KW611" in codes(bed, bed.api.get(ISVC, refused, RESTRICTED))
    assert "KW611" not in codes(bed, bed.api.get(ISVC, created, RESTRICTED))
    for name in made.values():
        bed.api.delete(ISVC, name, RESTRICTED)


def refusals(bed: Bed, name: str) -> Iterator[str]:
    """The messages of events that no Pod of a model could be created."""
    for event in bed.api.list("v1/Event", RESTRICTED):
        if event["reason"] == "FailedCreate" and event["involvedObject"]["name"].startswith(f"{name}-predictor"):
            yield event["message"]
