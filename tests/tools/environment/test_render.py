"""Rendering: every release of an environment, what helm refuses, and YAML as Kubernetes' clients read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kserve_wiring.manifests.environment import plan
from kserve_wiring.manifests.helm import HelmCall
from tests.tools.releases import ALL_RELEASES, UPSTREAM_RELEASES
from tools import stacks
from tools.console import ROOT
from tools.environment import generate as environment
from tools.environment import render
from tools.environment.render import RenderError
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

CHART = ROOT / "charts" / "kserve-environment"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("generated") / "environment"
    environment.generate(environment.load_answers(ROOT / "examples" / "offline-harbor.yaml"), target)
    return target


def test_every_release_is_rendered_in_order_and_then_the_patches(
    generated: Path, upstream_charts: Callable[[str], Upstream]
) -> None:
    work, without = plan(generated, upstream_charts(stacks.DEFAULT).folder)
    assert without == []
    assert [(job.release, job.part) for job in work] == [
        *((name, "") for name in ALL_RELEASES),
        ("kserve-environment", "patches"),
    ]


def test_a_release_without_its_chart_is_named(generated: Path) -> None:
    work, without = plan(generated, Upstream().folder)
    assert [job.release for job in work] == ["kserve-prerequisites", "kserve-environment", "kserve-environment"]
    assert [release.name for release in without] == UPSTREAM_RELEASES


def test_what_helm_refuses_is_told_without_its_advice(each_helm: Helm, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("clusterDomian: cluster.local\n", encoding="utf-8")
    with pytest.raises(RenderError) as refused:
        render.template(HelmCall("ours", "kserve", CHART, (values,)), each_helm)
    assert refused.value.release == "ours"
    assert "clusterDomian" in refused.value.text
    assert "--debug" not in refused.value.text


def test_lint_names_what_is_wrong(each_helm: Helm, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: one\nicon: a.png\n", encoding="utf-8")
    complaint = render.lint(HelmCall("x", "x", tmp_path), each_helm)
    assert "[ERROR] Chart.yaml: version 'one' is not a valid SemVer" in complaint


def test_the_v_of_upstreams_versions_is_no_complaint(
    each_helm: Helm, upstream_charts: Callable[[str], Upstream], tmp_path: Path
) -> None:
    chart = upstream_charts(stacks.DEFAULT).folder("kserve-crd", "v0.20.0")
    assert chart is not None
    assert render.lint(HelmCall("kserve-crd", "kserve", chart), each_helm) == ""


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(RenderError) as refused:
        list(render.parse("a: 1\n---\nb: 1\nc: 2\nb: 3\n", "istiod"))
    assert str(refused.value) == "istiod: line 5: duplicate key b"


def test_yaml_is_read_as_kubernetes_reads_it() -> None:
    text = "date: 2024-01-02\nport: 12:30\noctal: 0644\nyes: on\n"
    assert list(render.parse(text, "x")) == [{"date": "2024-01-02", "port": "12:30", "octal": 420, True: True}]
