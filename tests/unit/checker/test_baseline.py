"""--baseline: the findings of an earlier run are accepted, and new ones are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kserve_wiring.cli import main as cli
from tests.unit.serving import BAD_TIMEOUT, WITHOUT_DEFAULTS, serving

BASELINE = "baseline.json"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(*arguments: str) -> int:
    return cli.main(["check", "m.yaml", "--level", "warning", *arguments])


def write(text: str) -> None:
    Path("m.yaml").write_text(text, encoding="utf-8")


def test_old_findings_are_accepted_at_other_lines_and_with_other_values(capsys: pytest.CaptureFixture[str]) -> None:
    write(serving(BAD_TIMEOUT))
    assert check("--format", "json", "--output-file", BASELINE) == 1
    write("# one more line\n" + serving(BAD_TIMEOUT).replace('"30"', '"31"'))
    capsys.readouterr()
    assert check("--baseline", BASELINE) == 0
    captured = capsys.readouterr()
    assert "1 object: 0 errors, 0 warnings, 0 info, 1 waived\n" in captured.out
    assert captured.err == ""


def test_a_new_finding_is_reported_alone(capsys: pytest.CaptureFixture[str]) -> None:
    write(serving(BAD_TIMEOUT))
    check("--format", "json", "--output-file", BASELINE)
    write(serving(BAD_TIMEOUT, WITHOUT_DEFAULTS))
    capsys.readouterr()
    assert check("--baseline", BASELINE, "--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    assert [item["code"] for item in document["findings"]] == ["KW104"]
    assert [(item["code"], item["reason"]) for item in document["waived"]] == [("KW103", f"in the baseline {BASELINE}")]


def test_entries_without_a_finding_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    write(serving(BAD_TIMEOUT))
    check("--format", "json", "--output-file", BASELINE)
    write(serving(WITHOUT_DEFAULTS))
    capsys.readouterr()
    assert check("--baseline", BASELINE, "--select", "KW103") == 0
    assert capsys.readouterr().err == "kserve-wiring: 1 of the findings in baseline.json are gone: write it again\n"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"findings": [1]}', '{"findings": [{"code": "KW103"}]}'])
def test_a_file_that_is_no_report(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(serving(BAD_TIMEOUT))
    Path(BASELINE).write_text(text, encoding="utf-8")
    assert check("--baseline", BASELINE) == 2
    assert capsys.readouterr() == (
        "",
        "kserve-wiring: baseline.json is no JSON report; write one with --format json --output-file NEW-FILE\n",
    )


def test_a_file_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    write(serving(BAD_TIMEOUT))
    assert check("--baseline", BASELINE) == 2
    assert capsys.readouterr().err == "kserve-wiring: baseline.json: No such file or directory\n"
