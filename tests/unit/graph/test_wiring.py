"""The wiring as a graph: what is connected with what, and what is red."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring.graph.wiring import GATEWAYS, PODS, SERVICES, SETTINGS
from tests.unit.graph.drawing import GATEWAY_RULES, RULES, drawn, name_of


@pytest.mark.parametrize("path", GATEWAY_RULES, ids=name_of)
def test_every_finding_is_red(path: Path) -> None:
    wiring = drawn(path)
    shown = {code for node in wiring.nodes.values() for code in node.codes}
    assert shown == {finding.code for finding in wiring.findings}
    for wire in wiring.wires:
        assert wire.source in wiring.nodes
        assert wire.target in wiring.nodes
        assert 0 <= wire.row < len(wiring.nodes[wire.source].rows)
        assert wire.target_row < len(wiring.nodes[wire.target].rows)


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
