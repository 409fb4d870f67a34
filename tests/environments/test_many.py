"""Many environments: equal renders are made once, and more processes print the same."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from kserve_wiring.checker import many
from kserve_wiring.cli import main as cli
from kserve_wiring.manifests.environment import find_chart, plan
from kserve_wiring.manifests.helm import HelmCall
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

EXAMPLE = ROOT / "examples" / "offline-harbor.yaml"
COUNT = 7


@pytest.fixture
def charts(upstream_charts: Callable[[str], Upstream]) -> str:
    return str(next(iter(upstream_charts(stacks.DEFAULT).folders.values())).parent)


@pytest.fixture
def clusters(environment: Callable[[Path], Path], tmp_path: Path) -> Path:
    """Equal environments in folders of different names."""
    for number in range(COUNT):
        shutil.copytree(environment(EXAMPLE), tmp_path / "clusters" / f"site-{number}")
    return tmp_path / "clusters"


@pytest.fixture
def counting_helm(newest_helm: Helm, tmp_path: Path) -> tuple[str, Callable[[], Counter[str]]]:
    """The real helm behind a script that notes each release it renders, also in other processes."""
    script, log = tmp_path / "helm", tmp_path / "calls"
    script.write_text(f'#!/bin/sh\necho "$2" >> "{log}"\nexec "{newest_helm.path}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)

    def calls() -> Counter[str]:
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return Counter(lines)

    return str(script), calls


def releases(calls: list[HelmCall]) -> Counter[str]:
    return Counter(call.release for call in calls)


def test_equal_renders_are_made_once(
    clusters: Path, charts: str, counting_helm: tuple[str, Callable[[], Counter[str]]]
) -> None:
    helm, calls = counting_helm
    check = ["check", str(clusters), "--charts", charts, "--helm", helm, "--quiet"]
    of_one, missing = plan(clusters / "site-0", lambda name, version: find_chart(Path(charts), name, version))
    assert missing == []

    assert cli.main(check) == 0
    assert calls() == releases(of_one)

    # What has not changed is not rendered again; what has changed is.
    values = clusters / "site-6" / "values" / "istiod.local.yaml"
    values.write_text("resources: {requests: {cpu: 10m}}\n", encoding="utf-8")
    assert cli.main(check) == 0
    assert calls() == {"istiod": 1}


def test_one_process_and_several_print_the_same(
    clusters: Path,
    charts: str,
    newest_helm: Helm,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Findings, what cannot be rendered, and the exit code."""
    break_some(clusters)
    check = ["check", str(clusters), "--charts", charts, "--helm", newest_helm.path, "--verbose"]
    monkeypatch.setattr(many, "_FEW", 1)
    ended = []
    for processes in (0, 3):
        monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["fork"] if processes else [])  # noqa: B023
        monkeypatch.setattr(os, "cpu_count", lambda: processes or 1)  # noqa: B023
        ended.append((cli.main(check), capsys.readouterr()))
    assert ended[0][0] == 2
    assert ": 0 errors, 2 warnings, 0 info, 4 could not be read" in ended[0][1].out
    assert ended[1] == ended[0]


def break_some(clusters: Path) -> None:
    """Two environments with an unknown value, one that helm refuses, and one without a list of releases."""
    for name in ("site-1", "site-5"):
        values = clusters / name / "values" / "kserve-environment.local.yaml"
        values.write_text("ingresGateway: {name: other}\n", encoding="utf-8")
    (clusters / "site-3" / "values" / "istiod.yaml").write_text("a: [\n", encoding="utf-8")
    (clusters / "site-6" / "releases.yaml").write_text("- {}\n", encoding="utf-8")
