"""Versions as releases and manifests spell them."""

from __future__ import annotations

import pytest

from kserve_wiring.grammar.version import version_tuple


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("v0.20.0", (0, 20, 0)),
        ("1.21.1", (1, 21, 1)),
        ("knative-v1.23.0", (1, 23, 0)),
        ("1.22", (1, 22, 0)),
        ("latest", None),
        ("", None),
    ],
)
def test_version(text: str, numbers: tuple[int, ...] | None) -> None:
    assert version_tuple(text) == numbers
