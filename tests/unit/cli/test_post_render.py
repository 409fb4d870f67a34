"""The post-renderer, called by helm 3 and by the plugin of helm 4."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pexpect
import pytest
import yaml

from tools.console import ROOT
from tools.rules import RULES
from tools.upstream import helm

BIN = ROOT / ".venv" / "bin"
FINDING = ": spec.selector is istio=ml-locl, but"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart whose only Gateway selects no Pods."""
    templates = tmp_path / "chart" / "templates"
    templates.mkdir(parents=True)
    shutil.copy(RULES / "KW403" / "bad-typo.yaml", templates)
    (tmp_path / "chart" / "Chart.yaml").write_text("{apiVersion: v2, name: a, version: 0.1.0}\n", encoding="utf-8")
    return tmp_path / "chart"


@pytest.fixture(params=[3, 4])
def rendering(request: pytest.FixtureRequest, chart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The command line as docs/kserve-wiring.md has it, for either helm."""
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
    monkeypatch.setenv("HELM_DATA_HOME", str(tmp_path / "data"))
    program = helm.find_major(request.param).path
    if request.param == 3:
        return f"{program} template a {chart} --post-renderer kserve-wiring --post-renderer-args post-render"
    subprocess.run([program, "plugin", "install", ROOT / "plugins" / "helm"], check=True)
    return f"{program} template a {chart} --post-renderer kserve-wiring"


def objects(text: bytes) -> list[object]:
    return [body for body in yaml.safe_load_all(text) if body]


def test_helm_stops_at_a_finding(rendering: str) -> None:
    """On a terminal: without one, helm 4 shows nothing of what its plugin prints."""
    output, status = pexpect.run(rendering, withexitstatus=True, encoding="utf-8", env=dict(os.environ), timeout=120)
    assert status == 1
    assert output.count(FINDING) == 1
    assert "kind: Gateway" not in output


def test_without_a_terminal_helm_stops_too(rendering: str) -> None:
    done = subprocess.run(rendering.split(), capture_output=True, text=True, start_new_session=True)
    assert (done.returncode, done.stdout) == (1, "")


def test_what_agrees_is_unchanged(rendering: str) -> None:
    plain = subprocess.run(rendering.split(" --post-renderer ")[0].split(), capture_output=True, check=True)
    checked = f"{rendering} --post-renderer-args --ignore=KW403".split()
    done = subprocess.run(checked, capture_output=True, check=True)
    # helm 4 indents what it gives to a post-renderer in its own way.
    assert objects(done.stdout) == objects(plain.stdout)


def test_a_flag_that_does_not_exist(rendering: str) -> None:
    done = subprocess.run(f"{rendering} --post-renderer-args --nonsense".split(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
