"""The wiring as Mermaid: every line is one that Mermaid draws as it is meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kserve_wiring import inspect, read
from kserve_wiring.checker.options import Options
from kserve_wiring.checker.report import Report
from kserve_wiring.cli import main as cli
from kserve_wiring.graph.mermaid import as_mermaid
from kserve_wiring.graph.wiring import wiring_of
from tests.unit.graph.drawing import EVERY, TYPO, drawn, name_of


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


@pytest.mark.parametrize("path", EVERY, ids=name_of)
def test_every_line_is_one_that_mermaid_draws(path: Path) -> None:
    for line in as_mermaid(drawn(path)).splitlines():
        assert LINES.fullmatch(line), line


@pytest.mark.parametrize("name", NAMES)
def test_no_name_makes_another_line(name: str) -> None:
    port = {"number": 80, "name": name, "protocol": name}
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": name},
        "spec": {
            "selector": {name: name},
            "servers": [{"port": port, "hosts": [name]}],
        },
    }
    lines = as_mermaid(wiring_of(inspect(read(body), Options(select=["KW4"], ignore=["KW424"])))).splitlines()
    assert len(lines) == 4, lines
    assert all(LINES.fullmatch(line) for line in lines), lines


def test_nothing_to_draw() -> None:
    assert as_mermaid(wiring_of(Report())) == "flowchart LR\n"
