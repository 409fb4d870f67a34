"""From objects, events and logs to verdicts: the first cause of each chain, and nothing twice."""

from __future__ import annotations

import pytest

from kserve_wiring.doctor.collected import Collected, Container
from kserve_wiring.doctor.diagnose import Diagnosis, diagnose
from kserve_wiring.formats.diagnosis import as_text
from kserve_wiring.manifests.load import load_values
from tests.unit.doctor.objects import Object, chain, conditions, event, obj, pod

KSERVE = "serving.kserve.io"


def judged(objects: list[Object], logs: dict[Container, str] | None = None, **more: str) -> Diagnosis:
    return diagnose(Collected(objects=load_values(objects), logs=logs or {}), **more)


def symptoms(diagnosis: Diagnosis) -> list[tuple[str | None, list[str]]]:
    """Each verdict's symptom, with the names that it stops."""
    return [
        (verdict.explanation and verdict.explanation.symptom.id, [subject.name for subject in verdict.subjects])
        for verdict in diagnosis.verdicts
    ]


def test_the_chain_stops_at_its_first_cause() -> None:
    found = judged(chain())
    assert symptoms(found) == [("digest-no-such-host", ["iris"])]
    assert str(found.verdicts[0].message.object.ref) == "Revision models/iris-predictor-00001"


def test_models_with_one_cause_share_a_verdict() -> None:
    assert symptoms(judged([*chain("iris"), *chain("wine")])) == [("digest-no-such-host", ["iris", "wine"])]


@pytest.mark.parametrize(
    ("code", "uri", "annotations"),
    [
        ("KW519", "pvc://models/iris", {}),
        ("KW426", "s3://models/iris", {f"{KSERVE}/deploymentMode": "Standard", f"{KSERVE}/autoscalerClass": "keda"}),
    ],
    ids=["claim", "CRD"],
)
def test_what_is_not_read_of_a_cluster_is_not_missing(code: str, uri: str, annotations: Object) -> None:
    """Doctor reads no claims, and gives the rules no CRDs. As manifests, the same objects are all there is."""
    context = obj("ConfigMap", "facts", data={})
    context["metadata"]["labels"] = {"kserve-wiring.io/context": "true"}
    spec = {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri}}}
    model = obj("InferenceService", "iris", version=f"{KSERVE}/v1beta1", spec=spec)
    model["metadata"]["annotations"] = annotations
    assert [finding.code for finding in judged([context, model]).findings] == []
    del context["metadata"]["uid"]
    assert [finding.code for finding in judged([context, model]).findings] == [code]


def test_two_faults_at_once_are_two_verdicts() -> None:
    two = [
        *chain("iris"),
        *chain("wine", 'Unable to fetch image "r.example/b:1": failed to resolve image to digest: 429'),
    ]
    assert symptoms(judged(two)) == [("digest-no-such-host", ["iris"]), ("digest-rate-limit", ["wine"])]


def test_two_containers_of_a_model_have_causes_of_their_own() -> None:
    """And the second one is not counted as a second model."""
    missing = 'Failed to pull image "q.example/b:1": dial tcp: lookup q.example: no such host'
    statuses = [
        {"name": "kserve-container", "state": {"waiting": {"reason": "ErrImagePull", "message": PULL}}},
        {"name": "queue-proxy", "state": {"waiting": {"reason": "ErrImagePull", "message": missing}}},
    ]
    waiting = chain("iris", "Waiting for Pods", "Unknown")
    found = judged([*waiting, pod("iris-x", statuses, "Revision/iris-predictor-00001")])
    assert symptoms(found) == [("pull-unauthorized", ["iris"]), ("pull-no-such-host", ["iris"])]
    assert "models: 0 of 1 are ready" in as_text(found)


def test_the_exit_code_of_a_failed_model_is_a_cause() -> None:
    failed = {"modelStatus": {"lastFailureInfo": {"exitCode": 137, "reason": "ModelLoadFailed"}}}
    model = obj("InferenceService", "iris", version=f"{KSERVE}/v1beta1", status=failed)
    assert symptoms(judged([model])) == [("container-oom", ["iris"])]


