"""The oldest Kubernetes of a stack is the one with which its Knative starts, the newest the one that upstream tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import stacks
from tools.upstream import charts, modules


@pytest.mark.parametrize("stack", stacks.names())
def test_the_oldest_kubernetes_is_that_of_knative(stack: str) -> None:
    stated = yaml.safe_load((stacks.STACKS / f"{stack}.yaml").read_text(encoding="utf-8"))["kubernetes"]
    folder = modules.folder(stack, "knative.dev/pkg")
    text = (folder / "version" / "version.go").read_text(encoding="utf-8")
    assert re.search(r'(?:defaultMinimumVersion|DefaultKubernetesMinVersion) += "(v[0-9.]+)"', text)[1] == stated


# What the tests of each part run on: the file of its repository, and its versions there.
SOURCES = {
    "certManager": ("github.com/cert-manager/cert-manager", "make/kind_images.sh", r"KIND_IMAGE_K8S_(1)(\d+)="),
    "istio": ("istio.io/istio", "common/scripts/kind_provisioner.sh", r"kind-node:v(1)[.](\d+)"),
    "knative": ("knative.dev/serving", ".github/workflows/kind-e2e.yaml", r"- v(1)[.](\d+)[.]x"),
    "kserve": (
        "github.com/kserve/kserve",
        ".github/actions/minikube-setup/action.yml",
        r"kubernetes-version: 'v(1)[.](\d+)",
    ),
}
# The versions that KServe's tests install (kserve-deps.env).
WITH_KSERVE = {"certManager": "CERT_MANAGER_VERSION", "istio": "ISTIO_VERSION", "knative": "KNATIVE_SERVING_VERSION"}


def newest(stack: str, part: str) -> tuple[int, ...]:
    module, file, pattern = SOURCES[part]
    text = (modules.folder(stack, module) / file).read_text(encoding="utf-8")
    return max(tuple(map(int, found)) for found in re.findall(pattern, text))


def upstream_tests(stack: str, data: dict[str, Any]) -> dict[str, str]:
    deps = (modules.folder(stack, "github.com/kserve/kserve") / "kserve-deps.env").read_text(encoding="utf-8")
    found = {part: newest(stack, part) for part in SOURCES}
    for part, variable in WITH_KSERVE.items():
        (version,) = re.findall(rf"^{variable}=v?(?:knative-v)?(\S+)$", deps, re.MULTILINE)
        if version == data["versions"][part].removeprefix("v"):
            found[part] = max(found[part], found["kserve"])
    return {part: ".".join(map(str, version)) for part, version in found.items()}


@pytest.mark.parametrize("stack", stacks.names())
def test_the_newest_kubernetes_is_what_upstream_tests(stack: str) -> None:
    data = yaml.safe_load((stacks.STACKS / f"{stack}.yaml").read_text(encoding="utf-8"))
    assert data["testedKubernetes"] == upstream_tests(stack, data)


@pytest.mark.parametrize("stack", stacks.names())
def test_no_chart_refuses_a_newer_kubernetes(stack: str) -> None:
    """Else a newer one would be an error."""
    folders = charts.charts(stack, only_modules=True).folders.values()
    wanted = [load(folder / "Chart.yaml").get("kubeVersion", ">= 0") for folder in folders]
    assert len(wanted) > 5
    assert [text for text in wanted if not re.fullmatch(r">= ?[0-9.]+(-0)?", text)] == []


def load(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found
