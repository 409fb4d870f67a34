"""Every file of tests/answers/invalid has one invalid answer; its first line is the exact error message.

<stacks> in it is the list of all stacks, so that a new one changes no file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import copier
import pytest
import yaml

from tools.generate import answers_schema

INVALID = sorted((Path(__file__).resolve().parents[1] / "answers" / "invalid").glob("*.yaml"))
STACKS = answers_schema.answers_schema()["properties"]["stack"]["enum"]


@pytest.mark.parametrize("answers", INVALID, ids=lambda path: path.stem)
def test_the_defect_is_named_and_nothing_is_written(template: Path, tmp_path: Path, answers: Path) -> None:
    text = answers.read_text(encoding="utf-8")
    expected = text.splitlines()[0].removeprefix("# expect: ").replace("<stacks>", str(STACKS))
    target = tmp_path / "environment"

    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared below
        copier.run_copy(str(template), target, yaml.safe_load(text), defaults=True, quiet=True)

    assert str(caught.value) == expected
    assert not target.exists()


def test_a_destination_with_a_file_in_the_way_is_left_as_it_is(template: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine\n", encoding="utf-8")

    with pytest.raises(ValueError, match=r"README\.md") as caught:
        copier.run_copy(str(template), tmp_path, {}, defaults=True, quiet=True)

    assert str(caught.value) == (
        f"Validation error for question 'environment_name': {tmp_path} is not empty (it has README.md): "
        "choose a new folder, or add --overwrite"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_a_checkout_without_symbolic_links_is_refused(template: Path, tmp_path: Path) -> None:
    windows = tmp_path / "template"
    shutil.copytree(template, windows, symlinks=True)
    link = windows / "template" / "charts"
    link.unlink()
    link.write_text("../charts", encoding="utf-8")

    with pytest.raises(ValueError, match="symlinks") as caught:
        copier.run_copy(str(windows), tmp_path / "environment", {}, defaults=True, quiet=True)

    assert str(caught.value) == (
        "Validation error for question 'environment_name': template/charts is not a symbolic link to charts: "
        "clone the template again with git -c core.symlinks=true"
    )
    assert not (tmp_path / "environment").exists()


def test_a_template_that_copier_update_would_not_find_is_refused(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(template.parent)

    with pytest.raises(ValueError, match="absolute path") as caught:
        copier.run_copy(template.name, tmp_path / "environment", {}, defaults=True, quiet=True)

    assert str(caught.value) == (
        "Validation error for question 'environment_name': give the URL of the template or its absolute path, not "
        f"{template.name}: copier update would not find it"
    )
    assert not (tmp_path / "environment").exists()
