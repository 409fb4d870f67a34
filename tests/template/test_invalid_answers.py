"""Every file of tests/answers/invalid has one invalid answer; its first line is the exact error message.

<stacks> in it is the list of all stacks, so that a new one changes no file.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from copier.errors import UserMessageError

from tests.template.dialogue import COPIER, Dialogue
from tools.generate import answers_schema

INVALID = sorted((Path(__file__).resolve().parents[1] / "answers" / "invalid").glob("*.yaml"))
STACKS = answers_schema.answers_schema()["properties"]["stack"]["enum"]
# Copier's own words, below ours.
END = "parameter 'corrected_answers' was not provided"


def expected(answers: Path) -> str:
    """The message in a file."""
    first = answers.read_text(encoding="utf-8").splitlines()[0]
    return first.removeprefix("# expect: ").replace("<stacks>", ", ".join(STACKS))


def refused(template: str, target: Path, data: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    """What Copier prints about these answers before it ends without a traceback."""
    capsys.readouterr()
    with pytest.raises(UserMessageError) as caught:  # the error of which Copier's command line prints one line
        copier.run_copy(template, target, data, defaults=True)
    assert str(caught.value) == END
    return capsys.readouterr().err.removeprefix("error: ").removesuffix("\n")


@pytest.mark.parametrize("answers", INVALID, ids=lambda path: path.stem)
def test_the_defect_is_named_and_nothing_is_written(
    template: Path, tmp_path: Path, answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = yaml.safe_load(answers.read_text(encoding="utf-8"))
    assert refused(str(template), tmp_path / "environment", data, capsys) == expected(answers)
    assert not (tmp_path / "environment").exists()


# One of each kind: an unknown answer, a choice, a text, one that contradicts another, and one that is missing.
KINDS = ("unknown-answer", "unknown-stack", "registry-upper-case", "ca-with-plain-http", "offline-without-domain")


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_line_prints_two_lines_and_no_traceback(template: Path, tmp_path: Path, kind: str) -> None:
    answers = INVALID[0].with_name(f"{kind}.yaml")
    command = [COPIER, "copy", "--defaults", "--data-file", str(answers), str(template), str(tmp_path / "out")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [f"error: {expected(answers)}", END]
    assert list(tmp_path.iterdir()) == []


def test_without_output_the_message_is_the_error_itself(template: Path, tmp_path: Path) -> None:
    command = [
        COPIER,
        "copy",
        "--quiet",
        "--defaults",
        "--data",
        "registry_hots=x.corp",
        str(template),
        str(tmp_path / "out"),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "'dict object' has no attribute 'use registry_host: the answer registry_hots is unknown.'\n",
    )


def test_with_prompts_a_given_answer_is_checked_before_the_first(template: Path, tmp_path: Path) -> None:
    """Else the error would end the dialogue in its middle, and what was typed would be lost."""
    with Dialogue(template, tmp_path / "out", "--data", "registry_ca_bundle=corp.pem") as dialogue:
        code, shown = dialogue.end()
    assert code == 1
    assert "Name of this environment" not in shown
    assert "registry_ca_bundle: paste the text of the file: " in shown
    assert "Traceback" not in shown


def test_a_destination_with_a_file_in_the_way_is_left_as_it_is(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("mine\n", encoding="utf-8")

    assert refused(str(template), tmp_path, {}, capsys) == (
        f"choose a new folder: {tmp_path} is not empty, it has README.md (or add --overwrite)"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_a_folder_that_is_an_environment_is_updated_and_not_copied_again(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "environment"
    copier.run_copy(str(template), target, {}, defaults=True, quiet=True)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}

    assert refused(str(template), target, {"environment_name": "other"}, capsys) == (
        f"run copier update: {target} is an environment already "
        "(in that folder, on a clean git tree; --data NAME=VALUE changes an answer)"
    )
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before


def test_a_checkout_without_symbolic_links_is_refused(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    windows = tmp_path / "template"
    shutil.copytree(template, windows, symlinks=True)
    link = windows / "template" / "charts"
    link.unlink()
    link.write_text("../charts", encoding="utf-8")

    assert refused(str(windows), tmp_path / "environment", {}, capsys) == (
        "clone the template again: with git -c core.symlinks=true, "
        "because template/charts is not a symbolic link to charts"
    )
    assert not (tmp_path / "environment").exists()


def test_a_template_that_copier_update_would_not_find_is_refused(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(template.parent)

    assert refused(template.name, tmp_path / "environment", {}, capsys) == (
        f"use an absolute path or URL: copier update would not find the template at {template.name}"
    )
    assert not (tmp_path / "environment").exists()
