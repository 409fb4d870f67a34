"""Compare which tool finds which images of the default environment in one run, and measure ours.

Usage: python -m tools.bench.images [--hauler PATH] [--zarf PATH]

Generate the environment and render it with upstream's charts from the pinned Go modules. Then find its images with
`kserve-wiring images`, with grep, and with Hauler and Zarf if their programs are given. The table is that of
docs/images.md. Hauler and Zarf need no registry for this: the images that they would pull are read from their output.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

from kserve_wiring.cluster.facts import make_facts
from kserve_wiring.inventory.find import found_images
from kserve_wiring.inventory.found import canonical
from kserve_wiring.manifests.environment import plan
from kserve_wiring.manifests.helm import HelmCall
from kserve_wiring.manifests.load import load_text
from tools import stacks
from tools.console import BUILD, note, run, step
from tools.environment import generate as environment
from tools.environment import render
from tools.environment.render import Rendered
from tools.upstream import charts as upstream
from tools.upstream import helm

ROUNDS = 5
GREP = re.compile(r"^[ \t-]*image:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hauler", help="the hauler program")
    parser.add_argument("--zarf", help="the zarf program")
    options = parser.parse_args()
    step("Generating and rendering the default environment")
    folder = BUILD / "compare"
    environment.generate({}, folder)
    charts = upstream.charts(stacks.DEFAULT, only_modules=True)
    jobs, _ = plan(folder, charts.folder)
    rendered = render.render(jobs, helm.find())
    needed = ours(rendered)
    print("| | found | of the needed | never pulled, or no image |\n|---|---|---|---|")
    row("`kserve-wiring images`", needed, needed)
    row("`grep image:` over the rendered releases", grep(rendered), needed)
    if options.hauler:
        row("Hauler, `store add chart --add-images`", hauler(options.hauler, jobs), needed)
    if options.zarf:
        sure, guesses = zarf(options.zarf, jobs)
        row("Zarf, `dev find-images`", sure, needed)
        real = needed | {canonical(image) for image in grep(rendered)}
        confirmed = {guess for guess in guesses if canonical(guess) in real}
        row("Zarf, with the guesses that registries would confirm", sure | confirmed, needed)
    timing(folder, charts, jobs)
    return 0


def row(name: str, found: Iterable[str], needed: set[str]) -> None:
    """Print one line of the table, and name the images that are not needed below it."""
    images = {canonical(one) for one in found}
    others = sorted(images - needed)
    print(f"| {name} | {len(images)} | {len(images & needed)} of {len(needed)} | {len(others)} |")
    for one in others:
        note(f"{name}, not needed: {one}")
    for one in sorted(needed - images):
        note(f"{name}, missing: {one}")


def ours(rendered: list[Rendered]) -> set[str]:
    objects = [
        obj
        for one in rendered
        for obj in load_text(one.text, one.release, release=one.release, namespace=one.namespace).objects
    ]
    return {one.image for one in found_images(objects, make_facts(objects))[0]}


def grep(rendered: list[Rendered]) -> set[str]:
    return {image for one in rendered for image in GREP.findall(one.text)}


def hauler(program: str, jobs: list[HelmCall]) -> set[str]:
    """The images that `hauler store add chart --add-images` would pull. Its log names every image."""
    found: set[str] = set()
    with tempfile.TemporaryDirectory() as temporary:
        for job in jobs:
            values = [word for file in job.values for word in ("--values", str(file))]
            flags = ["--add-images", "--no-progress", "--kube-version", f"v{render.kube_version()}", *values]
            command = [program, "store", "--store", f"{temporary}/store", "--log-level", "debug", "--ignore-errors"]
            command += ["--retries", "1", "add", "chart", str(job.chart), *flags]
            text = _output(command, Path(temporary))
            found |= {
                one for names in re.findall(r"parsed image references \[([^\]]*)\]", text) for one in names.split()
            }
    return found


def zarf(program: str, jobs: list[HelmCall]) -> tuple[set[str], set[str]]:
    """The images that `zarf dev find-images` prints for a package with all charts, and its guesses.

    Zarf asks registries about its guesses and drops those that it cannot confirm, so they are read from its log.
    """
    with tempfile.TemporaryDirectory() as temporary:
        charts = [
            {
                "name": job.release,
                "namespace": job.namespace,
                "version": _version(job.chart),
                "localPath": str(job.chart),
                "valuesFiles": [str(file) for file in job.values],
            }
            for job in jobs
        ]
        package = {
            "kind": "ZarfPackageConfig",
            "metadata": {"name": "compare"},
            "components": [{"name": "all", "required": True, "charts": charts}],
        }
        (Path(temporary) / "zarf.yaml").write_text(yaml.safe_dump(package), encoding="utf-8")
        command = [program, "dev", "find-images", temporary, "--skip-cosign", "--kube-version", render.kube_version()]
        text = _output([*command, "--log-level", "debug", "--log-format", "json"], Path(temporary))
    guesses = re.findall(r'"found possible fuzzy match".*"value":"([^"]+)"', text)
    return set(re.findall(r"^\s*- (\S+)$", text, re.MULTILINE)), set(guesses)


def _version(chart: Path) -> str:
    return str(yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))["version"])


def _output(command: list[str], cwd: Path) -> str:
    """Output of a program. Ignores its exit code: it may fail later, when it cannot reach the registries."""
    env = os.environ | {"HOME": str(cwd), "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    return f"{done.stdout}\n{done.stderr}"


def timing(folder: Path, charts: upstream.Upstream, jobs: list[HelmCall]) -> None:
    """Print the median time of the command over that of the render that it reads."""
    store = next(iter(charts.folders.values())).parent
    program = helm.find()
    command = [sys.executable, "-m", "kserve_wiring", "images", str(folder), "--charts", str(store)]
    command += ["--helm", program.path, "--format", "json"]

    def listed() -> None:
        subprocess.run(command, check=True, capture_output=True)

    alone, whole = [], []
    for _ in range(ROUNDS):
        alone.append(seconds(lambda: render.render(jobs, program)))
        whole.append(seconds(listed))
    low, high = statistics.median(alone), statistics.median(whole)
    print(f"\nrender {low:.2f} s, kserve-wiring images {high:.2f} s (with its render): {high / low:.2f} times")


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    run(main)
