"""templates/kserve-wiring.yml: of GitLab's own schema, and its script executed as a runner of GitLab executes it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.commands.clone import GIT
from tests.packages.conftest import mistype
from tools.console import ROOT

COMPONENT = (ROOT / "templates" / "kserve-wiring.yml").read_text(encoding="utf-8")
SPEC, JOB = COMPONENT.split("\n---\n")
INPUTS: dict[str, dict[str, str]] = yaml.safe_load(SPEC)["spec"]["inputs"]
PAGE = (ROOT / "docs" / "kserve-wiring.md").read_text(encoding="utf-8")
SHOWN = re.search(r"(?ms)^```yaml\n# \.gitlab-ci\.yml\n(.*?)^```$", PAGE)
PROGRAM = Path(sys.executable).with_name("kserve-wiring")


def interpolated(**given: str) -> str:
    """The jobs with the inputs in place, as GitLab writes them: https://docs.gitlab.com/ci/inputs/."""
    values = {name: body["default"] for name, body in INPUTS.items() if "default" in body} | given
    return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: values[found[1]], JOB)


@pytest.fixture(scope="module")
def validator(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """check-jsonschema carries the schema that GitLab publishes for its editor."""
    venv = tmp_path_factory.mktemp("validator") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([venv / "bin" / "pip", "install", "--quiet", "check-jsonschema==0.39.0"], check=True)
    return venv / "bin" / "check-jsonschema"


def faults(validator: Path, file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    schema = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    done = subprocess.run([validator, *schema, file], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_component_and_the_page_are_of_gitlabs_schema(validator: Path, tmp_path: Path) -> None:
    assert SHOWN
    for number, text in enumerate((SPEC, interpolated(image="registry/image"), SHOWN[1])):
        assert faults(validator, tmp_path / f"{number}.yml", text) == ""
    for wrong in (SPEC.replace("default: test", "type: text"), JOB.replace("when: always", "when: ever")):
        assert faults(validator, tmp_path / "wrong.yml", wrong), "the check can fail"


def test_the_page_gives_the_inputs() -> None:
    assert SHOWN
    (include,) = yaml.safe_load(SHOWN[1])["include"]
    assert set(include["inputs"]) <= set(INPUTS)
    assert {name for name, body in INPUTS.items() if "default" not in body} <= set(include["inputs"])


def follow(folder: Path, **inputs: str) -> tuple[int, str]:
    """The script in the shell of an image: a runner stops at the first line that fails."""
    job: dict[str, Any] = yaml.safe_load(interpolated(image="any", **inputs))["kserve-wiring"]
    variables = os.environ | job["variables"] | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    variables["PYTHONPATH"] = str(ROOT / "src")
    command = ["sh", "-e", "-c", "\n".join(job["script"])]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def reports(folder: Path) -> tuple[list[str], list[str]]:
    """The rules in the test report and in the one of Code Quality, from the files that the job names."""
    files = yaml.safe_load(interpolated(image="any"))["kserve-wiring"]["artifacts"]["reports"]
    tests = ElementTree.parse(folder / files["junit"]).iter("failure")  # noqa: S314 - our own file
    issues = json.loads((folder / files["codequality"]).read_text(encoding="utf-8"))
    return [str(one.get("type")) for one in tests], [issue["check_name"] for issue in issues]


def test_what_agrees_passes(clone: Path, user: Path) -> None:
    status, output = follow(user)
    assert (status, "0 errors, 0 warnings" in output) == (0, True), output
    assert reports(user) == ([], [])


def test_a_finding_fails_the_job_and_is_in_both_reports(clone: Path, user: Path) -> None:
    mistype(user)
    status, output = follow(user)
    assert (status, "KW403 error" in output) == (1, True), output
    assert reports(user) == (["KW403"], ["KW403"])


def test_arguments_are_words_and_no_patterns(clone: Path, user: Path) -> None:
    mistype(user)
    assert follow(user, paths="gateway.yaml rest.yaml", arguments="--ignore KW403,KW529")[0] == 0
    (user / "gateway.yaml").rename(user / "gateway.tmpl.yaml")
    (user / "gateway-2.tmpl.yaml").write_text("not: [YAML", encoding="utf-8")
    assert "not YAML" not in follow(user, arguments="--exclude *.tmpl.yaml")[1]


def test_no_report_stops_before_the_check(clone: Path, user: Path) -> None:
    status, output = follow(user, arguments="--nonsense")
    assert (status, output.count("unrecognized arguments: --nonsense")) == (1, 1)


def test_a_runner_includes_the_component_with_the_inputs_of_the_page(user: Path, clone: Path, tmp_path: Path) -> None:
    """gitlab-ci-local, which is not GitLab's, reads includes, inputs and jobs as GitLab does, without a server."""
    if not (shutil.which("npm") and shutil.which("rsync")):
        pytest.skip("needs npm and rsync")
    assert SHOWN
    tool = "gitlab-ci-local@4.61.1"  # the last one for Node.js 20
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--prefix", tmp_path, tool], check=True)
    mistype(user)
    text = re.sub(r"component: \S+", "local: templates/kserve-wiring.yml", SHOWN[1]).replace(
        "paths: manifests", "paths: ."
    )
    (user / ".gitlab-ci.yml").write_text(text, encoding="utf-8")
    shutil.copytree(clone / "templates", user / "templates")
    for words in (["add", "--all"], ["remote", "add", "origin", "https://gitlab.example.com/ml/serving.git"]):
        subprocess.run([*GIT, *words], cwd=user, check=True)
    variables = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    runner = [tmp_path / "node_modules" / ".bin" / "gitlab-ci-local", "--force-shell-executor"]
    done = subprocess.run(runner, cwd=user, env=variables, capture_output=True, text=True)
    assert (done.returncode, "KW403 error" in done.stdout) == (1, True), done.stderr
    assert reports(user) == (["KW403"], ["KW403"])
