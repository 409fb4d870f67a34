"""Write docs/faults.md and the table of docs/how-to/504-and-404.md from the faults that the live tests inject."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from kserve_wiring.doctor.symptoms import symptoms
from tests.live.wires import BROKEN
from tools.console import ROOT

PAGE = ROOT / "docs" / "faults.md"
REQUESTS = ROOT / "docs" / "how-to" / "504-and-404.md"
FAULTS = ROOT / "tests" / "live" / "faults.yaml"
_HEAD = """<!-- Written by make generate: edit tests/live/faults.yaml and tests/live/wires.py. -->
# Faults and their verdicts

The live tests inject each fault alone into a running environment, on the real controllers. `kserve-wiring doctor
--probe` has this verdict and no other, on the cluster and from a bundle that was collected there
([what is real](../tests/live/README.md)). [Symptoms](symptoms.md) lists everything that it recognizes.

## What an object says

| fault | what users see | verdict | finding |
|---|---|---|---|
"""
_WIRES = """
## Everything is Ready, or waits for its route

`<name>` and `<name>-predictor` are the answers to requests from inside the cluster.

"""
_TABLE = "| broken | Knative / KServe Ready | `<name>` | `<name>-predictor` | code |\n|---|---|---|---|---|\n"


def faults() -> list[dict[str, str]]:
    """The faults of doctor's live test, each with fault, seen and symptom, and perhaps wire and code."""
    found: list[dict[str, str]] = yaml.safe_load(FAULTS.read_text(encoding="utf-8"))
    return found


def pages() -> dict[Path, str]:
    """Both pages."""
    wrong = {symptom.id: symptom.wrong.format(host="HOST", image="IMAGE") for _, symptom in symptoms()}
    rows = "".join(_row(entry, wrong) for entry in faults())
    return {PAGE: f"{_HEAD}{rows}{_WIRES}{_TABLE}{_wires()}", REQUESTS: _requests()}


def _row(entry: dict[str, Any], wrong: dict[str, str]) -> str:
    wire = f"{entry['wire']}: " if "wire" in entry else ""
    return f"| {entry['fault']} | `{entry['seen']}` | {wire}{wrong[entry['symptom']]} | {_rule(entry.get('code'))} |\n"


def _wires() -> str:
    rows = (
        f"| {row.wire} | {row.knative} / {row.kserve} | {row.host} | {row.predictor} | {_rule(row.code)} |\n"
        for row in BROKEN
    )
    return "".join(rows)


def _rule(code: str | None) -> str:
    return f"[{code}](rules/{code}.md)" if code else "-"


def _requests() -> str:
    """The page with its table, whose links begin one folder lower."""
    before, head, after = REQUESTS.read_text(encoding="utf-8").partition(_TABLE)
    _, blank, rest = after.partition("\n\n")
    return before + head + _wires().replace("](rules/", "](../rules/").rstrip("\n") + blank + rest
