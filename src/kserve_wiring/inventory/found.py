# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""An image that a cluster pulls, and why."""

from __future__ import annotations

from dataclasses import dataclass

from kserve_wiring.grammar.image import DEFAULT_REGISTRY, parse_image


@dataclass(frozen=True, slots=True)
class Found:
    """An image and one reason for it. wire: which wire (W1-W14, docs/wiring.md of an environment) sets it."""

    image: str
    why: str
    wire: str = "W1"


def canonical(image: str) -> str:
    """A reference with host and tag, so that two spellings of one image are equal; any other text unchanged."""
    try:
        parsed = parse_image(image)
    except ValueError:
        return image
    host, repository = parsed.registry, parsed.repository
    if host == DEFAULT_REGISTRY:
        host = "docker.io"
        repository = repository if "/" in repository else f"library/{repository}"
    if parsed.digest:
        return f"{host}/{repository}@{parsed.digest}"
    return f"{host}/{repository}:{parsed.tag or 'latest'}"
