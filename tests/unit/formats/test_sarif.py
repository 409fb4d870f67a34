"""SARIF, on real findings."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from kserve_wiring.checker.report import Report
from kserve_wiring.cli import main as cli
from kserve_wiring.formats import sarif
from kserve_wiring.formats.sarif import as_sarif
from kserve_wiring.rules.catalogue import catalogue, page_of


@pytest.fixture
def log(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(as_sarif(report))
    return document


def test_sarif_has_the_required_properties(log: dict[str, Any]) -> None:
    """SARIF 2.1.0: 3.13 (version, runs), 3.14 (tool), 3.19 (name), 3.20 (executionSuccessful), 3.27 (message)."""
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "kserve-wiring"
    assert [rule["id"] for rule in driver["rules"]] == sorted({result["ruleId"] for result in run["results"]})
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["level"] in ("error", "warning", "note")
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            assert location["physicalLocation"]["artifactLocation"]["uri"].startswith("file:///")
            assert location["physicalLocation"]["region"]["startLine"] > 0
    assert all(rule["help"]["markdown"].startswith(f"# {rule['id']}: ") for rule in driver["rules"])


@pytest.mark.parametrize("code", [code for code, entry in catalogue().items() if not entry.retired])
def test_a_viewer_follows_each_link_of_the_help(code: str) -> None:
    shown = sarif._rule(code)["help"]["markdown"]
    prose = re.sub(r"(?ms)^```.*?^```$", "", shown)
    assert all(link.startswith("https://") for link in re.findall(r"\]\(([^)]*)\)", prose))
    assert "<!--" not in prose
    assert re.findall(r"(?m)^## .*", shown) == re.findall(r"(?m)^## .*", page_of(code))


def test_sarif_says_what_could_not_be_read_and_what_is_waived(log: dict[str, Any], report: Report) -> None:
    (run,) = log["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == "not YAML: x"
    assert notification["locations"][0]["physicalLocation"]["region"]["startLine"] == 3
    suppressed = [result for result in run["results"] if "suppressions" in result]
    assert [result["suppressions"][0]["justification"] for result in suppressed] == [
        item.reason for item in report.waived
    ]


def test_sarif_of_one_finding(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", broken, "--format", "sarif"]) == 1
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["ruleId"] == "KW403"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": broken}
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].endswith(" spec.selector")
    assert "spec.template.metadata.labels" in result["relatedLocations"][0]["message"]["text"]


def test_nothing_from_a_file_has_no_place(pod: Report) -> None:
    """An object of the Python API, and standard input, are no files of the repository."""
    (result,) = json.loads(as_sarif(pod))["runs"][0]["results"]
    assert "physicalLocation" not in result["locations"][0]
