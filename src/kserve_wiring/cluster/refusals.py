# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What an admission webhook refuses, without the wording of a rule."""

from __future__ import annotations

from dataclasses import dataclass

from kserve_wiring.manifests.objects import KeyPath, KubeObject


@dataclass(frozen=True, slots=True)
class Refusal:
    """A field that a webhook refuses: where it is, why, and what to write instead."""

    path: KeyPath
    reason: str
    suggestion: str


def integer(obj: KubeObject, *path: str | int) -> int | None:
    """The integer at a path; None for another type."""
    value = obj.get(*path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
