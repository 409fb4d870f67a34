"""Which releases of KServe's charts have a value."""

from __future__ import annotations

from kserve_wiring.cluster.charts import has_release, releases_with


def test_releases_with() -> None:
    assert releases_with("kserve", "kserve.autoscaler.scaleUpStabilizationWindowSeconds") == ["v0.16.0"]
    assert releases_with("kserve", "kserve.controller.nodeSelector.disk") == releases_with("kserve", "global.any")
    assert releases_with("kserve-resources", "kserve") == [
        "v0.17.0",
        "v0.17.1",
        "v0.18.0",
        "v0.18.1",
        "v0.19.0",
        "v0.20.0",
    ]
    assert releases_with("kserve-resources", "kserve.controler") == []
    assert releases_with("podinfo", "replicaCount") is None
    assert not has_release("kserve-resources", "v0.21.0")
