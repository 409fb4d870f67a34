"""`make demo`, run as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.tools.releases import UPSTREAM_RELEASES
from tools import stacks
from tools.console import ROOT
from tools.upstream import helm
from tools.upstream.charts import Upstream


def demo(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The demo with helm 4 and the given environment variables."""
    env = {**os.environ, "HELM": helm.build(4).path, "COLUMNS": "140", **variables}
    command = [sys.executable, "-m", "tools.demo", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shown(upstream_charts: Callable[[str], Upstream]) -> subprocess.CompletedProcess[str]:
    """What the demo prints when the charts are in a folder."""
    folders = {folder.parent for folder in upstream_charts(stacks.DEFAULT).folders.values()}
    return demo(CHARTS=str(folders.pop()))


def test_it_succeeds_and_says_every_step(shown: subprocess.CompletedProcess[str]) -> None:
    assert shown.returncode == 0, shown.stderr
    steps = [line.split()[1] for line in shown.stderr.splitlines() if line.startswith("==>")]
    assert steps == ["1/6", "2/6", "3/6", "4/6", "5/6", "6/6"]
    assert "no unknown field, no wrong type, no unknown kind" in shown.stderr
    assert "objects: 0 errors, 0 warnings" in shown.stdout


def test_it_shows_the_wiring(shown: subprocess.CompletedProcess[str]) -> None:
    assert "The environment is in build/demo." in shown.stdout
    for wire, value in (
        ("W1", "harbor.corp.local:8443"),
        ("W4", "harbor-ca"),
        ("W5", "harbor-pull"),
        ("W9", "ml-gateway/ml-local-gateway"),
        ("W10", "ml.corp.local"),
        ("W11", "cluster.local"),
    ):
        assert any(line.startswith(f"{wire} ") and f" {value} " in line for line in shown.stdout.splitlines()), wire


def test_it_shows_the_error_of_a_broken_setting(shown: subprocess.CompletedProcess[str]) -> None:
    broken = shown.stdout.partition("What to do next")[2]
    assert "Gateway ml-gateway/ml-local-gateway" in broken
    assert "KW403 error" in broken
    values = yaml.safe_load((ROOT / "build" / "demo" / "values" / "local-gateway.yaml").read_text(encoding="utf-8"))
    assert values["name"] == "ml-local-gateway"


def test_without_any_charts_it_names_what_it_could_not_render(tmp_path: Path) -> None:
    # A home of its own: no charts in build/, no modules, no proxy.
    script = (
        "import sys; from pathlib import Path; from tools import console, demo; from tools.upstream import charts; "
        "charts.BUILD = Path(sys.argv.pop()); console.run(demo.main)"
    )
    env = {
        **os.environ,
        "HELM": helm.build(4).path,
        "GOPROXY": "off",
        "GOMODCACHE": str(tmp_path / "modules"),
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "CHARTS": "",
    }
    command = [sys.executable, "-c", script, str(tmp_path / "build")]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"0 of {len(stacks.charts(stacks.DEFAULT))} charts from pinned Go modules" in done.stderr
    missing = [line.split()[0] for line in done.stderr.splitlines() if "not rendered: no chart" in line]
    assert missing == UPSTREAM_RELEASES
    assert "W9    local gateway" in done.stdout


def test_an_answers_file_that_does_not_exist() -> None:
    done = demo("examples/nothing.yaml")
    assert done.returncode == 2
    assert done.stderr == (
        "error: examples/nothing.yaml cannot be read (No such file or directory): name an answers file, such as one "
        "of examples/\n"
    )
