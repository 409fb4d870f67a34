"""The wiring as one HTML page without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from kserve_wiring import inspect, read
from kserve_wiring.checker.report import Report
from kserve_wiring.cli import main as cli
from kserve_wiring.graph.html import as_html
from kserve_wiring.graph.wiring import wiring_of
from tests.unit.graph.drawing import GATEWAY_RULES, TYPO, drawn, name_of


class Reader(HTMLParser):
    """The elements of a page; fails when they do not nest."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def of_class(self, name: str) -> Iterator[dict[str, Any]]:
        return (attrs for _, attrs in self.elements if name in str(attrs.get("class", "")).split())


@pytest.mark.parametrize("path", GATEWAY_RULES, ids=name_of)
def test_html_shows_every_node_wire_and_finding(path: Path) -> None:
    wiring = drawn(path)
    page = Reader(as_html(wiring))
    broken = sum(bool(wire.codes) for wire in wiring.wires)
    assert len(list(page.of_class("card"))) == len(wiring.nodes)
    assert len(list(page.of_class("wire"))) == len(wiring.wires) - broken
    assert len(list(page.of_class("bad-wire"))) == len(list(page.of_class("tag"))) == broken
    assert len(list(page.of_class("bad-row"))) == sum(bool(row.codes) for n in wiring.nodes.values() for row in n.rows)
    assert sum(tag == "li" for tag, _ in page.elements) == len(wiring.findings)


def test_html_needs_no_network_and_no_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["graph", str(TYPO), "--format", "html"]) == 0
    text = capsys.readouterr().out
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|<link|@import|url\((?!#)|\bsrc=|\bon\w+=", text)


def test_html_escapes_what_was_read() -> None:
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "<script>x</script>", "namespace": "<b>"},
        "spec": {"selector": {"<i>": "&"}},
    }
    assert not re.search(r"<script|<b>|<i>", as_html(wiring_of(inspect(read(body)))))


def test_nothing_to_draw() -> None:
    page = as_html(wiring_of(Report(notes=["a <chart> is missing"])))
    assert "No wiring in the manifests." in page
    assert "a &lt;chart&gt; is missing" in page
