"""Both helm versions lint the chart and render the same objects."""

from __future__ import annotations

import subprocess

import pytest

from tests.chart.conftest import CHART, VALUES, Chart, named
from tools.upstream.helm import Helm

NAMES = sorted(path.stem for path in VALUES.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_lints_strictly(each_helm: Helm, name: str) -> None:
    command = [each_helm.path, "lint", "--strict", str(CHART), "--values", str(VALUES / f"{name}.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("part", ["all", "patches"])
@pytest.mark.parametrize("name", NAMES)
def test_renders_the_same(each_helm: Helm, chart: Chart, name: str, part: str) -> None:
    """Ignores the order: the two versions sort unknown kinds differently."""
    values = named(name, part=part, kserve={"config": {"security": {"autoMountServiceAccountToken": False}}})
    found = [Chart(each_helm.path).render(values).objects, chart.render(values).objects]
    one, other = (sorted(objects, key=lambda item: str(item["metadata"]) + item["kind"]) for objects in found)
    assert one == other


def test_says_the_same(each_helm: Helm, chart: Chart) -> None:
    values = {"digests": {"timeout": "30", "skipRegistries": ["docker.io"]}}
    assert Chart(each_helm.path).render(values).findings == chart.render(values).findings


def test_notes_name_the_smoke_test(newest_helm: Helm) -> None:
    """Helm 3 renders notes only with a cluster."""
    command = [newest_helm.path, "install", "env", str(CHART), "--namespace", "kserve", "--set", "part=wiring"]
    client = [*command, "--values", str(VALUES / "minimal.yaml"), "--dry-run=client"]
    done = subprocess.run(client, capture_output=True, text=True, check=False)
    assert "helm test env --namespace kserve --logs" in done.stdout, done.stderr
