"""Measure `kserve-wiring check` against istioctl analyze and kube-score on the same 10,000 objects, in one run.

Both are built once from their pinned Go modules: istioctl from the commit of the test bed's istiod. The aims: at most
the time of istioctl, which analyses Istio alone, by the clock, and at most half that of kube-score. The verdict is on
the median of the ratios.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from tools.bench import checker
from tools.console import ROOT, Stop, run, step
from tools.upstream import golang

AIM_ISTIOCTL, AIM_KUBE_SCORE = 1.0, 0.5
OBJECTS, RUNS = 10_000, 5
# They end with 1 when they have findings; kube-score has some about every Deployment of these files.
_ENDED = (0, 1)
# Seconds by the clock, and of processor time.
Times = tuple[float, float]


def program(module: Path, package: str) -> Path:
    """A program of a pinned Go module, built once. Raises Stop when it cannot be built."""
    name = package.rpartition("/")[2]
    return golang.pinned_program(name, module, package, ["-ldflags", "-s -w"])


def commands(files: list[Path]) -> dict[str, list[str]]:
    """The commands that read the files, by name; ours first."""
    shown = [str(file) for file in files]
    modules = ROOT / "tests" / "live" / "modules"
    istioctl = program(modules / "istio-1.27", "istio.io/istio/istioctl/cmd/istioctl")
    kube_score = program(ROOT / "tools" / "bench" / "kube-score", "github.com/zegl/kube-score/cmd/kube-score")
    return {
        "kserve-wiring": checker.check(files),
        "istioctl": [str(istioctl), "analyze", "--use-kube=false", *shown],
        "kube-score": [str(kube_score), "score", "--output-format", "ci", *shown],
    }


def measured(command: list[str]) -> Times:
    """Seconds by the clock, and of processor time. Raises Stop when the command could not run."""
    before, start = os.times(), time.perf_counter()
    code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
    after, seconds = os.times(), time.perf_counter() - start
    if code not in _ENDED:
        raise Stop(f"{' '.join(command[:2])} ended with {code}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, used


def report(name: str, aim: float, ours: list[tuple[float, float]], other: list[tuple[float, float]]) -> str:
    """A line with the quickest of both, and the ratio by the clock, which is judged, and of processor time."""
    clock, used = (
        median(mine[part] / theirs[part] for mine, theirs in zip(ours, other, strict=True)) for part in (0, 1)
    )
    seconds = f"kserve-wiring {min(ours)[0]:.2f} s, {name} {min(other)[0]:.2f} s (quickest)"
    judged = "within" if clock <= aim else "above"
    return f"{seconds}   ratio {clock:.2f} by the clock, {judged} the aim of {aim:g}; processor {used:.2f}"


def main() -> int:
    step(f"Measuring the checker against other analyzers, {OBJECTS:,} objects, {RUNS} runs")
    known = commands(checker.write(OBJECTS))
    measured(known["kserve-wiring"])  # compiles the modules
    runs = [{name: measured(command) for name, command in known.items()} for _ in range(RUNS)]
    by_name = {name: [one[name] for one in runs] for name in known}
    own = by_name["kserve-wiring"]
    for name, aim in (("istioctl", AIM_ISTIOCTL), ("kube-score", AIM_KUBE_SCORE)):
        print(report(name, aim, own, by_name[name]))
    print("memory: " + ", ".join(f"{name} {checker.memory(command):.0f} MiB" for name, command in known.items()))
    return 0


if __name__ == "__main__":
    sys.dont_write_bytecode = False
    run(main)
