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
        (folder / part).mkdir()
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
    ],
)
def test_a_list_that_is_wrong_is_refused(tmp_path: Path, models: str, message: str) -> None:
    assert run(tmp_path, models) == (2, "", f"error: {message}\n")
