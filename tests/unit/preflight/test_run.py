"""`preflight` on a cluster that kubectl shows, object by object."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from kserve_wiring.cluster.facts import make_facts
from kserve_wiring.doctor.kubectl import Kubectl
from kserve_wiring.manifests.load import load_text
from kserve_wiring.preflight.environment import Environment
from kserve_wiring.preflight.run import preflight

Object = dict[str, Any]
HELM = {"meta.helm.sh/release-name": "istiod", "meta.helm.sh/release-namespace": "mesh"}
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: teams.example.com}
spec: {versions: [{name: v1, served: true}]}
"""
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istiod, namespace: mesh}\n"
FORBIDDEN = 'Error from server (Forbidden): secrets is forbidden: User "x" cannot get resource "secrets"'


MESH = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mesh"}}


@dataclass(frozen=True)
class Shown(Kubectl):
    """kubectl in front of some objects. error: what it prints about a kind instead."""

    objects: tuple[Object, ...] = ()
    error: tuple[str, str] = ("", "")
    calls: list[Sequence[str]] = field(default_factory=list)

    def reach(self) -> str:
        return "v1.33.2"

    def run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.calls.append(arguments)
        kind = arguments[1].partition(".")[0]
        if kind == self.error[0]:
            return subprocess.CompletedProcess([], 1, "", self.error[1])
        namespace = arguments[arguments.index("--namespace") + 1] if "--namespace" in arguments else ""
        found = [
            one
            for one in (*self.objects, MESH)
            if one["kind"] == kind and one["metadata"].get("namespace", "") == namespace
            if one["metadata"]["name"] in arguments
        ]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": found}) if found else ""
        return subprocess.CompletedProcess([], 0, text, "")


def environment(text: str = "", **facts: Any) -> Environment:
    created = load_text(text, "rendered/istiod.yaml", release="istiod").objects
    values = {"environment": "prod", "namespaces": {"create": False}, "gateways": {"ingress": {"tlsSecret": "tls"}}}
    return Environment(created, [], make_facts([], facts), {"istiod": "mesh"}, values, [])


def there(kind: str, name: str, namespace: str = "mesh", version: str = "v1", **more: Any) -> Object:
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), **more.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **more}


def problems(made: Environment, *objects: Object, error: tuple[str, str] = ("", ""), oldest: str = "") -> list[str]:
    return preflight(made, Shown(objects=objects, error=error), oldest).problems


@pytest.mark.parametrize(
    ("oldest", "expected"),
    [
        ("v1.33.0", []),
        ("", []),
        (
            "v1.34.0",
            ["Kubernetes v1.33.2 is too old: Knative needs v1.34.0 or newer; upgrade it, or choose an older stack"],
        ),
    ],
)
def test_the_version_of_kubernetes(oldest: str, expected: list[str]) -> None:
    assert problems(environment(), oldest=oldest) == expected


@pytest.mark.parametrize(
    ("tested", "parts"),
    [
        ({}, ""),
        ({"Istio 1.27.1": "1.33", "KServe v0.20.0": "v1.34.4"}, ""),
        ({"Istio 1.27.1": "1.32", "KServe v0.20.0": "1.33"}, "Istio 1.27.1 (1.32)"),
        ({"Istio 1.27.1": "1.9", "KServe v0.20.0": "1.32"}, "Istio 1.27.1 (1.9), KServe v0.20.0 (1.32)"),
    ],
)
def test_a_kubernetes_that_upstream_has_not_tested(tested: dict[str, str], parts: str) -> None:
    report = preflight(environment(), Shown(), tested=tested)
    said = f"Kubernetes v1.33.2 is newer than upstream tests these parts with: {parts}; "
    advice = "try it before production, or choose a newer stack"
    assert (report.warnings, report.problems) == ([said + advice] if parts else [], [])


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({"annotations": HELM}, ""),
        (
            {"annotations": HELM | {"meta.helm.sh/release-namespace": "other"}},
            "Helm release istiod in namespace other",
        ),
        ({"annotations": HELM | {"meta.helm.sh/release-name": "mesh"}}, "Helm release mesh in namespace mesh"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "prod-istiod:apps/Deployment:mesh/istiod"}}, ""),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "mesh:a/b:c/d"}}, "Argo CD application mesh"),
        ({"labels": {"argocd.argoproj.io/instance": "mesh"}}, "Argo CD application mesh"),
        ({"managedFields": [{"manager": "istioctl"}]}, "no Helm release (made by istioctl)"),
        ({}, "no Helm release (its maker is unknown)"),
    ],
)
def test_whose_an_object_is(metadata: Object, owner: str) -> None:
    found = problems(environment(DEPLOYMENT), there("Deployment", "istiod", version="apps/v1", metadata=metadata))
    line = (
        f"Deployment mesh/istiod of release istiod belongs to {owner}: remove what is there, or set istio to existing"
    )
    assert found == ([line] if owner else [])


