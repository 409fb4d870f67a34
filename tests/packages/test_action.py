"""action.yml: linted by actionlint, and its steps executed as a runner of GitHub executes them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packages.conftest import mistype
from tools.console import ROOT

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "kserve-wiring.md").read_text(encoding="utf-8")
WORKFLOW = re.search(r"(?ms)^```yaml\n# \.github/workflows/wiring.yaml\n(.*?)^```$", PAGE)

# What `mistype` breaks: the label of the Pods, which the Gateway and the Service select.
FINDINGS = [("gateway.yaml", "KW403")]


def test_the_action_and_the_workflow_of_the_page_are_valid(clone: Path, actionlint: Path, tmp_path: Path) -> None:
    """A wrong input of a local action is an error, so the action is checked, too."""
    assert WORKFLOW
    text = WORKFLOW[1].replace("OWNER/copier-kserve@v0.1.0", "./")
    assert "uses: ./" in text
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "wiring.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "action.yml").write_bytes((clone / "action.yml").read_bytes())
    (tmp_path / ".git").mkdir()  # actionlint looks for the root of a repository
    done = subprocess.run([actionlint, "-no-color"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture(scope="module")
def runner(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables that a runner sets, after the action's step that installs."""
    temp = tmp_path_factory.mktemp("runner")
    variables = {**os.environ, "RUNNER_TEMP": str(temp), "GITHUB_ACTION_PATH": str(clone)}
    variables.pop("PYTHONPATH", None)
    (install,) = [step for step in ACTION["runs"]["steps"] if step.get("name") == "Install kserve-wiring"]
    # Debian and others have python3 only; setup-python has both names.
    subprocess.run(["bash", "-e", "-c", install["run"].replace("python -m", "python3 -m")], env=variables, check=True)
    return variables


def follow(runner: dict[str, str], folder: Path, **inputs: str) -> tuple[int, str]:
    """Execute the steps after the installation, like a runner: until one fails."""
    given = {name: body["default"] for name, body in ACTION["inputs"].items()} | inputs
    output = ""
    for step in ACTION["runs"]["steps"][2:]:
        if step.get("if") and not given["sarif"]:
            continue
        values = {name: given[re.sub(r"\W|inputs", "", text)] for name, text in step["env"].items()}
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=folder, env=runner | values, capture_output=True, text=True)
        output += done.stdout + done.stderr
        if done.returncode:
            return done.returncode, output
    return 0, output


def test_what_agrees_passes(runner: dict[str, str], user: Path) -> None:
    status, output = follow(runner, user)
    assert (status, output) == (0, "4 objects: 0 errors, 0 warnings, 0 info\n")


def test_a_finding_fails_the_job_and_is_an_annotation(runner: dict[str, str], user: Path) -> None:
    mistype(user)
    status, output = follow(runner, user, sarif="wiring.sarif")
    assert status == 1
    assert re.findall(r"(?m)^::error file=([a-z.]+),line=\d+,title=(KW\d+)", output) == FINDINGS, output
    results = json.loads((user / "wiring.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == [code for _, code in FINDINGS]


def test_arguments_and_several_paths(runner: dict[str, str], user: Path) -> None:
    mistype(user)
    assert follow(runner, user, paths="gateway.yaml rest.yaml", arguments="--ignore KW403,KW529")[0] == 0


def test_no_report_stops_before_the_check(runner: dict[str, str], user: Path) -> None:
    status, output = follow(runner, user, arguments="--nonsense", sarif="wiring.sarif")
    assert status == 1
    assert output.count("unrecognized arguments: --nonsense") == 1
