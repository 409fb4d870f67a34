"""GitLab's Code Quality report, on real findings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kserve_wiring.checker.report import Report
from kserve_wiring.cli import main as cli
from kserve_wiring.formats.gitlab import as_gitlab
from tools.rules import RULES


def test_an_issue(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", broken, "--format", "gitlab"]) == 1
    (issue,) = json.loads(capsys.readouterr().out)
    line = (RULES / "KW403" / broken).read_text(encoding="utf-8").splitlines()[issue["location"]["lines"]["begin"] - 1]
    assert line.strip() == "selector:"
    assert issue["location"]["path"] == broken
    assert (issue["check_name"], issue["severity"]) == ("KW403", "critical")
    assert issue["description"].startswith("Gateway ml-gateway/ml-local: spec.selector is istio=ml-locl, but ")


def test_every_finding_and_problem_is_one_issue_with_its_own_fingerprint(report: Report) -> None:
    issues = json.loads(as_gitlab(report))
    assert len(issues) == len(report.findings) + len(report.problems)
    fingerprints = [issue["fingerprint"] for issue in issues]
    assert len(set(fingerprints)) == len(issues)
    assert all(re.fullmatch("[0-9a-f]{64}", fingerprint) for fingerprint in fingerprints)
    assert {issue["severity"] for issue in issues} == {"blocker", "critical", "major", "info"}
    assert all(issue["location"]["path"] and issue["location"]["lines"]["begin"] > 0 for issue in issues)


def test_a_fingerprint_does_not_depend_on_the_line(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(broken).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    issues = []
    for before in ("", "# one more line\n"):
        Path(broken).write_text(before + text, encoding="utf-8")
        cli.main(["check", broken, "--format", "gitlab"])
        issues += json.loads(capsys.readouterr().out)
    assert issues[0]["location"]["lines"]["begin"] + 1 == issues[1]["location"]["lines"]["begin"]
    assert issues[0]["fingerprint"] == issues[1]["fingerprint"]
