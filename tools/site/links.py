"""What the pages of the site refer to: files and anchors that are there, and nothing that is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


def faults(site: Path) -> Iterator[str]:
    """`page: link` of each link within the site that leads nowhere, and of what would be loaded from the network."""
    for page in sorted(site.rglob("*.html")):
        if page.name == "404.html":  # a server shows it at any depth
            continue
        name = page.relative_to(site)
        for loads, link in _read(page).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if loads:
                    yield f"{name}: {link}"
            elif not _leads_somewhere(page, unquote(parts.path), unquote(parts.fragment)):
                yield f"{name}: {link}"


def _leads_somewhere(page: Path, path: str, fragment: str) -> bool:
    target = (page.parent / path).resolve() if path else page
    if target.is_dir():  # a browser shows a list of files instead of a page
        return False
    if not target.is_file():
        return False
    return not fragment or target.suffix != ".html" or fragment in _read(target).anchors


class _Page(HTMLParser):
    """The links of a page, as (whether the browser loads it, link), and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[tuple[bool, str]] = []
        self.anchors: set[str] = {"", "__top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append((False, values["href"]))
        elif "src" in values or (tag == "link" and values.get("rel") in ("stylesheet", "icon", "modulepreload")):
            self.links.append((True, values.get("src") or values.get("href", "")))


@cache
def _read(page: Path) -> _Page:
    return _Page(page.read_text(encoding="utf-8"))
