"""Markdown as a person reads it in a terminal of 80 columns."""

from __future__ import annotations

import pytest

from kserve_wiring.formats.terminal import for_terminal
from kserve_wiring.rules.catalogue import catalogue, page_of

CODES = sorted(code for code, entry in catalogue().items() if not entry.retired)


@pytest.mark.parametrize("code", CODES)
def test_prose_fits_in_80_columns(code: str) -> None:
    for line in for_terminal(page_of(code)).splitlines():
        assert len(line) <= 80 or line.startswith("    ") or " " not in line.strip().removeprefix("- "), line


def test_a_heading_stands_out_on_a_terminal() -> None:
    assert for_terminal("# A: b\n\n## Why\n\nx\n", colour=True) == "\x1b[1mA: b\x1b[0m\n\n\x1b[1mWHY\x1b[0m\n\nx\n"
