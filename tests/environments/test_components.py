"""What others have installed: no file installs, upgrades, removes or mirrors it, and the facts have it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from kserve_wiring import inspect, read
from kserve_wiring.manifests.environment import plan
from tests.environments.edit import edited, put
from tools import stacks
from tools.environment import render
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

# Of each component: the answers that leave it out, its releases, its charts, its images, the namespace of others.
LEFT_OUT: dict[str, tuple[dict[str, Any], set[str], set[str], str, str]] = {
    "cert-manager": (
        {"cert_manager": "existing", "cert_manager_namespace": "pki"},
        {"cert-manager"},
        {"cert-manager"},
        "/jetstack/",
        "pki",
    ),
    "istio": (
        {"istio": "existing", "istio_version": "1.26.3", "istio_namespace": "mesh"},
        {"istio-base", "istiod"},
        {"base", "istiod"},
        "/istio/",
        "mesh",
    ),
    "ingress-gateway": (
        {
            "istio": "existing",
            "ingress_gateway": "existing",
            "ingress_gateway_namespace": "edge",
            "ingress_gateway_labels": {"istio": "ingressgateway"},
            "ingress_gateway_service": "shared",
            "ingress_gateway_ports": {80: 8080, 443: 8443},
            "ingress_gateway_servers": [{"gateway": "shop/web", "port": 443, "protocol": "HTTPS", "hosts": ["*"]}],
        },
        {"ingress-gateway"},
        set(),
        "/istio/",
        "edge",
    ),
    "local-gateway": (
        {
            "istio": "existing",
            "local_gateway": "existing",
            "local_gateway_namespace": "internal",
            "local_gateway_labels": {"app": "shared"},
            "local_gateway_service": "shared",
            "local_gateway_ports": {80: 80},
        },
        {"local-gateway"},
        set(),
        "/istio/",
        "internal",
    ),
    "knative": (
        {"knative_install": "existing", "knative_version": "1.20.1"},
        {"knative-operator"},
        {"knative-operator"},
        "/knative-releases/",
        "knative-serving",
    ),
}
REGISTRY = {"registry_host": "harbor.corp.local", "ingress_domain": "a.b", "pull_secret": "harbor", "offline": True}
ARGOCD = {"gitops": "argocd", "argocd_repo_url": "https://git.corp.local/c.git"}


@pytest.fixture(params=LEFT_OUT)
def component(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(component: str, template: Path, tmp_path: Path) -> Path:
    """An environment without that component."""
    data = {"environment_name": "x", **REGISTRY, **ARGOCD, **LEFT_OUT[component][0]}
    copier.run_copy(str(template), tmp_path / "x", data, defaults=True, quiet=True)
    return tmp_path / "x"


def test_no_file_has_a_release_chart_or_image_of_it(component: str, folder: Path) -> None:
    _, releases, charts, images, _ = LEFT_OUT[component]
    listed = yaml.safe_load((folder / "releases.yaml").read_text("utf-8"))
    assert releases.isdisjoint(release["name"] for release in listed)
    assert charts.isdisjoint(release["chart"]["name"] for release in listed)
    assert releases.isdisjoint(path.stem for name in ("values", "argocd") for path in (folder / name).rglob("*.yaml"))
    whole = {name: (folder / name).read_text("utf-8") for name in ("Makefile", "helmfile.yaml", "README.md")}
    named = re.compile(rf"(install-|uninstall |name: |`)({'|'.join(releases | charts)})($|[ `])", re.MULTILINE)
    assert {name: named.findall(text) for name, text in whole.items() if named.search(text)} == {}
    files = [path for path in (folder / "images").rglob("*") if path.is_file()]
    assert [str(path) for path in files if images in path.read_text("utf-8")] == []


def test_what_is_left_needs_the_first_release_still(folder: Path) -> None:
    listed = yaml.safe_load((folder / "releases.yaml").read_text("utf-8"))
    assert [release["name"] for release in listed if not release["needs"]] == ["kserve-prerequisites"]


def test_the_namespace_of_others_is_a_fact_and_nothing_is_put_there(
    component: str, folder: Path, upstream_charts: Callable[[str], Upstream], newest_helm: Helm
) -> None:
    answers, *_, namespace = LEFT_OUT[component]
    calls, missing = plan(folder, upstream_charts(stacks.DEFAULT).folder)
    assert missing == []
    objects = [item for one in render.render(calls, newest_helm) for item in one.objects()]
    assert [
        item["kind"] for item in objects if item["kind"] == "Namespace" and item["metadata"]["name"] == namespace
    ] == []
    put = {item["kind"] for item in objects if item["metadata"].get("namespace") == namespace}
    assert put == ({"Gateway"} if component.endswith("gateway") else set())
    (facts,) = [
        item["data"] for item in objects if item["metadata"].get("labels", {}).get("kserve-wiring.io/context") == "true"
    ]
    assert f"Namespace//{namespace}" in facts["existing"].splitlines()
    assert f"Secret/{namespace}/harbor" not in facts["existing"].splitlines()
    for version, default in {"istio_version": "1.27.1", "knative_version": "1.21.1"}.items():
        assert facts[version] == answers.get(version, default)
    named = re.findall(rf"^.*\b{namespace}\b", (folder / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert [line for line in named if "/verify.sh" not in line] == [], "verify only reads"


def test_what_knatives_owner_must_set_is_printed(template: Path, tmp_path: Path, newest_helm: Helm) -> None:
    data = {"environment_name": "x", **REGISTRY, **LEFT_OUT["knative"][0]}
    copier.run_copy(str(template), tmp_path / "x", data, defaults=True, quiet=True)
    command = ["make", "--no-print-directory", "knative", f"HELM={newest_helm.path}"]
    printed = subprocess.run(command, cwd=tmp_path / "x", check=True, capture_output=True, text=True).stdout
    config = yaml.safe_load(printed)["spec"]["config"]
    assert config["domain"] == {"a.b": ""}
    assert "harbor.corp.local" in config["deployment"]["registries-skipping-tag-resolving"].split(",")
    assert "make knative" in (tmp_path / "x" / "README.md").read_text("utf-8")


POD, SERVICE = "Gateway edge/kserve-ingress-gateway", "KnativeServing knative-serving/knative-serving"
ENTRY = ("spec", "config", "istio", "external-gateways", "yaml", 0)
# What disagrees with a gateway of others, of which only the facts tell.
BROKEN = {
    "selector": (POD, put("spec", "selector", value={"istio": "ingress-gateway"}), {"KW403"}),
    "port": (POD, put("spec", "servers", 0, "port", "number", value=9090), {"KW405"}),
    "host": (POD, put("spec", "servers", 0, "hosts", value=["*.other.example"]), {"KW406"}),
    "certificate": (
        POD,
        put(
            "spec",
            "servers",
            0,
            value={
                "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                "hosts": ["*"],
                "tls": {"mode": "SIMPLE", "credentialName": "models-tls"},
            },
        ),
        {"KW416"},
    ),
    "service": (SERVICE, put(*ENTRY, "service", value="other.edge.svc.cluster.local"), {"KW404"}),
    "gateway": (SERVICE, put(*ENTRY, "name", value="other"), {"KW402"}),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_disagrees_with_a_gateway_of_others_is_found(
    case: str, template: Path, tmp_path: Path, upstream_charts: Callable[[str], Upstream], newest_helm: Helm
) -> None:
    target, edit, codes = BROKEN[case]
    data = {"environment_name": "x", **LEFT_OUT["ingress-gateway"][0]}
    copier.run_copy(str(template), tmp_path / "x", data, defaults=True, quiet=True)
    store = next(iter(upstream_charts(stacks.DEFAULT).folders.values())).parent
    loaded = read(str(tmp_path / "x"), charts=str(store), helm=newest_helm.path)
    assert inspect(loaded).findings == []
    (found,) = [obj for obj in loaded.objects if str(obj.ref) == target]
    changed = replace(found, body=edited(dict(found.body), edit))
    objects = [changed if obj is found else obj for obj in loaded.objects]
    findings = inspect(replace(loaded, objects=objects)).findings
    assert {finding.code for finding in findings} & codes == codes, [str(one) for one in findings]


@pytest.mark.parametrize(("namespaces", "made"), [("create", 7), ("tenants", 1), ("existing", 0)])
def test_who_creates_the_namespaces(
    namespaces: str,
    made: int,
    template: Path,
    tmp_path: Path,
    upstream_charts: Callable[[str], Upstream],
    newest_helm: Helm,
) -> None:
    """What is not created is a fact, and neither helm, helmfile nor Argo CD creates it on the way."""
    data = {
        "environment_name": "x",
        **ARGOCD,
        "namespaces": namespaces,
        "tenants": ["team-a"],
        "istio_namespace": "mesh",
    }
    copier.run_copy(str(template), tmp_path / "x", data, defaults=True, quiet=True)
    calls, _ = plan(tmp_path / "x", upstream_charts(stacks.DEFAULT).folder)
    objects = [item for one in render.render(calls, newest_helm) for item in one.objects()]
    created = {item["metadata"]["name"] for item in objects if item["kind"] == "Namespace"}
    facts = next(
        item["data"] for item in objects if item["metadata"]["name"] == "kserve-environment" and "data" in item
    )
    existing = {line.partition("//")[2] for line in facts["existing"].splitlines() if line.startswith("Namespace")}
    wanted = {"kserve", "knative-serving", "knative-operator", "mesh", "cert-manager", "istio-ingress", "team-a"}
    assert (len(created), created | existing) == (
        made,
        wanted | (created & {"istio-system"}),
    )
    texts = [(tmp_path / "x" / name).read_text("utf-8") for name in ("Makefile", "helmfile.yaml")]
    texts += [path.read_text("utf-8") for path in (tmp_path / "x" / "argocd" / "applications").iterdir()]
    asked = [
        re.search("--create-namespace|createNamespace: true|CreateNamespace=true", text) is not None for text in texts
    ]
    assert set(asked) == {namespaces == "create"}
