# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The four quantities that KServe stores twice."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from kserve_wiring.grammar.values import parse_quantity

QUANTITIES = {
    "cpuRequest": ("requests", "cpu"),
    "memoryRequest": ("requests", "memory"),
    "cpuLimit": ("limits", "cpu"),
    "memoryLimit": ("limits", "memory"),
}
"""Field of inferenceservice-config -> path below a container's resources."""


@lru_cache(maxsize=4096)
def quantity(text: str) -> Fraction:
    """Value of a quantity. Raises ValueError."""
    return parse_quantity(text)
