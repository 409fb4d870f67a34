"""The formats for other programs, on real findings."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema
import pytest

from kserve_wiring import inspect, read
from kserve_wiring.checker.report import Report
from kserve_wiring.cli import main as cli
from kserve_wiring.formats.github import as_github
from kserve_wiring.formats.json import as_json
from kserve_wiring.formats.junit import as_junit
from kserve_wiring.formats.sarif import as_sarif
from kserve_wiring.manifests.load import Problem
from tools.console import ROOT
from tools.rules import RULES, manifests

SCHEMA = json.loads((ROOT / "schemas" / "findings.schema.json").read_text("utf-8"))
KW403 = RULES / "KW403" / "bad-typo.yaml"


def parse(text: str) -> Xml.Element:
    return Xml.fromstring(text)  # noqa: S314 (it is ours)


def everything() -> Report:
    """Findings of every code, waived ones, and something that cannot be read."""
    report = Report(problems=[Problem("broken.yaml", 3, "not YAML: x")])
    for fixture in manifests():
        one = inspect(read(str(fixture.path)))
        report.findings += one.findings
        report.waived += one.waived
    assert report.findings
    assert report.waived
    return report


@pytest.fixture(scope="module")
def report() -> Report:
    return everything()


@pytest.fixture
def log(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(as_sarif(report))
    return document


def test_json_is_of_the_published_schema(report: Report) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    document = json.loads(as_json(report))
    validator.validate(document)
    validator.validate(json.loads(as_json(Report())))
    document["findings"][0]["more"] = 1
    with pytest.raises(jsonschema.ValidationError, match="more"):
        validator.validate(document)


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
    assert all(rule["help"]["markdown"].startswith("<!--") for rule in driver["rules"])


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


def test_sarif_of_one_finding(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(KW403.parent)
    assert cli.main(["check", KW403.name, "--format", "sarif"]) == 1
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["ruleId"] == "KW403"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": KW403.name}
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].endswith(" spec.selector")
    assert "spec.template.metadata.labels" in result["relatedLocations"][0]["message"]["text"]


def test_nothing_from_a_file_has_no_place() -> None:
    """An object of the Python API, and standard input, are no files of the repository."""
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"image": "A:B:C"}]}}
    log = json.loads(as_sarif(inspect(read(body))))
    (result,) = log["runs"][0]["results"]
    assert "physicalLocation" not in result["locations"][0]
    assert as_github(inspect(read(body))).startswith("::error title=KW202 Pod p::")


def test_junit(report: Report) -> None:
    root = parse(as_junit(report))
    (suite,) = root
    assert suite.get("failures") == str(len(report.findings)) == str(len(suite.findall("testcase/failure")))
    assert suite.get("errors") == "1" == str(len(suite.findall("testcase/error")))
    assert suite.get("skipped") == str(len(report.waived)) == str(len(suite.findall("testcase/skipped")))
    assert suite.get("tests") == str(len(suite))
    failure = next(case for case in suite if case.get("name") == "KW403 spec.selector")
    assert failure.get("classname", "").startswith("Gateway ")
    assert failure.find("failure").get("type") == "KW403"  # type: ignore[union-attr]
    assert "\nfix: set spec.selector to" in (failure.findtext("failure") or "")


def test_junit_of_a_clean_run_is_one_passed_case() -> None:
    root = parse(as_junit(Report()))
    assert root.get("tests") == "1"
    assert [len(case) for case in root.iter("testcase")] == [0]


def test_junit_holds_only_what_xml_can() -> None:
    problem = Problem("a\x1b.yaml", 0, "b\x00<&>")
    text = as_junit(Report(problems=[problem]))
    assert next(parse(text).iter("error")).get("message") == "a\ufffd.yaml: b\ufffd<&>"


def test_github_escapes_what_ends_a_command() -> None:
    text = as_github(Report(problems=[Problem("a,b:c.yaml", 2, "100%\nmore")]))
    assert text.splitlines()[0] == "::error file=a%2Cb%3Ac.yaml,line=2,title=cannot read::100%25%0Amore"


def test_github(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(KW403.parent)
    assert cli.main(["check", KW403.name, "--format", "github"]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"::error file={KW403.name},line=")
    assert ",title=KW403 Gateway ml-gateway/" in first
    assert "%0Afix: set spec.selector to" in first
    assert last.endswith("1 error, 0 warnings, 0 info")
