# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Version numbers of the upstream projects."""

from __future__ import annotations

import re


def version_tuple(text: str) -> tuple[int, ...] | None:
    """Numbers of a version such as ``v0.20.0``, ``knative-v1.21.1`` or ``1.22``; None if it is not a version."""
    match = re.match(r"^(?:knative-)?v?([0-9]+)\.([0-9]+)(?:\.([0-9]+))?", text)
    if match is None:
        return None
    return tuple(int(part or 0) for part in match.groups())
