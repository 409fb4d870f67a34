"""Generate an environment from an answers file with Copier, from the current working tree."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import copier
import yaml
from copier.errors import CopierError, DirtyLocalWarning

from kserve_wiring.fleet.copies import refusal
from tools import stacks
from tools.console import ROOT, Stop, shown


def load_answers(path: Path) -> dict[str, Any]:
    """The answers in a file, as `copier copy --data-file` reads them.

    Raises Stop when there is no such file, or when it is not a YAML mapping.
    """
    try:
        answers = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Stop(
            f"{shown(path)} cannot be read ({error.strerror}): name an answers file, such as one of examples/"
        ) from error
    except yaml.YAMLError as error:
        raise Stop(f"{shown(path)} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(answers, dict):
        raise Stop(f"{shown(path)} has no answers: write one `question: answer` per line")
    return answers


def stack_of(answers: dict[str, Any]) -> str:
    return str(answers.get("stack", stacks.DEFAULT))


def generate(answers: dict[str, Any], target: Path) -> None:
    """Run `copier copy --defaults` with the answers into an emptied folder. Raises Stop when an answer is refused."""
    shutil.rmtree(target, ignore_errors=True)
    with warnings.catch_warnings():
        # The working tree, not the last tag: a developer wants to see the current changes.
        warnings.simplefilter("ignore", DirtyLocalWarning)
        try:
            copier.run_copy(str(ROOT), target, answers, vcs_ref="HEAD", defaults=True, quiet=True)
        except (CopierError, ValueError) as error:
            raise Stop(f"copier refused the answers: {refusal(error)}") from error
