"""Answers that are valid or not depending on others, with prompts and in an update: one line, and nothing is changed.

Copier would end in a traceback, or forget the earlier answer: see tools/generate/answers_fit.py. A file of
tests/answers/invalid for each question; with KSERVE_TEST_SPACE all of them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from copier.errors import UserMessageError
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from tests.template.conftest import copy_template
from tests.template.dialogue import COPIER, ENTER, Dialogue
from tests.template.test_invalid_answers import INVALID, expected
from tests.template.test_update import GIT, commit, git, identify
from tools.generate import answers_fit, answers_schema

WHOLE = bool(os.environ.get("KSERVE_TEST_SPACE"))
QUESTIONS = answers_fit.questions()
FIRST = {"environment_name": "prod", "ingress_domain": "ml.corp.local", "tenants": "team-a"}


def depending() -> list[Path]:
    """Files whose answer is invalid because of others."""
    found: dict[str, list[Path]] = {}
    for path in INVALID:
        question, _, problem = expected(path).partition(": ")
        if question in QUESTIONS and not problem.startswith("add this answer"):
            found.setdefault(question, []).append(path)
    return [path for paths in found.values() for path in (paths if WHOLE else paths[:1])]


def line(problem: str) -> str:
    """What Copier prints of a message of the template."""
    return f"'dict object' has no attribute {problem!r}"


def data_of(answers: Path) -> dict[str, Any]:
    return yaml.safe_load(answers.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def prompted(work: Callable[[], object]) -> None:
    """Runs Copier with a person who accepts every default."""
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(ENTER * 60)
        pipe.close()
        work()


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    template = copy_template(tmp_path_factory.mktemp("released") / "template")
    git(template, "init", "--quiet")
    commit(template, "v1.0.0")
    return template


def environment_of(released: Path, target: Path, answers: dict[str, Any]) -> Path:
    copier.run_copy(str(released), target, answers, defaults=True, quiet=True)
    git(target, "init", "--quiet")
    commit(target)
    return target


@pytest.fixture(scope="module")
def project(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment_of(released, tmp_path_factory.mktemp("project") / "prod", FIRST)


def changed(project: Path) -> str:
    return subprocess.run(["git", "status", "--short"], cwd=project, check=True, capture_output=True, text=True).stdout


def update(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [COPIER, "update", "--defaults", *options]
    return subprocess.run(command, cwd=project, env=GIT, check=False, capture_output=True, text=True)


def test_each_of_their_questions_checks_the_answer_before_copier_does() -> None:
    asked = answers_schema.asked()
    assert [name for name in QUESTIONS if f"fits('{name}'" not in str(asked[name].get("ask"))] == []
    assert {"offline", "registry_map", "digest_policy", "tenants", "gitops"} <= set(QUESTIONS)


@pytest.mark.parametrize("answers", depending(), ids=lambda path: path.stem)
def test_with_prompts_a_given_answer_ends_the_dialogue_in_one_line(
    template: Path, tmp_path: Path, answers: Path
) -> None:
    with pytest.raises(UserMessageError) as caught:
        prompted(lambda: copier.run_copy(str(template), tmp_path / "out", FIRST | data_of(answers), quiet=True))
    assert str(caught.value) == line(expected(answers))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("answers", depending()[:: 1 if WHOLE else 6], ids=lambda path: path.stem)
def test_an_update_with_a_given_answer_ends_in_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, answers: Path
) -> None:
    identify(monkeypatch)
    with pytest.raises(UserMessageError) as caught:
        copier.run_update(project, data_of(answers), defaults=True, overwrite=True, quiet=True)
    assert str(caught.value) == line(expected(answers))
    assert changed(project) == ""


def test_the_command_line_prints_that_line_alone(project: Path) -> None:
    done = update(project, "--data", "offline=true")
    problem = "offline: set registry_host: an offline cluster needs a private registry (or set offline to false)"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == ["Keeping template version 1.0.0", line(problem)]
    assert changed(project) == ""


@pytest.mark.parametrize("quiet", [False, True])
def test_on_a_terminal_no_traceback_follows_what_is_typed(template: Path, tmp_path: Path, quiet: bool) -> None:
    with Dialogue(template, tmp_path / "out", "--data", "offline=true", quiet=quiet) as dialogue:
        dialogue.answer(
            [("environment_name", "prod" + ENTER), ("stack", ENTER), ("details", ENTER), ("registry_host", ENTER)]
        )
        code, shown = dialogue.end()
    assert code == 1
    assert "'dict object' has no attribute 'offline: set registry_host: an offline cluster" in shown
    assert "Traceback" not in shown
    assert not (tmp_path / "out").exists()


def test_a_name_that_the_other_gateway_has_by_default_is_refused_where_it_is_typed(
    template: Path, tmp_path: Path
) -> None:
    with Dialogue(template, tmp_path / "out", "--data", "details=[gateways]") as dialogue:
        dialogue.answer([("environment_name", "prod" + ENTER), ("stack", ENTER), ("registry_host", ENTER)])
        dialogue.wait("Who installs the gateway for traffic inside")
        dialogue.type(ENTER)
        dialogue.wait("Name of the Gateway for traffic inside")
        dialogue.type("\x15kserve-ingress-gateway" + ENTER)
        dialogue.wait("choose another name: the ")


# Earlier answers, and a new one that they do not fit. Copier alone would replace the former by their defaults.
REGISTRY = FIRST | {"registry_host": "harbor.corp.local", "offline": False}
ARGO_CD = {"gitops": "argocd", "argocd_repo_url": "https://git.corp.local/a.git"}
SHARED = {
    "istio": "existing",
    "ingress_gateway": "existing",
    "ingress_gateway_labels": {"istio": "edge"},
    "ingress_gateway_service": "edge",
    "ingress_gateway_ports": {80: 80},
}
FORGOTTEN = {
    "gitops": (REGISTRY | ARGO_CD, {"offline": True}, "set chart_source to oci: "),
    "ingress_gateway": (FIRST | SHARED, {"istio": "install"}, "set istio to existing: "),
    "ingress_gateway_ports": (FIRST | SHARED, {"ingress_tls_secret": "tls"}, "add port 443 to the Service: "),
    "tenants": (FIRST | {"tenants": "models"}, {"kserve_namespace": "models"}, "choose another namespace: "),
    "ingress_gateway_name": (FIRST, {"local_gateway_name": "kserve-ingress-gateway"}, "choose another name: "),
}


@pytest.mark.parametrize("question", FORGOTTEN)
def test_an_earlier_answer_that_does_not_fit_is_not_replaced_silently(
    released: Path, tmp_path: Path, question: str
) -> None:
    earlier, new, correction = FORGOTTEN[question]
    project = environment_of(released, tmp_path / "prod", earlier)
    done = update(project, *(word for name, value in new.items() for word in ("--data", f"{name}={value}")))
    assert done.returncode == 1
    assert f"{question}: {correction}" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert changed(project) == ""


def test_a_policy_that_was_a_default_follows_the_registry(released: Path, tmp_path: Path) -> None:
    project = environment_of(released, tmp_path / "prod", REGISTRY)
    answers = project / ".copier-answers.yml"
    assert "\ndigest_policy: resolve\n" in answers.read_text(encoding="utf-8")
    assert update(project, "--data", "offline=true").returncode == 0
    assert "\ndigest_policy: skip\n" in answers.read_text(encoding="utf-8")


def test_an_update_refuses_a_name_that_is_no_answer(project: Path) -> None:
    done = update(project, "--data", "registry_hots=harbor.corp.local")
    problem = "use registry_host: the answer registry_hots is unknown."
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, line(problem))
    assert changed(project) == ""
