"""scripts/mirror-models.py as far as it asks no store; tests/packages/test_mirror_models.py has the rest."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.conftest import ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MODEL = f"- {{from: 'hf://org/iris:{COMMIT}', to: s3://models/iris}}\n"


def run(folder: Path, models: str | None, *words: str) -> tuple[int, str, str]:
    """The script with a list of models; with None, with that of the template."""
    for part in ("scripts", "images"):
        (folder / part).mkdir(exist_ok=True)
    script = Path(shutil.copy(ROOT / "template" / "scripts" / "mirror-models.py", folder / "scripts"))
    listed = Path(shutil.copy(ROOT / "template" / "images" / "models.yaml", folder / "images"))
    if models is not None:
        listed.write_text(models, encoding="utf-8")
    done = subprocess.run([sys.executable, script, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_new_environment_has_no_models(tmp_path: Path) -> None:
    assert run(tmp_path, None) == (0, "images/models.yaml names no model: there is nothing to mirror.\n", "")


def test_a_dry_run_lists_the_copies(tmp_path: Path) -> None:
    assert run(tmp_path, MODEL, "--dry-run") == (0, f"hf://org/iris:{COMMIT} s3://models/iris\n", "")


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("a: b", "write from and to: models.yaml has {'a': 'b'}"),
        ("- {from: a}", "write from and to: models.yaml has {'from': 'a'}"),
        (
            "- {from: hf://org/iris, to: s3://models/iris}",
            "write hf://OWNER/MODEL:COMMIT, with all 40 digits, or s3://BUCKET/PATH: not hf://org/iris",
        ),
        (
            MODEL.replace("models/iris", "models/"),
            "write s3://BUCKET/PATH, without a / at the end: not s3://models/",
        ),
        (
            "- {from: s3://models/../iris, to: s3://models/iris}",
            "write hf://OWNER/MODEL:COMMIT, with all 40 digits, or s3://BUCKET/PATH: not s3://models/../iris",
        ),
        (MODEL * 2, "choose another to: s3://models/iris is there twice"),
        (
            MODEL + MODEL.replace("models/iris", "models/iris/small"),
            "choose another to: of s3://models/iris/small and s3://models/iris, a Pod of one would download both",
        ),
        (
            MODEL.replace("models/iris", "models/iris/small") + MODEL,
            "choose another to: of s3://models/iris and s3://models/iris/small, a Pod of one would download both",
        ),
        ("[", "mend models.yaml, which is not YAML: line 1: expected the node content, but found '<stream end>'"),
    ],
)
def test_a_list_that_is_wrong_is_refused(tmp_path: Path, models: str, message: str) -> None:
    assert run(tmp_path, models) == (2, "", f"error: {message}\n")


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        (
            "a: [",
            "mend models.lock.yaml, which is not YAML: line 1: expected the node content, but found '<stream end>'",
        ),
        ("- a", "take models.lock.yaml from git again: it is not as this script writes it"),
        ("s3://models/iris: {}", "take models.lock.yaml from git again: it is not as this script writes it"),
    ],
)
def test_a_lock_that_is_damaged_is_refused(tmp_path: Path, lock: str, message: str) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "models.lock.yaml").write_text(lock, encoding="utf-8")
    assert run(tmp_path, MODEL, "--download") == (2, "", f"error: {message}\n")


def test_a_python_without_the_packages_is_named(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "boto3.py").write_text("raise ModuleNotFoundError(name='boto3')\n", encoding="utf-8")
    message = f"error: install boto3 for {sys.executable}, or set RUN_SCRIPT to 'pipx run'\n"
    assert run(tmp_path, MODEL) == (2, "", message)
