"""Tables of symptoms in the how-tos: their rows are the data of the live tests that measure them."""

from __future__ import annotations

import pytest

from tests.live import gateway_wires, wires
from tools.console import ROOT

TABLES = {
    "504-and-404.md": [wires.row(wire) for wire in wires.BROKEN],
    "standard-mode.md": [gateway_wires.row(wire) for wire in gateway_wires.WIRES],
}


@pytest.mark.parametrize("name", TABLES)
def test_a_page_has_the_rows_of_its_test(name: str) -> None:
    lines = (ROOT / "docs" / "how-to" / name).read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|---"))
    assert [line for line in lines[start + 1 :] if line.startswith("|")] == TABLES[name]
