"""The commands of documents that need neither a registry nor a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.documents import files
from tests.commands.session import Session
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

PAGES = ("docs/kserve-wiring.md", "CHANGELOG.md")


@pytest.fixture(params=[True, False], ids=["terminal", "none"])
def session(request: pytest.FixtureRequest, newest_helm: Helm, tmp_path: Path) -> Session:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "helm").symlink_to(newest_helm.path)
    path = os.pathsep.join([str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    (tmp_path / "work").mkdir()
    return Session(tmp_path / "work", os.environ | {"PATH": path, "COLUMNS": "80"}, request.param)


def test_the_commands_of_the_page(
    session: Session, environment: Callable[[Path], Path], upstream_charts: Callable[[str], Upstream]
) -> None:
    """On the files that the page shows, and where it leaves the files open, on an example and on these files."""
    text = (ROOT / PAGES[0]).read_text(encoding="utf-8")
    made = environment(ROOT / "examples" / "offline-harbor.yaml")
    put(session.folder, files(text))
    put(session.folder / "manifests", {name: body for name, body in files(text).items() if "/" not in name})
    put(session.folder, {"kserve.yaml": files(text)["model.yaml"]})
    put(session.folder, {"v.yaml": (made / "values" / "kserve-environment.yaml").read_text(encoding="utf-8")})
    (session.folder / "rules").symlink_to(ROOT / "rules")
    charts = next(iter(upstream_charts(stacks.DEFAULT).folders.values())).parent
    session.values = {"folder": str(made), "charts": str(charts), "chart": str(made / "charts" / "kserve-environment")}

    typed = session.follow(PAGES[0], text, "plain")

    assert {"kserve-wiring explain KW101", "kserve-wiring check waived.yaml"} <= set(typed)
    assert "<html" in (session.folder / "wiring.html").read_text(encoding="utf-8")


def test_the_commands_of_the_changelog(session: Session) -> None:
    put(session.folder, {"images.lock.yaml": "image_digests: {}\n"})
    for command in (["init", "--quiet"], ["add", "images.lock.yaml"]):
        subprocess.run(["git", *command], cwd=session.folder, check=True)
    text = (ROOT / PAGES[1]).read_text(encoding="utf-8")
    assert session.follow(PAGES[1], text, "plain") == ["git rm --cached images.lock.yaml"]
    assert session.type("git ls-files") == ""


def put(folder: Path, contents: dict[str, str]) -> None:
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
