"""Build what a release publishes. The same commit gives the same bytes: all times are those of the commit."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import yaml

from tools.console import step
from tools.release import archive, krew, sbom
from tools.release.programs import call
from tools.upstream import helm

CHART = Path("charts", "kserve-environment")
PLUGIN = Path("plugins", "helm")
SUMS = "SHA256SUMS"


def build(source: Path, target: Path, when: int, url: str, key: str = "", keyring: str = "") -> list[Path]:
    """Write wheel, sdist, chart, plugins, SBOMs and checksums into a new folder; return the files.

    source: a checkout with the version of the release. when: seconds since 1970. url: the folder from which people will
    download them. key, keyring: sign the chart.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    # Tools for archives read it: https://reproducible-builds.org/specs/source-date-epoch/
    variables = os.environ | {"SOURCE_DATE_EPOCH": str(when), "PYTHONPATH": str(source / "src")}
    step("building the Python package")
    call([sys.executable, "-m", "hatchling", "build", "--directory", str(target)], source, variables)
    step("packing the chart and the plugins of helm and kubectl")
    _chart(source, target, when, key, keyring)
    _plugin(source / PLUGIN, target, when)
    krew.write(next(target.glob("*.whl")), source, when, url)
    for path in [*target.glob("*.whl"), *target.glob("kserve-environment-*.tgz")]:
        sbom.write(path, source, when)
    _sums(target)
    return sorted(target.iterdir())


def _chart(source: Path, target: Path, when: int, key: str, keyring: str) -> None:
    """helm 4 keeps the times of the files; helm 3 writes the time of the clock."""
    chart = source / CHART
    for path in [chart, *chart.rglob("*")]:
        os.utime(path, (when, when))
    command = [helm.find_major(4).path, "package", str(chart), "--destination", str(target)]
    if key:
        command += ["--sign", "--key", key, "--keyring", keyring]
    call(command, source)


def _plugin(folder: Path, target: Path, when: int) -> None:
    """`helm plugin install FILE` looks for plugin.yaml in the folder that has the name of the file."""
    plugin = yaml.safe_load((folder / "plugin.yaml").read_text(encoding="utf-8"))
    files = {f"helm-{plugin['name']}/{file.name}": file.read_bytes() for file in folder.iterdir()}
    archive.pack(target / f"helm-{plugin['name']}-{plugin['version']}.tgz", files, when)


def _sums(target: Path) -> None:
    """The form that `sha256sum --check` reads."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(target.iterdir())]
    (target / SUMS).write_text("".join(lines), encoding="utf-8")