@pytest.mark.parametrize(
    ("managers", "problem"),
    [
        (["kserve-environment"], ""),
        (["kubectl"], "made by kubectl"),
        (["kubectl", "kserve-environment"], ""),
        ([], "its maker is unknown"),
    ],
)
def test_what_kubectl_applies_is_the_environments_own(managers: list[str], problem: str) -> None:
    crd = load_text(CRD, "rendered/gateway-api-crds.yaml", release="gateway-api-crds").objects
    made = Environment(crd, [], make_facts([], {}), {}, {}, [], frozenset({"gateway-api-crds"}))
    metadata = {"managedFields": [{"manager": name} for name in managers]}
    kind, version = "CustomResourceDefinition", "apiextensions.k8s.io/v1"
    found = problems(made, there(kind, "teams.example.com", "", version, metadata=metadata))
    line = (
        f"CustomResourceDefinition teams.example.com of release gateway-api-crds belongs to no Helm release "
        f"({problem}): remove what is there, or set gateway_api_crds to existing"
    )
    assert found == ([line] if problem else [])


def test_without_knative_the_version_is_kserves_need() -> None:
    made = replace(environment(), values={"knative": {"install": "none"}})
    line = "Kubernetes v1.33.2 is too old: KServe needs v1.34.0 or newer; upgrade it, or choose an older stack"
    assert problems(made, oldest="v1.34.0") == [line]


@pytest.mark.parametrize(("owner", "theirs"), [("crds", False), ("other", True)])
def test_an_object_of_two_charts_belongs_to_either_release(owner: str, theirs: bool) -> None:
    """`lookup` in both charts of KServe leaves the CRD of ClusterStorageContainers to the first release."""
    made = environment(CRD)
    first = load_text(CRD, "rendered/crds.yaml", release="crds").objects
    both = replace(made, created=first + made.created, namespaces={"istiod": "mesh", "crds": "mesh"})
    labels = {"meta.helm.sh/release-name": owner, "meta.helm.sh/release-namespace": "mesh"}
    version = "apiextensions.k8s.io/v1"
    crd = there("CustomResourceDefinition", "teams.example.com", "", version, metadata={"annotations": labels})
    assert bool(problems(both, crd)) is theirs


GATEWAY = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: mesh}\n"
GATEWAY_CRD = CRD.replace("spec: {", "spec: {group: gateway.networking.k8s.io, ")


@pytest.mark.parametrize(("more", "missing"), [("", True), (f"---\n{GATEWAY_CRD}", False)])
def test_crds_of_the_gateway_api_that_others_install(more: str, missing: bool) -> None:
    """Only if no release of the environment brings them."""
    error = ("--raw", "Error from server (NotFound): the server could not find the requested resource")
    need = "Gateway of gateway.networking.k8s.io/v1, which Gateway mesh/edge needs"
    line = f"the cluster does not serve {need}: install the CRDs of the Gateway API, or a version that has it"
    assert (line in problems(environment(GATEWAY + more), error=error)) is missing


@pytest.mark.parametrize(
    ("source", "served", "stored", "expected"),
    [
        ("istiod/crds/teams.yaml", "v1", ["v1"], []),
        (
            "istiod/crds/teams.yaml",
            "v1alpha1",
            ["v1alpha1"],
            [
                "CustomResourceDefinition teams.example.com is older than the stack's: it does not serve v1, and "
                "helm does not update CRDs of a folder crds/: apply that of the chart",
                "CustomResourceDefinition teams.example.com is newer than the stack's: it stores v1alpha1, which the "
                "stack does not have: choose a newer stack",
            ],
        ),
        (
            "istiod/templates/crds/teams.yaml",
            "v1",
            ["v1"],
            [
                "CustomResourceDefinition teams.example.com of release istiod belongs to no Helm release (its maker is "
                "unknown): remove what is there, or set istio to existing"
            ],
        ),
    ],
)
def test_a_crd_of_another_version(source: str, served: str, stored: list[str], expected: list[str]) -> None:
    crd = there(
        "CustomResourceDefinition",
        "teams.example.com",
        "",
        "apiextensions.k8s.io/v1",
        spec={"versions": [{"name": served, "served": True}]},
        status={"storedVersions": stored},
    )
    assert problems(environment(f"---\n# Source: {source}\n{CRD.strip()}\n"), crd) == expected


def secret(hosts: list[str], kind: str = "kubernetes.io/dockerconfigjson") -> Object:
    text = json.dumps({"auths": {host: {} for host in hosts}})
    return there("Secret", "pull", type=kind, data={".dockerconfigjson": base64.b64encode(text.encode()).decode()})


