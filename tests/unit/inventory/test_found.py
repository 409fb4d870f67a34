"""Spellings of one image."""

from __future__ import annotations

import pytest

from kserve_wiring.inventory.found import canonical


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("kserve/agent:v1", "docker.io/kserve/agent:v1"),
        ("index.docker.io/kserve/agent:v1", "docker.io/kserve/agent:v1"),
        (f"r.local/ab:v1@sha256:{'0' * 64}", f"r.local/ab@sha256:{'0' * 64}"),
        ("not an image", "not an image"),
    ],
)
def test_spellings_of_one_image_are_equal(image: str, expected: str) -> None:
    assert canonical(image) == expected
