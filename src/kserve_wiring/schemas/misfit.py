# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What does not fit a schema, and how a message shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from kserve_wiring.manifests.objects import KeyPath

UNKNOWN, TYPE, MISSING, VALUE = "unknown", "type", "missing", "value"
"""The problems: an unknown field, a value of another type, a missing field, a value that is not allowed."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that does not fit.

    path: below the value that was judged. problem: one of the four above. wanted: a type as words. releases: for an
    unknown field, the bits of the releases that have it.
    """

    path: KeyPath
    text: str
    problem: str
    value: Any = None
    wanted: str = ""
    releases: int = 0

    @property
    def shown_path(self) -> str:
        """The path as text, such as spec.containers[0].image; empty for the value itself."""
        return "".join(map(_step, self.path)).removeprefix(".")


def below(step: str | int, misfits: Iterable[Misfit]) -> list[Misfit]:
    """The misfits of a part, as misfits of the whole."""
    return [replace(misfit, path=(step, *misfit.path)) for misfit in misfits]


def _step(step: str | int) -> str:
    if isinstance(step, str) and re.fullmatch(r"[\w-]+", step):
        return f".{step}"
    return f"[{step!r}]"


def shown(value: Any) -> str:
    """A value as a message shows it, truncated."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
