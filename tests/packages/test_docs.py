"""The site of make docs, in a browser that opens it from the disk and reaches no network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kserve_wiring.rules.catalogue import catalogue
from tests.packages.conftest import browsed
from tools.console import ROOT

PAGES = ["index.html", "docs/kserve-wiring.html", "docs/rules/KW404.html", "symptoms/digest-no-such-host.html"]
PAGES += [
    "docs/symptoms.html",
    "docs/images.html",
    "reference/questions.html",
    "charts/kserve-environment/VALUES.html",
    "CHANGELOG.html",
]
# Words of the title of KW403.
QUERY = "selector matches no gateway Pods"


@pytest.fixture(scope="module")
def site(clone: Path) -> Path:
    """The site of the working tree, without a warning."""
    if not shutil.which("npm"):
        pytest.skip("needs npm")
    done = subprocess.run([sys.executable, "-m", "tools.site"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ROOT / "build" / "docs" / "site"


@pytest.fixture(scope="module")
def found(site: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What browser.js finds."""
    folder = tmp_path_factory.mktemp("browser")
    printed = browsed(folder, "browser.js", site, QUERY, *PAGES, packages=["axe-core@4.14.1"])
    result: dict[str, Any] = json.loads(printed)
    return result


def test_each_rule_has_a_page_with_its_title(site: Path) -> None:
    for code, entry in catalogue().items():
        if not entry.retired:
            page = (site / "docs" / "rules" / f"{code}.html").read_text(encoding="utf-8")
            assert f"<title>{code}: " in page, code


def test_nothing_comes_from_the_network(found: dict[str, Any]) -> None:
    assert found["outside"] == []


def test_the_search_finds_a_rule_by_its_words(found: dict[str, Any]) -> None:
    assert "/docs/rules/KW403.html" in found["first"]


def test_a_telephone_shows_each_page_without_scrolling_sideways(found: dict[str, Any]) -> None:
    assert {name: page["width"] for name, page in found["pages"].items() if page["width"] > 360} == {}


def test_axe_finds_nothing_serious_in_light_and_in_dark(found: dict[str, Any]) -> None:
    assert (found["light"], found["dark"]) == ("default", "slate")
    assert {name: page["violations"] for name, page in found["pages"].items() if page["violations"]} == {}
    assert len(found["pages"]) == 2 * len(PAGES)
