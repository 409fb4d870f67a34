"""A report with everything that a format has to print."""

from __future__ import annotations

import pytest

from kserve_wiring import inspect, read
from kserve_wiring.checker.report import Report
from kserve_wiring.manifests.load import Problem
from tools.rules import RULES, manifests


@pytest.fixture(scope="package")
def report() -> Report:
    """Findings of every code, waived ones, and something that cannot be read."""
    report = Report(problems=[Problem("broken.yaml", 3, "not YAML: x")])
    for fixture in manifests():
        one = inspect(read(str(fixture.path)))
        report.findings += one.findings
        report.waived += one.waived
    assert report.findings
    assert report.waived
    return report


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a file with one finding, KW403, in the current folder."""
    monkeypatch.chdir(RULES / "KW403")
    return "bad-typo.yaml"


@pytest.fixture
def pod() -> Report:
    """One finding of an object that is in no file."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "A:B:C"}]},
    }
    return inspect(read(body))
