"""A link of the site that leads nowhere, or to the network, is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.site import links


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<a href="b.html#there">b</a><a href="#here">a</a><h2 id="here">', ""),
        ('<a href="https://kserve.github.io">elsewhere</a>', ""),
        ('<a href="b.html#gone">b</a>', "a.html: b.html#gone"),
        ('<a href="c.html">c</a>', "a.html: c.html"),
        ('<a href="folder">a list of files</a>', "a.html: folder"),
        ('<a href="folder/%C3%A9.txt">escaped</a>', ""),
        ('<script src="https://unpkg.com/mermaid"></script>', "a.html: https://unpkg.com/mermaid"),
        ('<link rel="stylesheet" href="//fonts.googleapis.com/css">', "a.html: //fonts.googleapis.com/css"),
        ('<link rel="canonical" href="https://ml.corp.local/">', ""),
        ('<img src="gone.svg">', "a.html: gone.svg"),
    ],
)
def test_a_page(html: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "é.txt").touch()
    (tmp_path / "b.html").write_text('<h2 id="there">', encoding="utf-8")
    (tmp_path / "a.html").write_text(html, encoding="utf-8")
    assert list(links.faults(tmp_path)) == ([fault] if fault else [])
