"""The pages of the rules: complete, in step with catalogue, functions and fixtures, and in the wheel."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kserve_wiring.checker.apply import known_codes
from kserve_wiring.cli import main as cli
from kserve_wiring.rules.catalogue import catalogue, chart_only, page_of
from tools.console import ROOT
from tools.generate import rule_pages
from tools.rules import rule_folders
from tools.upstream.helm import Helm

CHART = ROOT / "charts" / "kserve-environment"
CODES = sorted(code for code, entry in catalogue().items() if not entry.retired)
HEADINGS = ["What it checks", "Why it breaks", "Bad", "Good", "How to fix", "References"]


def test_catalogue_function_folder_page_and_index_are_equal() -> None:
    index = (rule_pages.PAGES / "README.md").read_text("utf-8")
    assert sorted(code for code, folder in rule_folders().items() if not folder.retired) == CODES
    assert sorted({*known_codes(), *chart_only()}) == CODES
    assert sorted(path.stem for path in rule_pages.PAGES.glob("KW*.md")) == CODES
    assert re.findall(r"^\| \[(KW\d+)\]\(\1\.md\)", index, re.MULTILINE) == list(catalogue())


def test_no_page_is_stale() -> None:
    written = {path: path.read_text("utf-8") for path in rule_pages.PAGES.glob("*.md")}
    assert written == rule_pages.pages()


@pytest.mark.parametrize("code", CODES)
def test_a_page_is_complete(code: str) -> None:
    text = page_of(code)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert f"# {code}: {catalogue()[code].title}\n" in text
    assert re.search(r"\n## References\n\n- ", text)


@pytest.mark.parametrize("code", CODES)
def test_the_snippets_are_the_fixtures(code: str) -> None:
    rule = rule_folders()[code]
    bad, good = re.findall(r"^```yaml\n(.*?)^```$", page_of(code), re.MULTILINE | re.DOTALL)
    start = "values-" if rule.chart_only else ""
    for name, snippet in ((rule.entry["bad"], bad), (rule.entry["good"], good)):
        assert (rule.path / f"{name}.yaml").read_text("utf-8").endswith(snippet)
        assert name.startswith(f"{start}bad-" if snippet is bad else f"{start}good-")


@pytest.mark.parametrize("code", CODES)
def test_a_bad_snippet_says_its_code(code: str) -> None:
    (said,) = re.findall(r"^```text\n(.*?)^```$", page_of(code), re.MULTILINE | re.DOTALL)
    assert code in said
    assert set(re.findall(r"^  (KW\d{3})", said, re.MULTILINE)) <= {code}


@pytest.mark.parametrize("code", sorted(chart_only()))
def test_the_chart_says_what_a_page_of_a_chart_rule_shows(code: str, newest_helm: Helm) -> None:
    for fixture in rule_folders()[code].fixtures.values():
        path = str(fixture.path)
        command = [newest_helm.path, "template", "env", str(CHART), "--namespace", "kserve", "--values", path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
        assert lines == (fixture.says if fixture.is_bad else []), done.stderr
        assert bool(fixture.says) == fixture.is_bad


def test_explain_shows_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "kw101"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("KW101: An entry of registries-skipping-tag-resolving can never match\n")
    assert "\nWHY IT BREAKS\n" in out
    assert "\n    kind: KnativeServing\n" in out
    assert "kserve/kserve#3372 <https://github.com/kserve/kserve/issues/3372>: docker.io" in " ".join(out.split())
    assert "<!--" not in out
    assert "```" not in out
    assert "\x1b" not in out


def test_the_wheel_has_the_pages_and_the_schema(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"kserve_wiring/data/pages/{code}.md" for code in CODES} <= names
    assert {"kserve_wiring/data/rules.json", "kserve_wiring/data/findings.schema.json"} <= names
