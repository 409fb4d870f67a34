"""No false alarms: what upstream ships is clean, alone and together."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kserve_wiring import inspect, read
from kserve_wiring.manifests.load import load_text
from kserve_wiring.manifests.objects import KubeObject
from tools import stacks
from tools.upstream import modules
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

NAMESPACES = {
    "base": "istio-system",
    "istiod": "istio-system",
    "gateway": "istio-ingress",
    "cert-manager": "cert-manager",
    "knative-operator": "knative-operator",
}

# Releases of KServe besides the stacks'. Of v0.18 nothing is on the module proxy.
KSERVE = sorted({path.name for path in stacks.modules("").glob("kserve-*")} - set(stacks.names()))
# One installation. Chart kserve-llmisvc-resources would make objects of kserve-resources a second time: KW501, rightly.
TOGETHER = (
    "kserve-crd",
    "kserve-resources",
    "kserve-runtime-configs",
    "kserve-localmodel-crd",
    "kserve-localmodel-resources",
)
# What these charts leave out by default.
SWITCHES = {"kserve-runtime-configs": ("kserve.servingruntime.enabled=true", "kserve.llmisvcConfigs.enabled=true")}


@pytest.fixture(scope="module", params=stacks.names())
def stack(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def defaults(stack: str, upstream_charts: Callable[[str], Upstream], newest_helm: Helm) -> dict[str, list[KubeObject]]:
    """Objects of each upstream chart with its own values."""
    folders = upstream_charts(stack).folders
    return {name: render(newest_helm, name, chart) for (name, _), chart in folders.items()}


def render(helm: Helm, name: str, chart: Path, *values: str) -> list[KubeObject]:
    namespace = NAMESPACES.get(name, "kserve")
    command = [helm.path, "template", name, str(chart), "--namespace", namespace, "--include-crds"]
    for switch in (*SWITCHES.get(name, ()), *values):
        command += ["--set", switch]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    loaded = load_text(text, f"{name}.yaml", release=name, namespace=namespace)
    assert loaded.problems == []
    return loaded.objects


def test_every_chart_alone(defaults: dict[str, list[KubeObject]], subtests: pytest.Subtests) -> None:
    for name, objects in defaults.items():
        with subtests.test(chart=name):
            assert [f"{finding.code} {finding.object}" for finding in inspect(read(objects)).findings] == []


def test_all_charts_together(
    defaults: dict[str, list[KubeObject]], upstream_charts: Callable[[str], Upstream], newest_helm: Helm, stack: str
) -> None:
    """Without what the second controller of KServe shares with the first: two releases would own it."""
    name = "kserve-llmisvc-resources"
    chart = upstream_charts(stack).folder(name, stacks.versions(stack)["kserve"])
    assert chart is not None
    rest = render(newest_helm, name, chart, "kserve.createSharedResources=false")
    everything = [obj for one, objects in defaults.items() if one != name for obj in objects] + rest
    assert [f"{finding.code} {finding.object}" for finding in inspect(read(everything)).findings] == []


def test_the_manifests_that_the_operator_carries(stack: str, subtests: pytest.Subtests) -> None:
    data = modules.folder(stack, "knative.dev/operator") / "cmd" / "operator" / "kodata"
    folders = [path for path in (data / "knative-serving").iterdir() if path.is_dir()]
    folders += [path / "istio" for path in (data / "ingress").iterdir() if (path / "istio").is_dir()]
    assert folders
    for folder in folders:
        with subtests.test(folder=str(folder.relative_to(data))):
            report = inspect(read(str(folder)))
            assert report.objects
            assert [f"{finding.code} {finding.object}" for finding in report.findings] == []


@pytest.mark.parametrize("release", KSERVE)
def test_all_charts_of_another_kserve(release: str, newest_helm: Helm, subtests: pytest.Subtests) -> None:
    charts = modules.folder(release, "github.com/kserve/kserve") / "charts"
    rendered: dict[str, list[KubeObject]] = {}
    for chart in sorted(path for path in charts.iterdir() if path.name != "_common"):
        rendered[chart.name] = render(newest_helm, chart.name, chart)
        with subtests.test(chart=chart.name):
            assert rendered[chart.name]
            assert [
                f"{finding.code} {finding.object}" for finding in inspect(read(rendered[chart.name])).findings
            ] == []
    assert len(rendered) == 10
    everything = [obj for name in TOGETHER for obj in rendered[name]]
    assert [f"{finding.code} {finding.object}" for finding in inspect(read(everything)).findings] == []
