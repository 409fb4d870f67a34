"""The source of the site: the documents where they are, and a page for whatever they link to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.console import ROOT, Stop
from tools.site import documents


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "source"
    documents.write(folder)
    return folder


def test_every_document_is_a_page(source: Path) -> None:
    wanted = {"README.md", "CONTRIBUTING.md", *(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))}
    assert {name for name in wanted if not (source / name).is_file()} == set()
    assert (source / "charts" / "kserve-environment" / "README.md").is_file(), "README.md links to it"


def test_a_page_begins_with_its_title(source: Path) -> None:
    starts = {str(path.relative_to(source)): path.read_text(encoding="utf-8")[:2] for path in source.rglob("*.md")}
    assert {name for name, start in starts.items() if start != "# "} == set()


def test_what_is_linked_is_a_page(source: Path) -> None:
    example = (source / "examples" / "minimal.yaml.md").read_text(encoding="utf-8")
    assert example.startswith("# examples/minimal.yaml\n\n````yaml\n# yaml-language-server")
    assert "](examples/minimal.yaml.md)" in (source / "README.md").read_text(encoding="utf-8")
    decisions = (source / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    assert "- [0001-one-chart-three-parts.md](0001-one-chart-three-parts.md)\n" in decisions


def test_blocks_are_as_they_are(source: Path) -> None:
    name = "docs/kserve-wiring.md"
    written, original = ((folder / name).read_text(encoding="utf-8") for folder in (source, ROOT))
    blocks = re.compile(r"(?ms)^```.*?^```$")
    assert blocks.findall(written) == blocks.findall(original)
    assert "`helm template kserve CHART --values v.yaml | kserve-wiring check -`" in written, "no backslash in a table"


def test_each_page_of_the_navigation_is_there(source: Path) -> None:
    listed = re.findall(r'"([^"]+\.md)"', documents.as_json(documents.navigation(source)))
    assert len(listed) > 150
    assert [name for name in listed if not (source / name).is_file()] == []


def test_a_link_that_leads_nowhere_stops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    for name in documents.FIRST:
        (root / name).write_text("# Title\n", encoding="utf-8")
    (root / "docs" / "a.md").write_text("# A\n\n```\n[no link](gone.md)\n```\n\n[b](b.md#part)\n", encoding="utf-8")
    monkeypatch.setattr(documents, "ROOT", root)
    with pytest.raises(Stop, match=r"^docs/a\.md: b\.md is not there$"):
        documents.write(tmp_path / "source")
