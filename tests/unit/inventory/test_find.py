"""Images of plain manifests."""

from __future__ import annotations

from tests.unit.inventory.manifests import found, runtime


def test_a_disabled_runtime_pulls_nothing() -> None:
    assert found(runtime("kserve-torchserve", "pytorch/torchserve-kfs:0.9.0", disabled=True)) == {}
