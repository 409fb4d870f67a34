"""The record of KServe's chart values is what the charts of the pinned modules have."""

from __future__ import annotations

import pytest
import yaml

from kserve_wiring.cluster.charts import has_release, releases_with
from tools.generate.kserve_chart_values import FILE, is_template, values_of
from tools.upstream import modules

RELEASES = {"kserve-0.17": "v0.17.0", "kserve-0.19": "v0.19.0", "kserve-0.20": "v0.20.0"}
CHARTS = ("kserve-llmisvc-resources", "kserve-localmodel-resources", "kserve-resources", "kserve-runtime-configs")


def recorded(chart: str, release: str) -> set[str]:
    """The values of a release, with all changes up to it."""
    found: set[str] = set()
    for name, change in yaml.safe_load(FILE.read_text(encoding="utf-8"))[chart].items():
        found = (found | set(change.get("adds", ()))) - set(change.get("drops", ()))
        if name == release:
            return found
    raise AssertionError(f"{chart} {release} is not on record")


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("pinned", sorted(RELEASES))
def test_the_record_is_what_the_chart_has(chart: str, pinned: str) -> None:
    module = modules.folder(pinned, "github.com/kserve/kserve")
    folder = f"charts/{chart}"
    files = (str(path.relative_to(module)) for path in (module / "charts").rglob("*") if path.is_file())
    texts = ((module / file).read_text(encoding="utf-8") for file in files if is_template(file, folder))
    values = (module / folder / "values.yaml").read_text(encoding="utf-8")
    assert values_of(values, texts) == recorded(chart, RELEASES[pinned])


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
