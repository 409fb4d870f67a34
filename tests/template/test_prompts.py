"""The prompts in a terminal: Copier's own, with keys from a pipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from copier.errors import InteractiveSessionError
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from tests.template.conftest import ROOT

ENTER, CLEAR, END_OF_LINES = "\r", "\x15", "\x1b\r"
EXAMPLES = ROOT / "examples"


def load(path: Path) -> dict[str, Any]:
    answers: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return answers


def recorded(folder: Path) -> dict[str, Any]:
    """The answers in .copier-answers.yml, without Copier's own keys and without trailing line breaks."""
    answers = load(folder / ".copier-answers.yml")
    return {
        key: value.strip() if isinstance(value, str) else value
        for key, value in answers.items()
        if not key.startswith("_")
    }


def typed(template: Path, target: Path, answers: dict[str, Any], keys: str) -> dict[str, Any]:
    """The answers of an environment after these keys are typed at its remaining prompts."""
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(keys)
        pipe.close()
        copier.run_copy(str(template), target, answers, quiet=True)
    return recorded(target)


# Questions that nobody can answer for a person, and what a person types wrong first.
REQUIRED = {
    "registry_ca_bundle": ("offline-harbor", "no certificate" + END_OF_LINES + CLEAR, END_OF_LINES),
    "external_secret_store": ("everything", ENTER + "No Name" + ENTER + CLEAR, ENTER),
    "external_secret_key": ("everything", ENTER, ENTER),
    "argocd_repo_url": ("everything", ENTER, ENTER),
}


@pytest.mark.parametrize("question", REQUIRED)
def test_a_question_without_a_default_is_asked_until_the_answer_is_right(
    environment: Callable[[Path], Path], template: Path, tmp_path: Path, question: str
) -> None:
    example, wrong, enter = REQUIRED[question]
    answers = recorded(environment(EXAMPLES / f"{example}.yaml"))
    right = answers.pop(question)
    text = right if isinstance(right, str) else yaml.safe_dump(right, default_flow_style=True, width=10**6).strip()
    assert typed(template, tmp_path / "environment", answers, wrong + text + enter)[question] == right


def test_a_repository_of_charts_is_asked_for_where_there_is_no_registry(
    environment: Callable[[Path], Path], template: Path, tmp_path: Path
) -> None:
    answers = recorded(environment(EXAMPLES / "minimal.yaml")) | {"chart_source": "oci"}
    keys = "https://x" + ENTER + CLEAR + "oci://charts.corp.local" + ENTER
    assert typed(template, tmp_path / "environment", answers, keys)["chart_repository"] == "oci://charts.corp.local"


def test_without_a_registry_nobody_is_asked_whether_the_cluster_is_offline(
    environment: Callable[[Path], Path], template: Path, tmp_path: Path
) -> None:
    answers = recorded(environment(EXAMPLES / "minimal.yaml"))
    del answers["registry_host"]
    assert "offline" not in typed(template, tmp_path / "environment", answers, ENTER)


def test_keys_that_run_out_end_it(template: Path, tmp_path: Path) -> None:
    with pytest.raises(InteractiveSessionError):
        typed(template, tmp_path / "environment", {}, "prod" + ENTER)
