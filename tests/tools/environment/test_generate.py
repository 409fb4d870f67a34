"""Generating an environment: answers that cannot be read or are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.console import Stop
from tools.environment import generate as environment


def test_the_answers_file_does_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "nothing.yaml"
    with pytest.raises(Stop) as stop:
        environment.load_answers(path)
    assert str(stop.value) == (
        f"{path} cannot be read (No such file or directory): name an answers file, such as one of examples/"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a\n", "has no answers: write one `question: answer` per line"),
        ("a: [\n", "is not YAML: while parsing a flow node"),
    ],
)
def test_the_answers_file_is_malformed(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Stop) as stop:
        environment.load_answers(path)
    assert str(stop.value).startswith(f"{path} {problem}")


def test_a_refused_answer_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Stop) as stop:
        environment.generate({"cluster_domain": "not a name"}, tmp_path / "out")
    assert str(stop.value).startswith("copier refused the answers: cluster_domain: use not-a-name: ")
    assert not (tmp_path / "out").exists()
