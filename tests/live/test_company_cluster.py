"""A cluster with cert-manager, istiod and a gateway of others takes an environment, and is as before without it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live.bed import company
from tests.live.bed.api import Object, until
from tests.live.bed.bed import Bed
from tests.live.bed.client import send
from tests.live.bed.diagnosis import gateway_address
from tests.live.bed.environments import PATH, Environment
from tests.live.bed.inference import inference, model, pod_of, ready
from tests.live.bed.pulls import Pulls

pytestmark = pytest.mark.live
NAMESPACE, ACCOUNT = "models", "inference"
HOST = f"iris.{NAMESPACE}.ml.corp.example"


@pytest.fixture(scope="module")
def prepared(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A cluster that the teams have made ready, and the environment, not installed."""
    bed.clear()
    bed.reach(Pulls(internet=True))
    bed.rename("cluster.local")
    company.make_ready(bed, tmp_path_factory.mktemp("company"))
    until("the shop answers", lambda: asked(bed, company.SHOP) == "418", 60)
    return Environment.generate(bed, "company-cluster")


@pytest.fixture(scope="module")
def before(bed: Bed, prepared: Environment) -> dict[str, Object]:
    """Every object of that cluster."""
    return company.snapshot(bed)


@pytest.fixture(scope="module")
def installed(prepared: Environment, before: dict[str, Object]) -> Environment:
    prepared.install()
    return prepared


def asked(bed: Bed, host: str) -> str:
    """The outcome of a request through the gateway of others."""
    return send(gateway_address(bed, "ingressgateway"), 8080, host).outcome


def changed(bed: Bed, before: dict[str, Object]) -> dict[str, tuple[Object, Object | None]]:
    now = company.snapshot(bed)
    return {name: (item, now.get(name)) for name, item in before.items() if now.get(name) != item}


READY = "Kubernetes v1.34.4 is ready for environment company-cluster."
PKI, MESH = "deployment/pki-cert-manager -n platform-pki", "deployment/istiod -n istio-system"
# Without each part in turn: the change, what takes it back, and the line.
LACKS = {
    "controller": (
        f"scale {PKI} --replicas 0",
        f"scale {PKI} --replicas 1",
        "Deployment platform-pki/pki-cert-manager, cert-manager's controller, has no ready Pod",
    ),
    "istiod": (
        f"scale {MESH} --replicas 0",
        f"scale {MESH} --replicas 1",
        "Deployment istio-system/istiod, istiod, has no ready Pod",
    ),
    "namespace": (
        "create namespace istio-ingress",
        "delete namespace istio-ingress",
        "Namespace istio-ingress of release kserve-prerequisites belongs to no Helm release (made by kubectl-create): "
        "remove what is there",
    ),
    "environment": (
        "create configmap other -n shop",
        "delete configmap other -n shop",
        "this cluster carries environment edge (ConfigMap shop/other), not company-cluster: set KUBE_CONTEXT to "
        "another context, or delete that ConfigMap if company-cluster is a new name of the same environment",
    ),
}
# Answers that do not fit the cluster, and the line.
MISFITS: dict[str, tuple[dict[str, Any], str]] = {
    "tenant": (
        {"tenants": [{"name": "absent", "create_namespace": False}]},
        "Namespace absent does not exist: ask for it, or let the answers create it (namespaces, tenants)",
    ),
    "cert-manager": (
        {"cert_manager_namespace": "edge"},
        "cert-manager has no controller in namespace edge: install it, or correct cert_manager_namespace",
    ),
    "istio": (
        {"istio_namespace": "edge"},
        "istiod is not in namespace edge: install it, or correct istio_namespace",
    ),
    "labels": (
        {"ingress_gateway_labels": {"istio": "nobody"}},
        "no Pod in namespace edge with the labels istio=nobody of the existing gateway runs",
    ),
    "service": (
        {"ingress_gateway_service": "nobody"},
        "Service edge/nobody of the existing gateway does not exist: install the gateway, or correct its answers",
    ),
    "port": (
        {"ingress_gateway_ports": {80: 8080, 8443: 8443}},
        "Service edge/istio-ingressgateway has no port 8443: it has 80, 443",
    ),
    "secret": (
        {"ingress_tls_secret": "ml-tls"},
        "Secret ml-tls does not exist in edge: create it as README.md describes",
    ),
    "owner": (
        {"cert_manager": "install", "cert_manager_namespace": "platform-pki"},
        "of release cert-manager belong to Helm release pki in namespace platform-pki: remove what is there, or set "
        "cert_manager to existing",
    ),
    "context": (
        {"kube_context": "prod"},
        "context bed2 does not exist: set KUBE_CONTEXT to one of: bed",
    ),
}


