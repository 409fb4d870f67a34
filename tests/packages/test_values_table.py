"""The tables of the chart's values, written by helm-docs itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.console import Stop
from tools.values.__main__ import CHART, PAGE, page


def test_the_page_is_what_helm_docs_writes(clone: Path) -> None:
    assert page() == PAGE.read_text(encoding="utf-8"), "run make values-table"


def test_a_description_that_changes_changes_the_page(clone: Path, tmp_path: Path) -> None:
    chart = changed(tmp_path, "# -- Name of the environment.", "# -- The environment's name.")
    assert '| `environment` | `""` | The environment\'s name. The prerequisites' in page(chart)


def test_what_helm_docs_cannot_read_is_an_error(clone: Path, tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"helm-docs: .*did not find expected"):
        page(changed(tmp_path, "commonLabels: {}", "commonLabels: {"))


def changed(folder: Path, before: str, after: str) -> Path:
    """A copy of the chart with another text in values.yaml."""
    chart = folder / "charts" / CHART.name
    shutil.copytree(CHART, chart)
    values = chart / "values.yaml"
    text = values.read_text(encoding="utf-8")
    assert before in text
    values.write_text(text.replace(before, after), encoding="utf-8")
    return chart
