"""JUnit, on real findings."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from kserve_wiring.checker.report import Report
from kserve_wiring.formats.junit import as_junit
from kserve_wiring.manifests.load import Problem


def parse(text: str) -> Xml.Element:
    return Xml.fromstring(text)  # noqa: S314 (it is ours)


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
    assert "\nfix: set spec." in (failure.findtext("failure") or "")


def test_junit_of_a_clean_run_is_one_passed_case() -> None:
    root = parse(as_junit(Report()))
    assert root.get("tests") == "1"
    assert [len(case) for case in root.iter("testcase")] == [0]


def test_junit_holds_only_what_xml_can() -> None:
    problem = Problem("a\x1b.yaml", 0, "b\x00<&>")
    text = as_junit(Report(problems=[problem]))
    assert next(parse(text).iter("error")).get("message") == "a\ufffd.yaml: b\ufffd<&>"
