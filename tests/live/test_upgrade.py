"""An environment changes its stack and every other answer on the same cluster: `minimal` becomes `everything`."""

from __future__ import annotations

import re

import pytest

from tests.live.bed.api import Object, until
from tests.live.bed.bed import Bed
from tests.live.bed.environments import UPGRADED, Environment
from tests.live.bed.inference import ISVC, KSVC, inference, make, outcome, pod_of, ready, sklearn
from tests.live.bed.leftovers import left

pytestmark = pytest.mark.live
NAMESPACE = "team-a"
SERVING = "knative-serving"
OWN = """\
knative:
  spec:
    namespace: {labels: {team: ml}}
    workloads:
      - name: controller
        env: [{container: controller, envVars: [{name: GODEBUG, value: http2debug=0}]}]
"""


@pytest.fixture(scope="module")
def minimal(bed: Bed, generated: Environment) -> Environment:
    """`minimal`, which test_examples.py leaves on the cluster."""
    if bed.installed and bed.installed.folder.name == UPGRADED:
        return bed.installed
    bed.clear()
    made = Environment.generate(bed, UPGRADED)
    made.install()
    return made


@pytest.fixture(scope="module")
def everything(minimal: Environment) -> Environment:
    """The same folder with other answers, installed over it. Only the cluster's domain stays."""
    domain = minimal.answers["cluster_domain"]
    made = Environment.generate(minimal.bed, "everything", minimal.folder.name, cluster_domain=domain)
    other = "this cluster carries environment minimal (ConfigMap kserve/kserve-environment-name), not everything: "
    with pytest.raises(AssertionError, match=re.escape(f"error: {other}set KUBE_CONTEXT to another context")):
        made.make("install-kserve-prerequisites")
    minimal.bed.api.delete("v1/ConfigMap", "kserve-environment-name", "kserve")
    (made.folder / "values" / "kserve-environment.local.yaml").write_text(OWN, encoding="utf-8")
    made.install()
    # A gateway in another namespace is another release: the old one stays until it is uninstalled.
    for release in ("ingress-gateway", "local-gateway"):
        made.helm("uninstall", release, "--namespace", minimal.answers["local_gateway_namespace"])
    return made


def test_minimal(bed: Bed, minimal: Environment) -> None:
    """Images from upstream, the gateways with their default names, no tenant."""
    images = {c["image"] for pod in bed.pods("knative-serving") for c in pod["spec"]["containers"]}
    assert {image.partition("/")[0] for image in images} == {"gcr.io"}
    assert bed.api.get("networking.istio.io/v1/Gateway", "kserve-local-gateway", "istio-ingress")


@pytest.mark.rule("KW503")
def test_upgrade_moves_knative(bed: Bed, everything: Environment) -> None:
    """From 1.21 to 1.23, which the operator does only one minor version at a time."""
    serving = bed.api.get("operator.knative.dev/v1beta1/KnativeServing", "knative-serving", "knative-serving")
    assert (serving["spec"]["version"], serving["status"]["version"]) == ("1.23.0", "1.23.0")


def test_the_operator_makes_two_replicas(bed: Bed, everything: Environment) -> None:
    """`size: ha`. The activator and the webhook have an autoscaler, whose minimum the operator raises."""
    scalers = {
        item["metadata"]["name"]: item["spec"] for item in bed.api.list("autoscaling/v2/HorizontalPodAutoscaler")
    }
    assert {name: spec["minReplicas"] for name, spec in scalers.items()} == {"activator": 2, "webhook": 2}
    made = {item["metadata"]["name"]: item["spec"] for item in bed.api.list("apps/v1/Deployment", SERVING)}
    others = {name: spec["replicas"] for name, spec in made.items() if name not in scalers}
    names = ("autoscaler", "autoscaler-hpa", "controller", "net-istio-controller", "net-istio-webhook")
    assert others == dict.fromkeys(names, 2)
    budgets = {
        item["metadata"]["name"]: item["spec"] for item in bed.api.list("policy/v1/PodDisruptionBudget", SERVING)
    }
    assert {name: budget.get("maxUnavailable") for name, budget in budgets.items()} == {
        **dict.fromkeys(("activator-pdb", "webhook-pdb"), 1),
        **{f"kserve-environment-{name}": 1 for name in names},
    }
    pods = [pod["metadata"]["labels"] for pod in bed.pods(SERVING)]
    for budget in budgets.values():
        assert any(budget["selector"]["matchLabels"].items() <= labels.items() for labels in pods), budget


def test_the_operator_applies_what_the_user_added(bed: Bed, everything: Environment) -> None:
    """`knative.spec` of a local file, next to the wired fields of the same workload."""
    spec = bed.api.get("apps/v1/Deployment", "controller", SERVING)["spec"]["template"]["spec"]
    (controller,) = [one for one in spec["containers"] if one["name"] == "controller"]
    env = {one["name"]: one.get("value") for one in controller["env"]}
    assert (env["GODEBUG"], env["SSL_CERT_DIR"]) == ("http2debug=0", "/custom-certs")
    assert bed.api.get("v1/Namespace", SERVING)["metadata"]["labels"]["team"] == "ml"


def test_upgrade_moves_every_image(bed: Bed, everything: Environment) -> None:
    registry = everything.answers["registry_host"]

    def elsewhere() -> set[str]:
        return {
            container["image"]
            for pod in bed.pods("")
            for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
            if not container["image"].startswith(f"{registry}/") and not _leaving(pod)
        }

    until("old Pods are gone", lambda: elsewhere() == set(), 60, 1)


def _leaving(pod: Object) -> bool:
    """Deleted, or of a Job: the operator may have recreated one for the old version, and nothing waits for it."""
    owners = pod["metadata"].get("ownerReferences", [])
    return "deletionTimestamp" in pod["metadata"] or any(owner["kind"] == "Job" for owner in owners)


@pytest.mark.net_istio
def test_upgraded_environment_serves(bed: Bed, everything: Environment) -> None:
    with inference(bed, NAMESPACE, sklearn("s3://models/iris"), "upgraded") as name:
        ready(bed, NAMESPACE, name)
        answer = outcome(bed, f"{name}.{NAMESPACE}.svc.{bed.cluster_domain}", "200")
        assert (answer.outcome, answer.body["pod"]) == ("200", pod_of(bed, NAMESPACE, name)["status"]["podIP"])


def test_uninstall_waits_for_the_models(bed: Bed, everything: Environment) -> None:
    """Their finalizers need KServe's and Knative's controllers, without which a CRD and namespaces would never go."""
    make(bed, NAMESPACE, "last-one", sklearn("s3://models/iris"))
    until("its Knative Service", lambda: bed.api.find(KSVC, "last-one-predictor", NAMESPACE), 30)
    meta = {"name": "own", "namespace": NAMESPACE}
    spec = {"template": {"spec": {"containers": [{"image": "harbor.corp.example/models/server:v1"}]}}}
    bed.api.create({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": meta, "spec": spec})
    first = rf"Delete these first: InferenceService/{NAMESPACE}/last-one Service/{NAMESPACE}/own\n"
    with pytest.raises(AssertionError, match=first):
        everything.make("uninstall", "CONFIRM=everything")


def test_uninstall_is_clean(bed: Bed, everything: Environment) -> None:
    """Started before Kubernetes has collected the dependents of the models."""
    bed.api.delete(KSVC, "own", NAMESPACE)
    bed.api.delete(ISVC, "last-one", NAMESPACE)
    until("the InferenceService is gone", lambda: bed.api.find(ISVC, "last-one", NAMESPACE) is None, 60)
    everything.uninstall()
    assert left(everything) == []