def test_ready_models_have_no_verdict() -> None:
    found = judged(chain(ready="True"))
    assert (found.healthy, found.models) == (True, 1)


def test_a_stopped_model_has_no_verdict() -> None:
    model, *rest = chain()
    model["metadata"]["annotations"] = {"serving.kserve.io/stop": "true"}
    assert symptoms(judged([model, *rest])) == []


def test_only_the_named_models_are_judged() -> None:
    both = [*chain("iris"), *chain("wine")]
    assert symptoms(judged(both, names=["wine"])) == [("digest-no-such-host", ["wine"])]  # type: ignore[arg-type]
    assert judged(both, namespace="other").models == 0


WAITING = {"name": "kserve-container", "ready": False, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
PULL = 'Failed to pull image "r.example/a:1": failed to resolve reference: 401 Unauthorized'


def test_the_event_of_a_pod_is_the_cause_of_a_revision_that_waits() -> None:
    objects = [
        *chain(message="Initial scale was never achieved"),
        pod("iris-x", [WAITING], "Revision/iris-predictor-00001"),
        event("Pod", "iris-x", "Failed", PULL),
    ]
    assert symptoms(judged(objects)) == [("pull-unauthorized", ["iris"])]


def test_the_log_of_the_storage_initializer_is_the_cause() -> None:
    status = {"name": "storage-initializer", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    made = pod("iris-x", [], "Revision/iris-predictor-00001")
    made["status"]["initContainerStatuses"] = [status]
    log = "Traceback (most recent call last):\n  RuntimeError: Failed to fetch model. No model found in s3://m/i."
    found = judged([*chain(message="Initial scale was never achieved"), made],
                   {("models", "iris-x", "storage-initializer"): log})  # fmt: skip
    assert symptoms(found) == [("storage-no-path", ["iris"])]
    assert found.verdicts[0].message.where == "log of storage-initializer"


def test_an_unknown_message_is_shown() -> None:
    found = judged(chain(message="the moon is full"))
    assert symptoms(found) == [("container-missing", ["iris"])]
    only = obj("InferenceService", "iris", version="serving.kserve.io/v1beta1",
               status=conditions(("Ready", "False", "Moon", "the moon is full")))  # fmt: skip
    found = judged([only])
    assert symptoms(found) == [(None, ["iris"])]
    assert found.verdicts[0].message.text == "Moon the moon is full"


def test_a_model_without_status_is_not_reconciled() -> None:
    only = obj("InferenceService", "iris", version="serving.kserve.io/v1beta1")
    assert symptoms(judged([only])) == [("not-reconciled", ["iris"])]


def switched_off(name: str, replicas: int = 0, **labels: str) -> Object:
    made = obj("Deployment", name, version="apps/v1", spec={"replicas": replicas}, status={"observedGeneration": 2})
    made["metadata"]["labels"] = labels
    return made


def test_a_controller_that_somebody_scaled_to_zero() -> None:
    diagnosis = judged([switched_off("kserve-controller-manager")])
    assert symptoms(diagnosis) == [("controller-off", ["kserve-controller-manager"])]


def test_a_deployment_with_a_common_name_needs_the_label_of_knative() -> None:
    knative = {"app.kubernetes.io/name": "knative-serving"}
    assert symptoms(judged([switched_off("webhook", **knative)])) == [("controller-off", ["webhook"])]
    assert judged([switched_off("webhook")]).verdicts == []
    assert judged([switched_off("kserve-controller-manager", replicas=1)]).verdicts == []
    assert judged([switched_off("iris-predictor-00001-deployment")]).verdicts == []


@pytest.mark.parametrize("name", ["pki-cert-manager", "cert-manager-webhook", "llmisvc-controller-manager", "istiod"])
def test_each_part_counts_whatever_its_release_is_called(name: str) -> None:
    assert symptoms(judged([switched_off(name)])) == [("controller-off", [name])]


def test_a_controller_whose_pods_a_quota_refuses() -> None:
    """It has no Pod that could say so."""
    refused = switched_off("kserve-controller-manager", replicas=1)
    text = 'pods "kserve-controller-manager-5d9" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=0'
    refused["status"] = conditions(("Available", "False", "MinimumReplicasUnavailable", ""))
    refused["status"]["conditions"].append(
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": text}
    )
    assert symptoms(judged([refused])) == [("quota", ["kserve-controller-manager"])]


@pytest.mark.parametrize("reason", ["ContainersNotReady", None])
def test_a_pod_that_is_starting_is_well(reason: str | None) -> None:
    """As Knative's activator is, for which the autoscaler has just asked."""
    creating = {"name": "activator", "ready": False, "state": {"waiting": {"reason": "ContainerCreating"}}}
    starting = pod("activator-59f85c54d5-l94zr", [creating])
    starting["metadata"]["labels"] = {"app.kubernetes.io/name": "knative-serving"}
    starting["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "activator-59f85c54d5"}]
    unready = "containers with unready status: [activator]"
    starting["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": reason, "message": unready}]
    if reason is None:
        del starting["status"]["conditions"]
    assert judged([starting]).verdicts == []
    failed = event("Pod", "activator-59f85c54d5-l94zr", "Failed", PULL)
    assert symptoms(judged([starting, failed])) == [("pull-unauthorized", ["activator-59f85c54d5-l94zr"])]


def test_the_pod_of_a_job_that_failed_once_is_no_part() -> None:
    failed = pod("storage-version-migration-x", [], "")
    failed["metadata"]["labels"] = {"app.kubernetes.io/name": "knative-serving"}
    assert judged([failed]).verdicts == []


def test_a_setting_that_can_cause_a_verdict_stands_with_it() -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
        "data": {"ingress": "{"},
    }
    log = '{"level":"error","name":"iris","error":"unable to parse ingress config json: unexpected end of JSON input"}'
    manager = pod("kserve-controller-manager-5f55cd679-rzf8d", [])
    manager["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "kserve-controller-manager-5f55cd679"}]
    found = judged([config, manager, obj("InferenceService", "iris", version="serving.kserve.io/v1beta1")],
                   {("models", manager["metadata"]["name"], "kserve-container"): log})  # fmt: skip
    told = {verdict.explanation.symptom.id: verdict for verdict in found.verdicts if verdict.explanation}
    assert {finding.code for finding in told["config-not-parsed"].findings} == {"KW303"}
    assert found.findings == []


@pytest.mark.parametrize(("logged", "symptom"), [("12:00:00", "config-not-parsed"), ("10:00:00", "container-missing")])
def test_an_error_that_was_logged_before_the_last_change_is_repaired(logged: str, symptom: str) -> None:
    objects = chain(message="")
    for item in objects:
        item["status"]["conditions"][0]["lastTransitionTime"] = "2026-11-26T11:00:00Z"
    manager = pod("kserve-controller-manager-5f55cd679-rzf8d", [])
    manager["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "kserve-controller-manager-5f55cd679"}]
    manager["status"] = {"phase": "Succeeded"}
    error = '"level":"error","name":"iris","error":"unable to parse ingress config json: x"'
    log = f'{{"ts":"2026-11-26T{logged}Z",{error}}}'
    found = judged([*objects, manager], {("models", manager["metadata"]["name"], "kserve-container"): log})
    assert symptoms(found) == [(symptom, ["iris"])]


@pytest.mark.parametrize("value", [None, [], "x", 7, {"conditions": "x"}, {"conditions": [None]}, {"conditions": [{}]}])
def test_odd_shapes_of_a_status_are_survived(value: object) -> None:
    judged([*chain(), {**obj("Pod", "p", "Revision/iris-predictor-00001"), "status": value},
            {**obj("InferenceService", "odd", version="serving.kserve.io/v1beta1"), "status": value}])  # fmt: skip
