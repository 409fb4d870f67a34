"""Measure the main job as a ratio to the bare tools in the same run.

Ours: generate an environment from the template, render every release with helm, validate and check the objects.
Bare: `copier copy` of an empty template, and the same `helm template` commands, output ignored. Measured for one
environment in a process that has rendered nothing yet, on a machine that has, and for many (200 by default) that differ
in every name, both on all processors. Then `kserve-wiring check` of all of them. The aims: a ratio of 1.5 for one and
0.8 for many, 60 s for the check, and no more memory for 200 than for 20.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import copier

from kserve_wiring import inspect, read
from kserve_wiring.fleet.copies import copies_of
from kserve_wiring.manifests.environment import plan
from kserve_wiring.manifests.helm import HelmCall
from kserve_wiring.manifests.objects import KubeObject
from tools.console import BUILD, ROOT, Heartbeat, Stop, run, shown, step
from tools.environment import generate as environment
from tools.environment import render, schema
from tools.upstream import charts as upstream
from tools.upstream import helm, modules
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

PLACE = BUILD / "bench"
CLUSTERS, ONE, BARE = PLACE / "clusters", PLACE / "one", PLACE / "bare"
EXAMPLE = ROOT / "examples" / "offline-harbor.yaml"
AIM_ONE, AIM_MANY, AIM_CHECK = 1.5, 0.8, 60
BATCH = 20
VERSION = "v1.0.0"
# Forked processes have what the first one has compiled and rendered.
FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Bench:
    """The inputs of a measurement: two templates as tagged git repositories, charts, schemas and helm."""

    template: Path
    empty: Path
    charts: Upstream
    openapi: Path
    helm: Helm

    @property
    def store(self) -> Path:
        """The folder of the charts."""
        return next(iter(self.charts.folders.values())).parent

    def ours(self, number: int, place: Path = CLUSTERS) -> float:
        """Generate, render, validate and check one environment. Raises Stop when something is wrong with it.

        Returns the most memory that this process has had so far, in MiB.
        """
        target = place / f"{number:03}"
        copies_of(str(self.template), VERSION).copy(target, answers(number))
        loaded = read(str(target), charts=str(self.store), helm=self.helm.path)
        objects = [_complete(obj) for obj in loaded.objects if not obj.source.partial]
        found = [*loaded.problems, *schema.validate(objects, self.openapi), *inspect(loaded).findings]
        if found:
            raise Stop(f"a generated environment is not valid: {found[0]}")
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def bare(self, number: int) -> None:
        """Copy an empty template, and run the helm commands of the environment with this number."""
        self._copy_empty(f"{number:03}")
        for call in self._calls(CLUSTERS / f"{number:03}"):
            render.template(call, self.helm)

    def one(self) -> None:
        self.ours(0, ONE)

    def bare_one(self) -> None:
        """The same as `bare`, but helm runs on all processors."""
        self._copy_empty("one")
        render.render(self._calls(ONE / "000"), self.helm)

    def _copy_empty(self, name: str) -> None:
        copier.run_copy(str(self.empty), BARE / name, {}, defaults=True, quiet=True)

    def _calls(self, folder: Path) -> list[HelmCall]:
        return plan(folder, self.charts.folder)[0]


def _complete(obj: KubeObject) -> Mapping[str, Any]:
    """The content of an object. The checker reads a CRD without its schemas."""
    if obj.kind != "CustomResourceDefinition":
        return obj.body
    return next(render.parse(obj.source.text, obj.source.release))


def answers(number: int) -> dict[str, Any]:
    """The answers of the example, with unique names."""
    tenants = [{"name": f"{name}-{number:03}", "service_account": "inference"} for name in ("vision", "speech", "text")]
    own = {
        "environment_name": f"site-{number:03}",
        "local_gateway_name": f"local-{number:03}",
        "ingress_gateway_name": f"ingress-{number:03}",
        "ingress_domain": f"site-{number:03}.corp.local",
        "tenants": tenants,
    }
    return {**environment.load_answers(EXAMPLE), **own}


def prepare() -> Bench:
    """Tag the working tree and an empty template as git repositories, as users have them."""
    shutil.rmtree(PLACE, ignore_errors=True)
    stack = environment.stack_of(answers(0))
    charts = upstream.charts(stack, only_modules=True)
    if charts.missing:
        raise Stop(f"the upstream charts are needed: {charts.missing}")
    openapi = modules.folder(stack, "k8s.io/kubernetes") / "api" / "openapi-spec" / "v3"
    bench = Bench(_working_tree(PLACE / "template"), _empty(PLACE / "empty"), charts, openapi, helm.find())
    keep_compiled()
    return bench


def keep_compiled() -> None:
    """Keep compiled modules and texts, as an installation does, in a place of the benchmark's own."""
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(PLACE / "pycache")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ |= {"PYTHONPYCACHEPREFIX": sys.pycache_prefix, "XDG_CACHE_HOME": str(PLACE / "cache")}


