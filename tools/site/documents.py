"""The documents of the repository as the source of the site: at their places, with what they link to.

A page is what README.md leads to: other documents, files (pages with their text), and folders (pages with a list).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.console import ROOT, Stop
from tools.site import reference, symptoms

# Where the pages begin; the others are linked.
FIRST = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
_LINK = re.compile(r"(?<!!)\]\((?!\w+:)([^)#\s]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"(?ms)^( *)```.*?^\1```$")
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".toml": "toml", ".jinja": "jinja"}


def write(source: Path) -> None:
    """Write the pages into a new folder. Raises Stop at a link that leads nowhere."""
    waiting = [ROOT / name for name in FIRST] + sorted((ROOT / "docs").rglob("*.md"))
    done: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in done:
            continue
        done.add(path)
        found = list(_linked(path))
        waiting += found
        target = source / _place(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_page(path), encoding="utf-8")
    for name, text in {**reference.pages(), **symptoms.pages()}.items():
        target = source / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")


def navigation(source: Path) -> list[dict[str, Any]]:
    """The sections, by what a person wants."""
    rules = ["docs/rules/README.md", *_pages(source, "docs/rules/KW*.md")]
    return [
        {"Start": "README.md"},
        {"The checker": "docs/kserve-wiring.md"},
        {"How to": _pages(source, "docs/how-to/*.md")},
        {"Symptoms": ["docs/symptoms.md", *symptoms.navigation(), "docs/faults.md"]},
        {"Rules": [*rules, "docs/survivors.md"]},
        {"Reference": [*_pages(source, "reference/*.md"), "docs/images.md", *_pages(source, "charts/*/*.md")]},
        {"Contributing": ["CONTRIBUTING.md", {"Decisions": _pages(source, "docs/decisions/*.md")}, "CHANGELOG.md"]},
    ]


def as_json(value: Any) -> str:
    """As YAML reads it, too."""
    return json.dumps(value, default=str)


def _pages(source: Path, pattern: str) -> list[str]:
    return sorted(str(path.relative_to(source)) for path in source.glob(pattern))


def _linked(path: Path) -> Iterator[Path]:
    """The files and folders that a document links to. Raises Stop at one that is not there."""
    if path.suffix != ".md":
        return
    for link in _LINK.finditer(_FENCE.sub("", path.read_text(encoding="utf-8"))):
        target = Path(os.path.normpath(path.parent / link[1]))
        if not target.exists() or not target.is_relative_to(ROOT):
            raise Stop(f"{path.relative_to(ROOT)}: {link[1]} is not there")
        yield target


def _place(path: Path) -> Path:
    """Where a page is in the source: a document at its own place, a file or a folder at a page beside it."""
    name = path.relative_to(ROOT)
    if path.is_dir():
        return name / "README.md"
    return name if path.suffix == ".md" else name.with_name(f"{name.name}.md")


def _page(path: Path) -> str:
    name = path.relative_to(ROOT)
    if path.is_dir():
        listed = sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
        lines = [f"- [{file}]({file})" if file.endswith(".md") else f"- `{file}`" for file in listed]
        return f"# {name}/\n\n" + "\n".join(lines) + "\n"
    # mkdocs takes the title from a heading in the first line.
    text = re.sub(r"\A<!--.*?-->\n", "", path.read_text(encoding="utf-8"))
    if path.suffix != ".md":
        return f"# {name}\n\n````{_LANGUAGES.get(path.suffix, 'text')}\n{text.rstrip()}\n````\n"
    return _outside_blocks(text, lambda part: _tables(_links(part, path)))


def _outside_blocks(text: str, change: Any) -> str:
    """Change what is not in a fenced block."""
    parts, end = [], 0
    for block in _FENCE.finditer(text):
        parts += [change(text[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, change(text[end:])])


def _links(text: str, path: Path) -> str:
    """Links to the pages of files and folders."""

    def changed(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(path.parent / link[1]))
        place = os.path.relpath(ROOT / _place(target), path.parent)
        return f"]({place}{link[2] or ''})"

    return _LINK.sub(changed, text)


def _tables(text: str) -> str:
    r"""GitHub wants `a \| b` in code of a table, and shows `a | b`; Python-Markdown shows the backslash."""
    row = re.compile(r"(?m)^\|.*\|$")
    return row.sub(lambda line: re.sub(r"`[^`]*`", lambda code: code[0].replace("\\|", "|"), line[0]), text)
