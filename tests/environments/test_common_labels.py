"""The answers common_labels and common_annotations: which objects have them, and that nothing else changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from kserve_wiring import inspect, read
from kserve_wiring.manifests.load import Loaded
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

LABELS = {"team": "ml-platform", "corp.example/cost-center": "4711"}
NOTES = {"corp.example/contact": "ML platform <ml@corp.example>: {{ 'a' }}"}
PAGE = (ROOT / "docs" / "how-to" / "your-own-settings.md").read_text(encoding="utf-8")
Key = tuple[str, str]


@pytest.fixture(scope="module")
def both(
    template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    upstream_charts: Callable[[str], Upstream],
    newest_helm: Helm,
) -> tuple[Loaded, Loaded]:
    """An environment without, and the same with them."""
    answers = yaml.safe_load((ROOT / "examples" / "offline-harbor.yaml").read_text(encoding="utf-8"))
    charts = next(iter(upstream_charts(stacks.DEFAULT).folders.values())).parent
    found = []
    for more in ({}, {"common_labels": LABELS, "common_annotations": NOTES}):
        folder = tmp_path_factory.mktemp("common") / "x"
        copier.run_copy(str(template), folder, answers | more, defaults=True, quiet=True)
        found.append(read(str(folder), charts=str(charts), helm=newest_helm.path))
    assert found[0].problems == found[1].problems == []
    return found[0], found[1]


def bodies(loaded: Loaded) -> dict[Key, Any]:
    return {(obj.source.release, str(obj.ref)): obj.body for obj in loaded.objects if not obj.source.partial}


def has(body: Any, field: str, common: dict[str, str]) -> bool:
    return common.items() <= (body["metadata"].get(field) or {}).items()


def without(body: Any) -> Any:
    """The object without the common labels and annotations of itself and of its Pods."""
    body = deepcopy(body)
    pods = body.get("spec", {}).get("template", {}) if body["kind"] in ("Deployment", "Job") else {}
    for metadata in (body["metadata"], pods.get("metadata", {})):
        for field, common in (("labels", LABELS), ("annotations", NOTES)):
            left = {key: value for key, value in (metadata.pop(field, None) or {}).items() if key not in common}
            metadata |= {field: left} if left else {}
    return body


def test_the_objects_that_the_page_names_have_them(both: tuple[Loaded, Loaded]) -> None:
    """Each row of the table: the releases, and whether all, some or none of their objects have them."""
    found = bodies(both[1])
    table = PAGE.partition("## Labels and annotations of all objects\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:3] == "| `"]
    said = {release.strip("`"): (labels, notes) for names, labels, notes in rows for release in names.split(", ")}
    assert said == {
        release: (
            share([has(body, "labels", LABELS) for (name, _), body in found.items() if name == release]),
            share([has(body, "annotations", NOTES) for (name, _), body in found.items() if name == release]),
        )
        for release in both[1].releases
    }


def share(having: list[bool]) -> str:
    return "all" if all(having) else "some" if any(having) else "none"


def test_nothing_else_changes(both: tuple[Loaded, Loaded]) -> None:
    """No selector, and no object that a selector finds."""
    before, after = map(bodies, both)
    assert before.keys() == after.keys()
    assert [key for key in before if without(before[key]) != without(after[key])] == []
    assert sum(before[key] != after[key] for key in before) > 50
    assert [finding.message for finding in inspect(both[1]).findings] == []


def selectors(value: Any) -> Iterator[Any]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if key in ("selector", "matchLabels", "labelSelector"):
            yield item
        else:
            yield from selectors(item)


def test_no_selector_has_one(both: tuple[Loaded, Loaded]) -> None:
    found = [item for body in bodies(both[1]).values() for item in selectors(body)]
    assert len(found) > 10
    assert [item for item in found if any(key in str(item) for key in LABELS)] == []
