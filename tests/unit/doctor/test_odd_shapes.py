"""A bundle that somebody wrote or cut by hand has any value at any place: doctor answers, without a traceback."""

from __future__ import annotations

import copy
from itertools import product
from typing import Any

from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.diagnose import diagnose
from kserve_wiring.doctor.redact import redacted
from kserve_wiring.formats.diagnosis import as_json, as_text
from kserve_wiring.manifests.load import load_values
from tests.unit.checker.test_fuzz import paths
from tests.unit.doctor.objects import Object, chain, conditions, event, obj, pod
from tests.unit.doctor.test_diagnose import PULL, WAITING, switched_off

CRASHED = {"waiting": {"reason": "CrashLoopBackOff"}}
LOG = {("models", "iris-x", "storage-initializer"): "RuntimeError: Failed to fetch model."}


def failing_pod() -> Object:
    made = pod("iris-x", [WAITING], "Revision/iris-predictor-00001")
    ended = {"terminated": {"exitCode": 1}}
    made["status"]["initContainerStatuses"] = [{"name": "storage-initializer", "state": CRASHED, "lastState": ended}]
    env = [{"name": "P", "value": "x"}]
    container = {"name": "kserve-container", "image": "r.example/a:1", "env": env}
    made["spec"] = {"containers": [container], "imagePullSecrets": [{"name": "pull"}]}
    return made


def controller() -> Object:
    name = "kserve-controller-manager-5"
    made = pod(f"{name}-x", [{"name": "manager", "ready": False, "state": {"terminated": {"exitCode": 1}}}])
    made["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": name}]
    return made


NOT_READY = conditions(("Ready", "False", "Error", "x"))
OBJECTS: list[Any] = [
    *chain(),
    failing_pod(),
    controller(),
    event("Pod", "iris-x", "Failed", PULL),
    switched_off("istiod"),
    obj("Secret", "pull", type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": "eyJhdXRocyI6e319"}),
    obj("ConfigMap", "inferenceservice-config", data={"ingress": "{}"}),
    obj("KnativeServing", "serving", version="operator.knative.dev/v1beta1", status=NOT_READY),
    obj("LLMInferenceService", "llm", version="serving.kserve.io/v1alpha1", status=NOT_READY),
]


def test_any_value_at_any_place() -> None:
    for place, value in product(paths(OBJECTS), (None, [{}], {"a": []}, 1)):
        objects = copy.deepcopy(OBJECTS)
        holder: Any = objects
        for step in place[:-1]:
            holder = holder[step]
        holder[place[-1]] = value
        bodies = [redacted(item) for item in objects if isinstance(item, dict)]
        found = diagnose(Collected(load_values(bodies), LOG))
        as_json(found)
        as_text(found)
