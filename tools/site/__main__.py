"""Build the documentation in build/docs/site. Open index.html there, from a disk or a server.

Usage: python -m tools.site [VERSION]

With VERSION, also commit the site as that version to the branch gh-pages (versions.py).

mkdocs, mike and Material are in an environment of their own, from requirements.lock beside this file. The pages are the
documents of this repository, where they are (documents.py), and references (reference.py) and symptoms (symptoms.py)
made of their sources.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.console import BUILD, Stop, note, run, shown, step
from tools.release.version import well_formed
from tools.site import documents, links, scripts, versions
from tools.upstream.golang import alone

HERE = Path(__file__).parent
FOLDER = BUILD / "docs"
SITE = FOLDER / "site"


def main(arguments: Sequence[str] = ()) -> int:
    """Return the exit code."""
    for version in arguments:
        well_formed(version)
    with alone(FOLDER):
        programs = _programs()
        step("building the site")
        source = FOLDER / "source"
        shutil.rmtree(source, ignore_errors=True)
        documents.write(source)
        scripts.write(source / "assets", FOLDER / "npm")
        config = FOLDER / "mkdocs.yml"
        config.write_text(_configuration(source, SITE), encoding="utf-8")
        _build(programs / "mkdocs", config)
        _check()
        for version in arguments:
            step(f"adding version {version} to the branch {versions.BRANCH}")
            text = versions.configuration(_configuration(source, FOLDER / "version"))
            config.write_text(text, encoding="utf-8")
            versions.deploy(programs, config, version)
    return 0


def _check() -> None:
    faults = list(links.faults(SITE))
    if faults:
        raise Stop(f"{len(faults)} links of the site lead nowhere or to the network: {'; '.join(faults[:5])}")
    note(f"{shown(SITE / 'index.html')}: {len(list(SITE.rglob('*.html')))} pages")


def _programs() -> Path:
    """The folder with mkdocs and mike, installed once for each content of the lock."""
    lock = HERE / "requirements.lock"
    # The programs name their folder, so not by a link, which may go.
    venv = FOLDER.resolve() / f"venv-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not (venv / ".ready").exists():
        step("installing mkdocs, once")
        pip = [str(venv / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
        if subprocess.run([*pip, "--requirement", str(lock)], check=False).returncode:
            raise Stop("mkdocs cannot be installed: let pip reach its package index")
        (venv / ".ready").touch()
    return venv / "bin"


def _configuration(source: Path, target: Path) -> str:
    """mkdocs.yml with the folders and the navigation. Its tags are Python's, so it is text here."""
    added = {
        "docs_dir": source,
        "site_dir": target,
        "custom_dir": HERE / "overrides",
        "nav": documents.navigation(source),
    }
    text = (HERE / "mkdocs.yml").read_text(encoding="utf-8")
    text = text.replace("  name: material\n", f"  name: material\n  custom_dir: {added.pop('custom_dir')}\n")
    return text + "".join(f"{key}: {documents.as_json(value)}\n" for key, value in added.items())


def _build(mkdocs: Path, config: Path) -> None:
    # Material prints advertisements for its successor.
    variables = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    command = [str(mkdocs), "build", "--quiet", "--strict", "--clean", "--config-file", str(config)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Stop(f"mkdocs: {(done.stderr or done.stdout).strip()}")


if __name__ == "__main__":
    run(lambda: main(sys.argv[1:]))
