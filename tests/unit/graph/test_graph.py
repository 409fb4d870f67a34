"""The wiring as a picture: what is connected with what, and what is red."""

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
from kserve_wiring.graph.layout import boxes
from kserve_wiring.graph.mermaid import as_mermaid
from kserve_wiring.graph.wiring import GATEWAYS, PODS, SERVICES, SETTINGS, Wiring, wiring_of
from tools.console import ROOT

RULES = ROOT / "tests" / "rules"
TYPO = RULES / "KW403" / "bad-typo.yaml"
FIXTURES = sorted(RULES.glob("KW4*/*.yaml"))


def drawn(path: Path) -> Wiring:
    return wiring_of(inspect(read(str(path))))


def test_mermaid_of_a_broken_selector(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["graph", str(TYPO)]) == 0
    assert (
        capsys.readouterr().out
        == """\
flowchart LR
  subgraph ns0["namespace knative-serving"]
    n0["<b>KnativeServing knative-serving</b><br/>\
spec.config.istio.local-gateways[0]: ml-gateway/ml-local<br/>\
spec.config.istio.local-gateways[0].service: ml-local.ml-gateway.svc.cluster.local<br/>\
spec.config.istio.external-gateways: knative-serving/knative-ingress-gateway (default)"]
    n3["<b>Gateway knative-ingress-gateway</b> (made by the operator)<br/>\
spec.servers[0].port.number: 80 HTTP *<br/>spec.selector: istio=ingressgateway"]
  end
  subgraph ns1["namespace ml-gateway"]
    n1["<b>Gateway ml-local</b><br/>spec.servers[0].port.number: 80 HTTP *<br/>spec.selector: istio=ml-locl ✗ KW403"]
    n2["<b>Service ml-local</b><br/>spec.ports: 80→80<br/>spec.selector: app=ml-local, istio=ml-local"]
    n5["<b>Deployment ml-local</b><br/>spec.template.metadata.labels: app=ml-local, istio=ml-local"]
  end
  subgraph ns2["namespace istio-system"]
    n4["<b>Service istio-ingressgateway</b> (not read)"]
  end
  n0 --> n1
  n0 --> n2
  n0 --> n3
  n0 --> n4
  n2 --> n5
  n1 --x|"KW403"| n5
  classDef broken fill:#fdecea,stroke:#b3261e,color:#601410
  class n1 broken
  classDef absent stroke-dasharray:5 4
  class n4 absent
  linkStyle 5 stroke:#b3261e,stroke-width:3px,color:#b3261e
"""
    )


def test_mermaid_text_cannot_end_its_quotes() -> None:
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": 'a"]<b>#1', "namespace": "x"},
        "spec": {"selector": {"app": "a"}},
    }
    assert '["<b>Gateway a#quot;]#lt;b#gt;#35;1</b><br/>spec.selector: app=a"]' in as_mermaid(
        wiring_of(inspect(read(body)))
    )


TEXT = r'(?:[^"<>\n]|</?b>|<br/>)*'
# The forms of lines that Mermaid 11.17 draws as they are meant: every graph of this file was rendered with it.
LINES = re.compile(
    "|".join(
        (
            "flowchart LR",
            rf'  subgraph ns\d+\["{TEXT}"\]',
            rf' {{2,4}}n\d+\["{TEXT}"\]',
            "  end",
            rf'  n\d+ (?:-->|--x\|"{TEXT}"\|) n\d+',
            r"  classDef [a-z]+ [a-z0-9:#,\- ]+",
            r"  class n\d+(?:,n\d+)* [a-z]+",
            r"  linkStyle \d+(?:,\d+)* [a-z0-9:#,\-]+",
        )
    )
)
NAMES = [
    'a"b',
    "end",
    "<script>x</script>",
    "a]b",
    "a|b",
    "a`b",
    "%%{init}%%",
    "a;b",
    "#quot;",
    "graph",
    "o--o",
    "\n",
    "ü",
]


@pytest.mark.parametrize("path", sorted(RULES.glob("KW*/*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_line_is_one_that_mermaid_draws(path: Path) -> None:
    for line in as_mermaid(drawn(path)).splitlines():
        assert LINES.fullmatch(line), line


@pytest.mark.parametrize("name", NAMES)
def test_no_name_makes_another_line(name: str) -> None:
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": name},
        "spec": {"selector": {name: name}, "servers": [{"port": {"number": 80, "protocol": name}, "hosts": [name]}]},
    }
    lines = as_mermaid(wiring_of(inspect(read(body)))).splitlines()
    assert len(lines) == 4, lines
    assert all(LINES.fullmatch(line) for line in lines), lines


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_finding_is_red(path: Path) -> None:
    wiring = drawn(path)
    shown = {code for node in wiring.nodes.values() for code in node.codes}
    assert shown == {finding.code for finding in wiring.findings}
    for wire in wiring.wires:
        assert wire.source in wiring.nodes
        assert wire.target in wiring.nodes
        assert 0 <= wire.row < len(wiring.nodes[wire.source].rows)
        assert wire.target_row < len(wiring.nodes[wire.target].rows)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_box_lies_on_another(path: Path) -> None:
    places = list(boxes(drawn(path)).values())
    for index, one in enumerate(places):
        for other in places[index + 1 :]:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            above = one.y + one.height <= other.y or other.y + other.height <= one.y
            assert beside or above


def test_kinds_stand_in_columns() -> None:
    columns = {node.kind: node.column for node in drawn(RULES / "KW401" / "bad-service.yaml").nodes.values()}
    wanted = {
        "ConfigMap": SETTINGS,
        "KnativeServing": SETTINGS,
        "Gateway": GATEWAYS,
        "Service": SERVICES,
        "Deployment": PODS,
    }
    assert columns == wanted


def test_a_wire_between_two_settings_is_red() -> None:
    wiring = drawn(RULES / "KW401" / "bad-service.yaml")
    (broken,) = (wire for wire in wiring.wires if wire.codes)
    source, target = wiring.nodes[broken.source], wiring.nodes[broken.target]
    assert (source.name, source.rows[broken.row].path) == (
        "inferenceservice-config",
        "data.ingress.localGatewayService",
    )
    assert target.rows[broken.target_row].path == "spec.config.istio.local-gateways[0].service"


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


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}-{path.stem}")
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
    assert as_mermaid(wiring_of(Report())) == "flowchart LR\n"
    page = as_html(wiring_of(Report(notes=["a <chart> is missing"])))
    assert "No wiring in the manifests." in page
    assert "a &lt;chart&gt; is missing" in page


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text("a: [\n")
    assert cli.main(["graph", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == "flowchart LR\n"
    assert "cannot read" in captured.err


ODD = (ROOT / "tests" / "unit" / "odd-shapes.txt").read_text(encoding="utf-8").split("\n---\n")


@pytest.mark.parametrize("text", ODD)
def test_no_shape_makes_a_picture_or_a_report_raise(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    paths = [str(tmp_path / "odd.yaml"), str(RULES / "KW403")]
    for output in ("mermaid", "html"):
        cli.main(["graph", *paths, "--level", "info", "--format", output])
    for output in ("sarif", "junit", "github"):
        cli.main(["check", *paths, "--level", "info", "--format", output])
    assert "internal error" not in capsys.readouterr().err
