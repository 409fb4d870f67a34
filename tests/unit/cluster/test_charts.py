"""Which releases of KServe's charts have a value."""

from __future__ import annotations

import pytest

from kserve_wiring.cluster.charts import has_release, is_published, name_in, published_charts, releases_with
from kserve_wiring.grammar.version import version_tuple

RELEASES = (
    "v0.11.2",
    "v0.12.1",
    "v0.13.1",
    "v0.14.1",
    "v0.15.2",
    "v0.16.0",
    "v0.17.1",
    "v0.18.1",
    "v0.19.0",
    "v0.20.0",
)


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


@pytest.mark.parametrize("release", RELEASES)
def test_the_charts_of_a_release_are_those_whose_values_are_known(release: str) -> None:
    version = version_tuple(release)
    assert version is not None
    for chart in published_charts():
        if not chart.endswith(("-crd", "-minimal")):
            assert is_published(chart, version) == has_release(chart, release)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("chart", published_charts())
def test_a_renamed_chart_has_one_name_in_each_release(chart: str, release: str) -> None:
    version = version_tuple(release)
    assert version is not None
    other = name_in(chart, version)
    assert not other or is_published(other, version)