REGISTRY = {"registry": "r.example:8443", "registry_project": "kserve", "pull_secret": "pull"}
PULL = environment(existing=["Secret/mesh/pull"], **REGISTRY)


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ([secret(["r.example:8443"])], []),
        ([secret(["https://r.example:8443/kserve"])], []),
        ([], ["Secret pull does not exist in mesh: create it as README.md describes"]),
        (
            [secret(["r.example", "b"])],
            [
                "Secret mesh/pull has no login for r.example:8443/kserve, only for b, r.example: create it as "
                "README.md describes"
            ],
        ),
        (
            [secret([], "Opaque")],
            [
                "Secret mesh/pull has the type Opaque, not kubernetes.io/dockerconfigjson: create it as README.md "
                "describes"
            ],
        ),
        (
            [there("Secret", "pull", type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": "ew=="})],
            ["Secret mesh/pull: .dockerconfigjson: it is not JSON: create it as README.md describes"],
        ),
    ],
)
def test_a_pull_secret(objects: list[Object], expected: list[str]) -> None:
    assert problems(PULL, *objects) == expected


TENANT = {"name": "mesh", "s3": {"secret": "s3"}, "huggingFace": {"secret": "hub"}, "oci": {"pullSecret": "images"}}


def of_models(*objects: Object, **values: Any) -> list[str]:
    """The problems of a tenant with a Secret for each source of models."""
    made = environment(existing=[f"Secret/mesh/{name}" for name in ("s3", "hub", "images")])
    made = replace(made, values={**made.values, "tenants": [TENANT], **values})
    return problems(made, *objects)


def test_a_secret_for_models_has_the_keys_that_kserve_looks_for() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    images = there("Secret", "images", type="kubernetes.io/dockerconfigjson")
    assert of_models(there("Secret", "s3", data=keys), there("Secret", "hub", data={"HF_TOKEN": ""}), images) == []
    wrong = there("Secret", "hub", data={"token": ""}), there("Secret", "images", type="Opaque")
    expected = [
        "Secret mesh/hub has no key HF_TOKEN, which KServe looks for: create it as README.md describes",
        "Secret mesh/images has the type Opaque, not kubernetes.io/dockerconfigjson: create it as README.md describes",
    ]
    s3 = there("Secret", "s3", data={"accesskey": "", "secretkey": ""})
    lacks = (
        "Secret mesh/s3 has no key AWS_ACCESS_KEY_ID and no key AWS_SECRET_ACCESS_KEY, which KServe looks for: create "
        "it as README.md describes"
    )
    assert of_models(*wrong, s3) == [*expected, lacks]
    own = {"config": {"credentials": {"s3": {"s3AccessKeyIDName": "accesskey", "s3SecretAccessKeyName": "secretkey"}}}}
    assert of_models(*wrong, s3, kserve=own) == expected


def test_what_else_people_bring() -> None:
    made = environment(
        existing=["Namespace//a", "Namespace//b", "ConfigMap/mesh/ca", "Secret/mesh/tls"], registry_ca="ConfigMap/ca"
    )
    gone = there("Namespace", "a", "", status={"phase": "Terminating"})
    objects = (gone, there("ConfigMap", "ca", data={"ca.crt": ""}), there("Secret", "tls", type="Opaque"))
    assert problems(made, *objects) == [
        "ConfigMap mesh/ca has no key cabundle.crt, the only one that KServe reads: create it as README.md describes",
        "Namespace a is being deleted: wait until it is gone, or find what holds it",
        "Secret mesh/tls has the type Opaque, not kubernetes.io/tls: create it as README.md describes",
        "Namespace b does not exist: ask for it, or let the answers create it (namespaces, tenants)",
    ]


def test_an_ingress_class_that_others_serve() -> None:
    made = environment(existing="IngressClass//nginx")
    nginx = there("IngressClass", "nginx", "", "networking.k8s.io/v1")
    missing = "IngressClass nginx does not exist: install a controller that serves it, or correct ingress_class"
    assert (problems(made), problems(made, nginx)) == ([missing], [])


@pytest.mark.parametrize(("create", "expected"), [(False, ["web"]), (True, [])])
def test_the_namespace_of_an_extra_release(create: bool, expected: list[str]) -> None:
    """helm creates it only with --create-namespace; the facts name no namespace of such a release."""
    made = environment()
    values = {"namespaces": {"create": create}}
    missing = problems(replace(made, namespaces={"istiod": "mesh", "web": "web"}, values=values))
    assert missing == [
        f"Namespace {name} does not exist: ask for it, or let the answers create it (namespaces, tenants)"
        for name in expected
    ]


def test_no_answer_is_not_missing() -> None:
    report = preflight(PULL, Shown(error=("Secret", FORBIDDEN)))
    assert report.problems == []
    assert report.unseen == [f"Secret pull in mesh: {FORBIDDEN.removeprefix('Error from server ')}"]


def test_it_only_reads() -> None:
    kubectl = Shown()
    preflight(environment(DEPLOYMENT + "---" + CRD, existing=["Namespace//a"]), kubectl)
    assert {call[0] for call in kubectl.calls} == {"get"}
