"""Where the boxes of the graph are."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring.graph.layout import boxes
from tests.unit.graph.drawing import GATEWAY_RULES, drawn, name_of


@pytest.mark.parametrize("path", GATEWAY_RULES, ids=name_of)
def test_no_box_lies_on_another(path: Path) -> None:
    places = list(boxes(drawn(path)).values())
    for index, one in enumerate(places):
        for other in places[index + 1 :]:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            above = one.y + one.height <= other.y or other.y + other.height <= one.y
            assert beside or above
