"""The stacks as the tools see them."""

from __future__ import annotations

import pytest
import yaml

from tools import stacks
from tools.console import Stop
from tools.stacks import Chart


def test_an_unknown_stack() -> None:
    with pytest.raises(Stop) as stop:
        stacks.charts("kserve-9")
    assert str(stop.value) == f"there is no stack kserve-9: choose one of {', '.join(stacks.names())}"


def test_charts_are_named_once() -> None:
    releases = yaml.safe_load((stacks.STACKS / "common" / "releases.yaml").read_text(encoding="utf-8"))
    named = [release["chart"]["name"] for release in releases if "repository" in release["chart"]]
    assert named.count("gateway") == 2
    assert [chart.name for chart in stacks.charts(stacks.DEFAULT)] == list(dict.fromkeys(named))
    folders = [chart.folder for chart in stacks.charts(stacks.DEFAULT)]
    assert len(folders) == len(set(folders))
    assert all(isinstance(chart, Chart) for chart in stacks.charts(stacks.DEFAULT))
