"""The life of an environment: uninstalled clean, installed as `minimal`, upgraded to `everything`, uninstalled again.

Last of all, because it takes the environment of the other tests away.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.cluster.bed.api import Object, until
from tests.cluster.bed.bed import Bed
from tests.cluster.bed.environments import Environment
from tests.cluster.bed.inference import ISVC, container, inference, make, outcome, pod_of, ready
from tests.cluster.bed.pulls import Pulls

pytestmark = pytest.mark.cluster
REGISTRY = "harbor.corp.example:8443"
NAMESPACE = "team-a"
# `everything` names another stack; see test_two_minors_at_once. Its Secrets come from an operator that the bed has not.
# No TLS: istiod gives certificates only to a proxy that has shown one itself, which the bed's Envoy has not.
CHANGED = {
    "stack": "kserve-0.20",
    "cluster_domain": "cluster.local",
    "pull_secret_source": "existing",
    "ingress_tls_secret": "",
}
# What belongs to an environment, beside what its namespaces hold.
CLUSTER_WIDE = (
    "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration",
    "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration",
    "rbac.authorization.k8s.io/v1/ClusterRole",
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
)
NAMESPACED = ("apps/v1/Deployment", "v1/Service", "v1/ConfigMap", "v1/Pod")


@pytest.fixture(scope="module")
def minimal(bed: Bed, environment: Environment) -> Iterator[Environment]:
    """`minimal` on a cluster from which the other environment was uninstalled; it has internet."""
    environment.make("uninstall")
    pulls, bed.kubelet.pulls = bed.kubelet.pulls, Pulls(internet=True)
    made = Environment.generate(bed, "minimal")
    made.install()
    yield made
    bed.kubelet.pulls = pulls


@pytest.fixture(scope="module")
def everything(minimal: Environment) -> Environment:
    """`minimal` upgraded: the same folder with other answers, installed over it, without internet from then on."""
    bed = minimal.bed
    bed.kubelet.pulls = bed.pulls = Pulls(internet=False, passwords={REGISTRY: "robot:secret"})
    made = Environment.generate(bed, "everything", "minimal", **CHANGED)
    bed.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-b"}})
    made.install()
    # A gateway in another namespace is another release: the old one stays until it is taken away.
    for release in ("ingress-gateway", "local-gateway"):
        made.helm("uninstall", release, "--namespace", "istio-ingress")
    return made


def test_uninstall_waits_for_the_models(bed: Bed, environment: Environment) -> None:
    """Their finalizer needs KServe's controller: uninstalled first, it would leave a CRD that never goes."""
    make(bed, "vision", "last-one", container("harbor.corp.local:8443/kserve/kserve/sklearnserver:v0.20.0"))
    with pytest.raises(AssertionError, match=r"Delete these InferenceServices first: .*vision/last-one"):
        environment.make("uninstall")


def test_uninstall_is_clean(bed: Bed, environment: Environment) -> None:
    for item in bed.api.list(ISVC):
        bed.api.delete(ISVC, item["metadata"]["name"], item["metadata"]["namespace"])
    until("the InferenceServices are gone", lambda: bed.api.list(ISVC) == [], 60)
    environment.make("uninstall")
    assert_nothing_left(bed)


def test_minimal(bed: Bed, minimal: Environment) -> None:
    """Images from upstream, the gateways with their default names, no tenant."""
    images = {c["image"] for pod in bed.pods("knative-serving") for c in pod["spec"]["containers"]}
    assert {image.partition("/")[0] for image in images} == {"gcr.io"}
    assert bed.api.get("networking.istio.io/v1/Gateway", "kserve-local-gateway", "istio-ingress")


def test_upgrade_moves_every_image(bed: Bed, everything: Environment) -> None:
    def elsewhere() -> set[str]:
        return {
            container["image"]
            for pod in bed.pods("")
            for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
            if not container["image"].startswith(f"{REGISTRY}/") and "deletionTimestamp" not in pod["metadata"]
        }

    until("old Pods are gone", lambda: elsewhere() == set(), 60, 1)


@pytest.mark.net_istio
def test_upgraded_environment_serves(bed: Bed, everything: Environment) -> None:
    image = f"{REGISTRY}/platform/kserve/kserve/sklearnserver:v0.20.0"
    with inference(bed, NAMESPACE, container(image), "upgraded") as name:
        ready(bed, NAMESPACE, name)
        host = f"{name}.{NAMESPACE}.svc.cluster.local"
        answer = outcome(bed, host, "200")
        assert (answer.outcome, answer.body["pod"]) == ("200", pod_of(bed, NAMESPACE, name)["status"]["podIP"])


def test_uninstall_of_everything(bed: Bed, everything: Environment) -> None:
    everything.make("uninstall")
    assert_nothing_left(bed)


def assert_nothing_left(bed: Bed) -> None:
    with contextlib.suppress(TimeoutError):
        until("nothing is left", lambda: left(bed) == [], 45, 2)
    assert left(bed) == []


def left(bed: Bed) -> list[str]:
    """What an uninstallation left behind. Namespaces, their own objects and the users' Secrets stay on purpose."""
    own = ("kube-", "default", "vision", "speech", "forecasting", "team-")
    found: list[Object] = []
    for kind in NAMESPACED:
        found += [item for item in bed.api.list(kind) if not item["metadata"]["namespace"].startswith(own)]
    for kind in CLUSTER_WIDE:
        found += bed.api.list(kind)
    return sorted(
        f"{item['kind']} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}"
        for item in found
        if not _of_kubernetes(item) and not _of_a_controller(item)
    )


def _of_kubernetes(item: Object) -> bool:
    """Objects that every cluster has, or that a namespace has by itself."""
    name, labels = item["metadata"]["name"], item["metadata"].get("labels", {})
    builtin = name.startswith("system:") or "kubernetes.io/bootstrapping" in labels
    return builtin or name in ("kube-root-ca.crt", "cluster-admin", "admin", "edit", "view")


def _of_a_controller(item: Object) -> bool:
    """What istiod and Knative's autoscaler made while they ran: it belongs to no release, and does nothing."""
    name = item["metadata"]["name"]
    made = {"ConfigMap": "istio-", "Service": "autoscaler-bucket-"}
    return str(name).startswith(made.get(item["kind"], "/"))
