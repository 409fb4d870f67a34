"""Provide upstream's charts as folders build/upstream/<stack>/<source>/<chart>-<version>/.

The first source that has a chart wins:

1. CHARTS, set by the user: a folder of charts or packaged charts, or an OCI registry (oci://host/path);
2. upstream's own chart repositories, over the network;
3. the Go modules that stacks/modules/<stack> pins, through Go's module proxy.

A chart that no source has is reported and not fatal: our own chart can still be rendered.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tools import stacks
from tools.console import BUILD, Stop, note, run, shown, step
from tools.stacks import Chart
from tools.upstream import chart_sources, golang, helm, modules, network
from tools.upstream.modules import Unavailable

PULL_SECONDS = 120


@dataclass
class Upstream:
    """The charts of a stack as {(name, version): folder}, and why others are missing."""

    folders: dict[tuple[str, str], Path] = field(default_factory=dict)
    missing: dict[tuple[str, str], str] = field(default_factory=dict)

    def folder(self, name: str, version: str) -> Path | None:
        """A chart by its version, with or without the leading v."""
        return self.folders.get((name, version)) or self.folders.get((name, f"v{version}"))


@dataclass(frozen=True)
class Source:
    """One source of charts.

    fetch: writes a chart into a new folder or raises Unavailable. state: changes when charts that were fetched before
    must not be reused. prepare: runs once, before the first chart.
    """

    title: str
    key: str
    fetch: Callable[[Chart, Path], None]
    state: Callable[[Chart], str] = lambda chart: ""
    prepare: Callable[[], None] = lambda: None


def charts(stack: str, named: str | None = None, only_modules: bool = False) -> Upstream:
    """The charts of a stack.

    named: a folder or oci:// address that goes first; None means CHARTS of the environment. only_modules: use only the
    pinned modules, as the tests do, for the same input on every machine. Raises Stop when the named folder does not
    exist, or when a module differs from its pin.
    """
    named = os.environ.get("CHARTS", "") if named is None else named
    sources = [] if only_modules else [*_named(named), _repositories(stack)]
    sources.append(_modules(stack))
    result = Upstream()
    for source in sources:
        _take(source, stack, result)
        if len(result.folders) == len(stacks.charts(stack)):
            break
    return result


def _take(source: Source, stack: str, result: Upstream) -> None:
    """Take the missing charts from one source, and report the result in one line."""
    wanted = [chart for chart in stacks.charts(stack) if (chart.name, chart.version) not in result.folders]
    reasons: list[str] = []
    source.prepare()
    for chart in wanted:
        key = (chart.name, chart.version)
        try:
            result.folders[key] = _cached(source, stack, chart)
            result.missing.pop(key, None)
        except Unavailable as reason:
            result.missing[key] = str(reason)
            reasons.append(str(reason))
    had = len(wanted) - len(reasons)
    note(f"{had} of {len(wanted)} charts from {source.title}{_because(reasons)}")


def _because(reasons: Sequence[str]) -> str:
    """The reasons in parentheses, grouped by problem."""
    groups: dict[str, list[str]] = {}
    for reason in dict.fromkeys(reasons):
        host, _, problem = reason.partition(": ")
        groups.setdefault(problem, []).append(host)
    grouped = "; ".join(
        f"{problem}: {', '.join(hosts)}" if problem else ", ".join(hosts) for problem, hosts in groups.items()
    )
    return f" ({grouped})" if grouped else ""


def _cached(source: Source, stack: str, chart: Chart) -> Path:
    """The chart's folder, fetched if it is not there yet. It appears complete or not at all."""
    target = BUILD / "upstream" / stack / source.key / chart.folder
    stamp, state = target.with_name(f"{chart.folder}.state"), source.state(chart)
    with golang.alone(target.parent):
        if not (target.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") == state):
            _fetch(source, chart, target)
            stamp.write_text(state, encoding="utf-8")
    return target


def _fetch(source: Source, chart: Chart, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        partial = Path(temporary) / chart.name
        source.fetch(chart, partial)
        _check(chart, partial)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)


def _check(chart: Chart, folder: Path) -> None:
    """Refuse a chart with another name or version than the requested one."""
    try:
        found = yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))
        name, version = found["name"], str(found["version"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise Unavailable(f"{chart.folder} has no valid Chart.yaml") from error
    if name != chart.name or version.removeprefix("v") != chart.version.removeprefix("v"):
        raise Unavailable(f"{chart.folder} is {name} {version}")


# 1. What the user names ---------------------------------------------------------------------------


def _named(place: str) -> list[Source]:
    if not place:
        return []
    if place.startswith("oci://"):
        key = f"named-{hashlib.sha256(place.encode()).hexdigest()[:8]}"
        return [Source(place, key, lambda chart, target: _pull_oci(place, chart, target))]
    folder = Path(place).expanduser().resolve()
    if not folder.is_dir():
        raise Stop(f"CHARTS is {place} but there is no such folder: set it to a folder of charts or to oci://host/path")
    key = f"named-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    return [Source(place, key, lambda chart, target: _from_folder(folder, chart, target), lambda c: _state(folder, c))]


def _candidates(folder: Path, chart: Chart) -> list[Path]:
    """<name>-<version>.tgz, <name>-<version>/ and <name>/, with and without the `v` of the version."""
    versions = dict.fromkeys((chart.version, chart.version.removeprefix("v")))
    stems = [f"{chart.name}-{version}" for version in versions]
    return [*(folder / f"{stem}.tgz" for stem in stems), *(folder / stem for stem in stems), folder / chart.name]


def _from_folder(folder: Path, chart: Chart, target: Path) -> None:
    found = next((path for path in _candidates(folder, chart) if path.exists()), None)
    if found is None:
        raise Unavailable(f"no {chart.folder}.tgz")
    if found.is_dir():
        shutil.copytree(found, target)
    else:
        _unpack(found, chart, target)


def _state(folder: Path, chart: Chart) -> str:
    return " ".join(f"{p.name}:{p.stat().st_mtime_ns}" for p in _candidates(folder, chart) if p.exists())


# 2. Upstream's chart repositories -----------------------------------------------------------------


def _repositories(stack: str) -> Source:
    urls = [chart.repository for chart in stacks.charts(stack)]
    return Source("upstream's chart repositories", "repositories", _pull, prepare=lambda: network.probe(urls))


def _pull(chart: Chart, target: Path) -> None:
    if chart.repository.startswith("oci://"):
        _pull_oci(chart.repository, chart, target)
    else:
        _helm_pull(chart, target, [chart.name, "--repo", chart.repository])


def _pull_oci(place: str, chart: Chart, target: Path) -> None:
    _helm_pull(chart, target, [f"{place.rstrip('/')}/{chart.name}"])


def _helm_pull(chart: Chart, target: Path, what: Sequence[str]) -> None:
    network.require(what[-1])
    folder = target.parent
    command = [helm.find().path, "pull", *what, "--version", chart.version, "--destination", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PULL_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{what[-1]} did not answer in {PULL_SECONDS} s") from error
    if done.returncode != 0:
        raise Unavailable((done.stderr.strip().splitlines() or ["helm pull failed"])[-1].removeprefix("Error: "))
    _unpack(next(folder.glob("*.tgz")), chart, target)


def _unpack(archive: Path, chart: Chart, target: Path) -> None:
    """Unpack a packaged chart, whose only folder has the name of the chart."""
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(temporary, filter="data")
        except (tarfile.TarError, OSError) as error:
            raise Unavailable(f"{archive.name} is not a packaged chart: {error}") from error
        (Path(temporary) / chart.name).rename(target)


# 3. The pinned Go modules -------------------------------------------------------------------------


def _modules(stack: str) -> Source:
    def fetch(chart: Chart, target: Path) -> None:
        chart_sources.assemble(chart, modules.folder(stack, chart.module), target)

    # The result depends on the pins and on the code that assembles it.
    inputs = [stacks.modules(stack) / "go.mod", stacks.modules(stack) / "go.sum", Path(chart_sources.__file__)]
    state = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    return Source("pinned Go modules", "modules", fetch, lambda chart: state)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", action="append", help="only this stack; may be given more than once")
    parser.add_argument("--only-modules", action="store_true", help="the pinned Go modules only, as the tests do")
    options = parser.parse_args()
    complete = True
    for stack in options.stack or stacks.names():
        step(f"Fetching the upstream charts of stack {stack}")
        result = charts(stack, only_modules=options.only_modules)
        for folder in result.folders.values():
            print(shown(folder))
        for (name, version), reason in result.missing.items():
            note(f"missing: {name} {version}: {reason}")
            complete = False
    return 0 if complete else 1


if __name__ == "__main__":
    run(main)