def _working_tree(target: Path) -> Path:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in listed.splitlines():
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    return _tagged(target)


def _empty(target: Path) -> Path:
    (target / "template").mkdir(parents=True)
    (target / "copier.yml").write_text("_subdirectory: template\n", encoding="utf-8")
    (target / "template" / "README.md").write_text("Nothing.\n", encoding="utf-8")
    return _tagged(target)


def _tagged(folder: Path) -> Path:
    who = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "-c", "commit.gpgsign=false"]
    # Packed like a clone from a server: Copier clones a template for each environment, and removes the clone.
    made = (["init", "--quiet"], ["add", "--all"], [*who, "commit", "--quiet", "-m", "bench"], ["tag", VERSION])
    for words in (*made, ["gc", "--quiet"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def best_of(times: int, work: Callable[[], None], made: Path) -> float:
    """The shortest of some runs, in seconds, each in a process of its own. Removes what a run made before the next."""
    found = []
    for _ in range(times):
        shutil.rmtree(made, ignore_errors=True)
        with ProcessPoolExecutor(1, FORK) as pool:
            found.append(pool.submit(_seconds, work).result())
    return min(found)


def _seconds(work: Callable[[], Any]) -> float:
    return _timed(map, lambda _: work(), [0])[0]


def _timed(
    mapped: Callable[..., Iterable[Any]], work: Callable[[int], Any], numbers: Iterable[int]
) -> tuple[float, list[Any]]:
    """Seconds and results of some environments. mapped: map, or that of a pool of processes."""
    start = time.perf_counter()
    results = list(mapped(work, numbers))
    return time.perf_counter() - start, results


def many(bench: Bench, count: int) -> tuple[float, float, list[float]]:
    """Seconds for all environments, ours and bare, on all processors, and our memory after each batch.

    The two take turns in batches: a machine that becomes slower slows down both. The first batch is one environment, in
    this process, from which the others are forked.
    """
    beat = Heartbeat()
    ours, memory = _timed(map, bench.ours, [0])
    bare, _ = _timed(map, bench.bare, [0])
    with ProcessPoolExecutor(mp_context=FORK) as pool:
        for start in range(1, count, BATCH):
            numbers = range(start, min(start + BATCH, count))
            seconds, most = _timed(pool.map, bench.ours, numbers)
            ours, memory = ours + seconds, [*memory, max(most)]
            bare += _timed(pool.map, bench.bare, numbers)[0]
            beat.tick(f"{numbers.stop} of {count}: ours {ours:.0f} s, bare {bare:.0f} s")
    return ours, bare, memory


def check(bench: Bench) -> float:
    """Seconds of `kserve-wiring check` of all environments. Raises Stop when it does not pass."""
    command = [sys.executable, "-m", "kserve_wiring", "check", str(CLUSTERS), "--quiet"]
    start = time.perf_counter()
    done = subprocess.run([*command, "--charts", str(bench.store), "--helm", bench.helm.path], check=False)
    if done.returncode != 0:
        raise Stop(f"kserve-wiring check ended with {done.returncode}")
    return time.perf_counter() - start


def report(count: int, ours: float, bare: float, aim: float) -> str:
    ratio = ours / bare
    seconds = f"ours {ours:7.2f} s   bare {bare:7.2f} s"
    return f"{_counted(count)}   {seconds}   ratio {ratio:.2f}, {_verdict(ratio, aim)} of {aim:g}"


def _counted(count: int) -> str:
    return f"{count:>4} environment{'s' if count > 1 else ' '}"


def _verdict(value: float, aim: float) -> str:
    return "within the aim" if value <= aim else "above the aim"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=200, help="how many environments (%(default)s)")
    count = parser.parse_args().count
    step(f"Measuring in {shown(PLACE)}, on {os.cpu_count()} processors")
    bench = prepare()
    one = best_of(3, bench.one, ONE)
    print(report(1, one, best_of(3, bench.bare_one, BARE), AIM_ONE), flush=True)
    ours, bare, memory = many(bench, count)
    print(report(count, ours, bare, AIM_MANY))
    print(f"{'':19}most memory of a process after each batch, in MiB: {' '.join(f'{most:.0f}' for most in memory)}")
    seconds = check(bench)
    print(f"{_counted(count)}   kserve-wiring check {seconds:.2f} s, {_verdict(seconds, AIM_CHECK)} of {AIM_CHECK} s")
    return 0


if __name__ == "__main__":
    run(main)
