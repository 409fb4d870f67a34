"""What the tests of the graph draw: the fixtures of the rules."""

from __future__ import annotations

from pathlib import Path

from kserve_wiring import inspect, read
from kserve_wiring.graph.wiring import Wiring, wiring_of
from tools.rules import RULES, manifests

TYPO = RULES / "KW403" / "bad-typo.yaml"
EVERY = [fixture.path for fixture in manifests()]
GATEWAY_RULES = [fixture.path for fixture in manifests("KW4")]


def drawn(path: Path) -> Wiring:
    return wiring_of(inspect(read(str(path))))


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"
