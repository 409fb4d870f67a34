"""Annotations of GitHub, on real findings."""

from __future__ import annotations

import pytest

from kserve_wiring.checker.report import Report
from kserve_wiring.cli import main as cli
from kserve_wiring.formats.github import as_github
from kserve_wiring.manifests.load import Problem


def test_nothing_from_a_file_has_no_place(pod: Report) -> None:
    """An object of the Python API, and standard input, are no files of the repository."""
    assert as_github(pod).startswith("::error title=KW202 Pod p::")


def test_github_escapes_what_ends_a_command() -> None:
    text = as_github(Report(problems=[Problem("a,b:c.yaml", 2, "100%\nmore")]))
    assert text.splitlines()[0] == "::error file=a%2Cb%3Ac.yaml,line=2,title=cannot read::100%25%0Amore"


def test_github(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", broken, "--format", "github"]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"::error file={broken},line=")
    assert ",title=KW403 Gateway ml-gateway/" in first
    assert "%0Afix: set spec.selector to" in first
    assert last.endswith("1 error, 0 warnings, 0 info")
