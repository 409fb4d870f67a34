"""Measure the main job as a ratio to the bare tools in the same run.

Ours: generate an environment from the template, render every release with helm, validate every object. Bare: `copier
copy` of an empty template, and the same `helm template` commands, output ignored. Measured for one environment, and for
many (200 by default) that differ in every name, both on all processors. The aim is a ratio of at most 2.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import copier

from kserve_wiring.manifests.environment import HelmCall, plan
from tools.console import BUILD, ROOT, Heartbeat, Stop, run, shown, step
from tools.environment import generate as environment
from tools.environment import render, schema
from tools.upstream import charts as upstream
from tools.upstream import helm, modules
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

PLACE = BUILD / "bench"
EXAMPLE = ROOT / "examples" / "offline-harbor.yaml"
AIM = 2.0
BATCH = 20


@dataclass(frozen=True)
class Bench:
    """The inputs of a measurement: two templates as tagged git repositories, charts, schemas and helm."""

    template: Path
    empty: Path
    charts: Upstream
    openapi: Path
    helm: Helm

    def ours(self, number: int) -> None:
        """Generate, render and validate one environment. Raises Stop when it is not valid."""
        target = PLACE / "ours" / f"{number:03}"
        copier.run_copy(str(self.template), target, answers(number), defaults=True, quiet=True)
        rendered = [render.template(job, self.helm) for job in self._jobs(target)]
        self._validate(rendered)

    def one(self) -> None:
        """The same for a single environment: helm runs on all processors."""
        target = PLACE / "ours" / "one"
        copier.run_copy(str(self.template), target, answers(0), defaults=True, quiet=True)
        self._validate(render.render(self._jobs(target), self.helm))

    def bare(self, number: int) -> None:
        """Copy an empty template, and run the helm commands of the environment with this number."""
        self._copy_empty(f"{number:03}")
        for job in self._jobs(PLACE / "ours" / f"{number:03}"):
            render.template(job, self.helm)

    def bare_one(self) -> None:
        self._copy_empty("one")
        render.render(self._jobs(PLACE / "ours" / "one"), self.helm)

    def _copy_empty(self, name: str) -> None:
        copier.run_copy(str(self.empty), PLACE / "bare" / name, {}, defaults=True, quiet=True)

    def _jobs(self, folder: Path) -> list[HelmCall]:
        return plan(folder, self.charts.folder)[0]

    def _validate(self, rendered: Iterable[render.Rendered]) -> None:
        objects = [item for result in rendered if not result.partial for item in result.objects()]
        problems = schema.validate(objects, self.openapi)
        if problems:
            raise Stop(f"a generated environment is not valid: {problems[0]}")


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
    return Bench(_working_tree(PLACE / "template"), _empty(PLACE / "empty"), charts, openapi, helm.find())


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
    made = (["init", "--quiet"], ["add", "--all"], [*who, "commit", "--quiet", "-m", "bench"], ["tag", "v1.0.0"])
    for words in (*made, ["gc", "--quiet"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def best_of(times: int, work: Callable[[], None], made: Path) -> float:
    """The shortest of some runs, in seconds. Removes what a run made before the next one."""
    found = []
    for _ in range(times):
        shutil.rmtree(made, ignore_errors=True)
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def many(pool: Executor, bench: Bench, count: int) -> tuple[float, float]:
    """Seconds for all environments, ours and bare, on all processors.

    The two take turns in batches: a machine that becomes slower slows down both.
    """
    beat, ours, bare = Heartbeat(), 0.0, 0.0
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        ours += _seconds(pool, bench.ours, numbers)
        bare += _seconds(pool, bench.bare, numbers)
        beat.tick(f"{numbers.stop} of {count}: ours {ours:.0f} s, bare {bare:.0f} s")
    return ours, bare


def _seconds(pool: Executor, work: Callable[[int], None], numbers: Iterable[int]) -> float:
    start = time.perf_counter()
    list(pool.map(work, numbers))
    return time.perf_counter() - start


def report(count: int, ours: float, bare: float) -> str:
    ratio = ours / bare
    verdict = "within the aim" if ratio <= AIM else "above the aim"
    seconds = f"ours {ours:7.2f} s   bare {bare:7.2f} s"
    return f"{count:>4} environment{'s' if count > 1 else ' '}   {seconds}   ratio {ratio:.2f}, {verdict} of {AIM:g}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=200, help="how many environments (%(default)s)")
    options = parser.parse_args()
    step(f"Measuring in {shown(PLACE)}, on {os.cpu_count()} processors")
    bench = prepare()
    one = best_of(3, bench.one, PLACE / "ours" / "one")
    print(report(1, one, best_of(3, bench.bare_one, PLACE / "bare" / "one")), flush=True)
    with ProcessPoolExecutor() as pool:
        ours, bare = many(pool, bench, options.count)
    print(report(options.count, ours, bare))
    return 0


if __name__ == "__main__":
    run(main)
