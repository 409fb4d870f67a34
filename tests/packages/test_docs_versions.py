"""The branch that make docs-version writes with mike, and its selector of versions in a browser."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands.clone import GIT
from tests.packages.conftest import browsed, checkout_of
from tools.console import BUILD
from tools.site.versions import BRANCH

RULE = "docs/rules/KW404.html"


@pytest.fixture(scope="module")
def repository(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone to which two versions were added, the older one last; a page is only in the newer one."""
    if not shutil.which("npm"):
        pytest.skip("needs npm")
    folder = checkout_of(clone, tmp_path_factory.mktemp("versions") / "copier-kserve")
    (folder / "build").mkdir()
    (folder / "build" / "docs").symlink_to(docs(tmp_path_factory), target_is_directory=True)
    new = folder / "docs" / "how-to" / "new.md"
    new.write_text("# A new page\n", encoding="utf-8")
    add(folder, "1.1.0")
    new.unlink()
    add(folder, "1.0.0")
    return folder


def docs(factory: pytest.TempPathFactory) -> Path:
    """A folder for the site, with the programs and the scripts that make docs has fetched."""
    folder = factory.mktemp("docs")
    for path in [*(BUILD / "docs").glob("venv-*"), BUILD / "docs" / "npm"]:
        if path.exists():
            (folder / path.name).symlink_to(path.resolve(), target_is_directory=True)
    return folder


def add(folder: Path, *arguments: str) -> None:
    variables = os.environ | {"PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder}"}
    command = [sys.executable, "-m", "tools.site", *arguments]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def branch(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the branch."""
    folder = tmp_path_factory.mktemp("branch") / "site"
    subprocess.run([*GIT, "clone", "--quiet", "--branch", BRANCH, str(repository), str(folder)], check=True)
    return folder


def test_the_branch_has_both_versions(branch: Path) -> None:
    versions = json.loads((branch / "versions.json").read_text(encoding="utf-8"))
    assert [(one["version"], one["aliases"]) for one in versions] == [("1.1.0", ["latest"]), ("1.0.0", [])]
    for version in ("1.0.0", "1.1.0"):
        assert "<title>KW404: " in (branch / version / RULE).read_text(encoding="utf-8")
    added = [version for version in ("1.0.0", "1.1.0") if (branch / version / "docs/how-to/new.html").exists()]
    assert added == ["1.1.0"]


def test_latest_leads_to_the_newest_version_and_the_root_to_latest(branch: Path) -> None:
    assert "../../../1.1.0/docs/rules/KW404.html" in (branch / "latest" / RULE).read_text(encoding="utf-8")
    assert "latest/" in (branch / "index.html").read_text(encoding="utf-8")
    assert [path for path in branch.rglob("*") if path.is_symlink()] == []


def test_nothing_else_changes(repository: Path) -> None:
    changed = subprocess.run(
        [*GIT, "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert changed.stdout == ""


def test_a_site_without_versions_has_no_selector(repository: Path, branch: Path) -> None:
    page = (repository / "build" / "docs" / "site" / RULE).read_text(encoding="utf-8")
    assert selector(page) is None
    assert selector((branch / "1.1.0" / RULE).read_text(encoding="utf-8")) == {"provider": "mike"}


def selector(page: str) -> Any:
    text = page.partition('<script id="__config" type="application/json">')[2].partition("</script>")[0]
    return json.loads(text)["version"]


@pytest.fixture(scope="module")
def found(branch: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What versions.js finds, with a server of the files and without."""
    with served(branch) as address:
        pages = (f"{address}/latest/{RULE}", "1.0.0", branch / "1.0.0" / RULE)
        printed = browsed(tmp_path_factory.mktemp("browser"), "versions.js", *pages)
    result: dict[str, Any] = json.loads(printed.replace(address, ""))
    return result


def test_a_browser_offers_both_versions(found: dict[str, Any]) -> None:
    assert (found["current"], found["offered"]) == ("1.1.0", ["1.1.0", "1.0.0"])
    assert found["begins"] == f"/1.1.0/{RULE}", "latest leads to it"
    assert found["leads"].startswith("/1.0.0/")


def test_a_version_works_from_a_disk(found: dict[str, Any]) -> None:
    assert found["disk"] == {"errors": [], "offered": 0}, "a page may not read versions.json there"


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of files that knows nothing else."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
