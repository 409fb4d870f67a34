"""Generates an environment from an answers file with Copier, from the working tree as it is."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import copier
import yaml
from copier.errors import CopierError, DirtyLocalWarning

from tools import stacks
from tools.console import ROOT, Stop, shown


def load_answers(path: Path) -> dict[str, Any]:
    """The answers of a file, as `copier copy --data-file` reads them.

    Raises:
        Stop: there is no such file, or it is no YAML mapping.
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
        raise Stop(f"{shown(path)} holds no answers: write one `question: answer` per line")
    return answers


def stack_of(answers: dict[str, Any]) -> str:
    return str(answers.get("stack", stacks.DEFAULT))


def generate(answers: dict[str, Any], target: Path) -> None:
    """What `copier copy --defaults` makes of the answers, in a folder that is emptied first.

    Raises:
        Stop: an answer is refused.
    """
    shutil.rmtree(target, ignore_errors=True)
    with warnings.catch_warnings():
        # The working tree counts, not the last tag: what a developer has just changed has to be seen.
        warnings.simplefilter("ignore", DirtyLocalWarning)
        try:
            copier.run_copy(str(ROOT), target, answers, vcs_ref="HEAD", defaults=True, quiet=True)
        except (CopierError, ValueError) as error:
            raise Stop(f"copier refused the answers: {' '.join(str(error).split())}") from error
