"""The record of KServe's chart values is what the charts of the pinned modules have."""

from __future__ import annotations

import pytest
import yaml

from tools import stacks
from tools.generate.kserve_chart_values import FILE, is_template, values_of
from tools.upstream import golang, modules

KSERVE = "github.com/kserve/kserve"
# The pinned releases of KServe, each with a folder that pins it.
PINNED = {folder.name: golang.pinned(folder / "go.mod") for folder in sorted(stacks.modules("").iterdir())}
RELEASES = {versions[KSERVE]: name for name, versions in PINNED.items() if KSERVE in versions}
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
@pytest.mark.parametrize("release", sorted(RELEASES))
def test_the_record_is_what_the_chart_has(chart: str, release: str) -> None:
    module = modules.folder(RELEASES[release], KSERVE)
    folder = f"charts/{chart}"
    files = (str(path.relative_to(module)) for path in (module / "charts").rglob("*") if path.is_file())
    texts = ((module / file).read_text(encoding="utf-8") for file in files if is_template(file, folder))
    values = (module / folder / "values.yaml").read_text(encoding="utf-8")
    assert values_of(values, texts) == recorded(chart, release)