def preflight(environment: Environment, *words: str) -> list[str]:
    """The errors of `make preflight`; the line of a cluster that is ready."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{PATH}"
    try:
        text = environment.make("preflight", *words, path=path)
    except AssertionError as error:
        text = str(error)
    return [line.removeprefix("error: ") for line in text.splitlines() if line.startswith(("error: ", "Kubernetes"))]


def test_a_ready_cluster_has_no_problem(prepared: Environment) -> None:
    assert preflight(prepared) == [READY]


@pytest.mark.parametrize("part", LACKS)
def test_preflight_names_what_is_missing(bed: Bed, prepared: Environment, part: str) -> None:
    change, back, line = LACKS[part]
    bed.kubectl(*change.split())
    if part == "environment":
        bed.kubectl("label", "configmap", "other", "-n", "shop", "kserve-wiring.io/environment=edge")
    try:
        until(line, lambda: line in preflight(prepared), 60)
        assert preflight(prepared) == [line]
    finally:
        bed.kubectl(*back.split())
    until("ready again", lambda: preflight(prepared) == [READY], 90)


@pytest.mark.parametrize("answer", MISFITS)
def test_preflight_names_answers_that_do_not_fit(bed: Bed, prepared: Environment, answer: str) -> None:
    answers, line = MISFITS[answer]
    words = ["KUBE_CONTEXT=bed2"] if answer == "context" else []
    changed = Environment.generate(bed, "company-cluster", f"misfit-{answer}", **answers)
    found = preflight(changed, *words)
    assert any(one.endswith(line) for one in found), found


def test_preflight_without_an_answer(bed: Bed, prepared: Environment, tmp_path: Path) -> None:
    """No route, and a login that is refused, are not objects that are missing."""
    text = Path(bed.variables["KUBECONFIG"]).read_text(encoding="utf-8")
    for old, new, line in (
        (":6443", ":6444", "connection refused"),
        ("token: ", "token: x", "You must be logged in to the server (Unauthorized)"),
    ):
        config = tmp_path / "kubeconfig"
        config.write_text(text.replace(old, new), encoding="utf-8")
        found = preflight(prepared, f"KUBECTL={bed.variables['KUBECTL']} --kubeconfig {config}")
        assert len(found) == 1
        assert found[0].startswith("cannot see which environment this cluster carries: "), found
        assert line in found[0] or "refused" in found[0]


def test_installs_nothing_that_is_there(bed: Bed, installed: Environment) -> None:
    found = json.loads(company.helm(bed, "list", "--all-namespaces", "--output", "json"))
    own = {release["name"] for release in installed.releases}
    assert {item["name"] for item in found} == own | set(company.RELEASES)
    assert {item["status"] for item in found} == {"deployed"}
    assert own.isdisjoint({"cert-manager", "istio-base", "istiod", "ingress-gateway"})


def test_the_gateway_of_others_serves_both(bed: Bed, installed: Environment) -> None:
    """Its Pods open port 8080 for the Gateway of the models, too, and the shop answers as before."""
    own = "edge/kserve-ingress-gateway"
    bed.api.apply(company.route(NAMESPACE, "probe", own, HOST, 202))
    until("the host of a model", lambda: asked(bed, HOST) == "202", 20)
    bed.api.apply(company.route(NAMESPACE, "probe", own, "elsewhere.corp.example", 202))
    until("only hosts below the domain", lambda: asked(bed, HOST) == "404", 20)
    assert asked(bed, "elsewhere.corp.example") == "404"
    assert asked(bed, company.SHOP) == "418"
    bed.api.delete("networking.istio.io/v1/VirtualService", "probe", NAMESPACE)


def test_a_model_runs_below_quota_and_pod_security(bed: Bed, installed: Environment) -> None:
    with inference(bed, NAMESPACE, model(installed.answers), "company", ACCOUNT) as name:
        until("its Pod is admitted", lambda: pod_of(bed, NAMESPACE, name)["status"]["phase"] == "Running", 60)


@pytest.mark.net_istio
def test_a_request_through_the_gateway_of_others(bed: Bed, installed: Environment) -> None:
    with inference(bed, NAMESPACE, model(installed.answers), "request", ACCOUNT) as name:
        ready(bed, NAMESPACE, name)
        until("200", lambda: asked(bed, f"{name}.{NAMESPACE}.ml.corp.example") == "200", 20)


SERVING, GC = "operator.knative.dev/v1beta1/KnativeServing", "min-non-active-revisions"
DASHBOARD = {"name": "dashboard", "namespace": NAMESPACE, "chart": "own/dashboard", "after": "kserve-environment"}


def test_upgrade_and_uninstall_change_nothing_of_others(
    bed: Bed, before: dict[str, Object], installed: Environment, tmp_path: Path
) -> None:
    for endpoint, kept in (("s3.corp:9000", "3"), ("s3.corp:9443", "4")):
        own_parts(installed.folder, kept)
        upgraded = Environment.generate(
            bed, "company-cluster", installed.folder.name, s3_endpoint=endpoint, extra_releases=[DASHBOARD]
        )
        upgraded.install()
        assert bed.api.get(SERVING, "knative-serving", "knative-serving")["spec"]["config"]["gc"] == {GC: kept}
        assert bed.api.get("v1/ConfigMap", "dashboard", NAMESPACE)["data"] == {"kept": kept}
        assert set(changed(bed, before)) <= ROLES
        assert asked(bed, company.SHOP) == "418"
    bed.remove_models()
    upgraded.uninstall()
    assert bed.api.find("v1/ConfigMap", "dashboard", NAMESPACE) is None
    until("nothing of others differs", lambda: changed(bed, before) == {}, 30)
    assert asked(bed, company.SHOP) == "418"
    company.remove(bed)


def own_parts(folder: Path, kept: str) -> None:
    """The user's own: a local values file, and the chart of a release."""
    local = {"knative": {"config": {"gc": {GC: kept}}}}
    (folder / "values" / "kserve-environment.local.yaml").write_text(json.dumps(local), encoding="utf-8")
    chart = folder / DASHBOARD["chart"]
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: dashboard\nversion: 1.0.0\n", encoding="utf-8")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dashboard"}, "data": {"kept": kept}}
    (chart / "templates" / "dashboard.yaml").write_text(json.dumps(body), encoding="utf-8")


# Kubernetes adds the rules of roles that are labelled for aggregation to these.
ROLES = {f"rbac.authorization.k8s.io/v1/ClusterRole /{name}" for name in ("admin", "edit", "view")}
