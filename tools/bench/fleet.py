"""Measure a fleet: seconds to generate and to check all environments, and to take one change to one of them.

The environments differ in every name. The aims: 60 s for all, generated and checked, and 3 s for one change.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import copier
import yaml

from tools.bench import environments as bench
from tools.console import BUILD, Stop, run, shown, step

PLACE = BUILD / "bench-fleet"
AIM_ALL, AIM_ONE = 60, 3


def make(template: Path, fleet: Path, count: int) -> None:
    """A fleet with the answers of the example, and a file with unique names for each environment."""
    shared = bench.answers(0)
    own = [key for key, value in bench.answers(1).items() if value != shared[key]]
    given = {key: value for key, value in shared.items() if key not in own} | {"environment_name": "bench"}
    answers = given | {"kind": "fleet", "ingress_domain": "ml.corp.local"}
    copier.run_copy(f"git+{template.as_uri()}", fleet, answers, defaults=True, quiet=True)
    folder = fleet / "answers" / "environments"
    folder.mkdir()
    for number in range(count):
        layer = {key: value for key, value in bench.answers(number).items() if key in own}
        name = layer.pop("environment_name")
        write(folder / f"{name}.yaml", layer | {"stage": "test"})


def write(file: Path, layer: dict[str, object]) -> None:
    file.write_text(yaml.safe_dump(layer), encoding="utf-8")


def seconds(fleet: Path, *words: str) -> float:
    """Of a command of kserve-wiring in the folder of the fleet. Raises Stop when it does not pass."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "kserve_wiring", *words]
    done = subprocess.run(command, cwd=fleet, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Stop(
            f"kserve-wiring {words[0]} {words[1]} ended with {done.returncode}: {done.stdout[-300:]}{done.stderr}"
        )
    return time.perf_counter() - start


def line(what: str, took: float, aim: float) -> str:
    return f"{what:<42} {took:7.2f} s, {'within' if took <= aim else 'above'} the aim of {aim} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=200, help="how many environments (%(default)s)")
    count = parser.parse_args().count
    step(f"Measuring a fleet in {shown(PLACE)}, on {os.cpu_count()} processors")
    made = bench.prepare()
    shutil.rmtree(PLACE, ignore_errors=True)
    fleet = PLACE / "fleet"
    make(made.template, fleet, count)
    sources = ["--charts", str(made.store), "--helm", made.helm.path]
    generated = seconds(fleet, "fleet", "generate")
    checked = seconds(fleet, "fleet", "check", *sources)
    print(line(f"{count} environments: generate {generated:.1f}, check {checked:.1f}", generated + checked, AIM_ALL))
    changed = fleet / "answers" / "environments" / "site-000.yaml"
    write(changed, yaml.safe_load(changed.read_text(encoding="utf-8")) | {"pull_secret": "other"})
    one = seconds(fleet, "fleet", "generate") + seconds(fleet, "check", "environments/site-000", "--quiet", *sources)
    print(line(f"one change among {count}, generated and checked", one, AIM_ONE))
    return 0


if __name__ == "__main__":
    run(main)
