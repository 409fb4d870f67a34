"""--statistics: the number of findings of each rule."""

from __future__ import annotations

import pytest

from kserve_wiring.checker.report import Report
from kserve_wiring.cli import main as cli
from kserve_wiring.formats.statistics import as_statistics


def test_one_line_per_rule(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", broken, "--statistics"]) == 1
    assert capsys.readouterr().out == "1  KW403  A Gateway's selector matches no gateway Pods\n"


def test_the_most_frequent_first_and_all_are_counted(report: Report) -> None:
    numbers = [int(line.split()[0]) for line in as_statistics(report).splitlines()]
    assert numbers == sorted(numbers, reverse=True)
    assert sum(numbers) == len(report.findings)


def test_nothing_without_findings() -> None:
    assert as_statistics(Report()) == ""


def test_another_format_is_refused(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The flag would have no effect."""
    assert cli.main(["check", broken, "--statistics", "--format", "json"]) == 2
    text = "kserve-wiring: --statistics is text: remove it or --format json\n"
    assert capsys.readouterr() == ("", text)
