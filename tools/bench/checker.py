"""Measure kserve-wiring as a ratio to PyYAML's CSafeLoader parsing the same files.

10,000 objects with 1,000 InferenceServices in 50 namespaces, and twice as many. Aims: a ratio of at most 1.5, at most
2.2 times as long for twice as many objects, and `kserve-wiring --version` in at most twice the time of `import yaml`.
The verdict is on the median of the ratios.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

from tools.console import BUILD, run, step

PLACE = BUILD / "bench" / "checker"
AIM = 1.5
LINEAR_AIM = 2.2
START_AIM = 2.0
RUNS = 5
START_RUNS = 15
COMMAND = [sys.executable, "-m", "kserve_wiring"]

_PARSE = "import sys, yaml\nfor p in sys.argv[1:]:\n    for d in yaml.load_all(open(p, 'rb'), yaml.CSafeLoader): pass\n"
# The checker keeps all objects in memory to compare them, so the other side keeps its values too.
_KEEP = "import sys, yaml\nkept = [list(yaml.load_all(open(p, 'rb'), yaml.CSafeLoader)) for p in sys.argv[1:]]\n"

_INFERENCE_SERVICE = """apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: model-{n}
  namespace: team-{ns}
  labels: {{app: model-{n}, team: team-{ns}}}
spec:
  predictor:
    serviceAccountName: models
    imagePullSecrets: [{{name: harbor}}]
    model:
      modelFormat: {{name: sklearn}}
      storageUri: s3://models/model-{n}
      resources:
        requests: {{cpu: 100m, memory: 256Mi}}
        limits: {{cpu: "1", memory: 2Gi}}
"""
_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{n}
  namespace: team-{ns}
  labels: {{app: app-{n}}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: app-{n}}}
  template:
    metadata:
      labels: {{app: app-{n}}}
    spec:
      imagePullSecrets: [{{name: harbor}}]
      containers:
        - name: app
          image: harbor.corp.local/apps/app-{n}:v1.2.3
          args: [--port=8080, --log-level=info]
          env:
            - {{name: REGION, value: north}}
            - {{name: UPSTREAM, value: http://app.team-{ns}.svc.cluster.local}}
          ports: [{{containerPort: 8080}}]
          resources:
            requests: {{cpu: 50m, memory: 64Mi}}
            limits: {{cpu: 500m, memory: 512Mi}}
"""
_SERVICE = """apiVersion: v1
kind: Service
metadata: {{name: app-{n}, namespace: team-{ns}}}
spec:
  selector: {{app: app-{n}}}
  ports: [{{name: http, port: 80, targetPort: 8080}}]
"""
_CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata: {{name: settings-{n}, namespace: team-{ns}}}
data:
  level: info
  settings.json: |-
    {{"name": "app-{n}", "retries": 3, "hosts": ["a", "b"]}}
"""
_ACCOUNT = """apiVersion: v1
kind: ServiceAccount
metadata: {{name: account-{n}, namespace: team-{ns}}}
imagePullSecrets: [{{name: harbor}}]
"""
# Ten objects, one of them an InferenceService.
_GROUP = [_INFERENCE_SERVICE, *[_DEPLOYMENT] * 3, *[_SERVICE] * 3, *[_CONFIG_MAP] * 2, _ACCOUNT]


def write(objects: int) -> list[Path]:
    """Write one file for each of the 50 namespaces."""
    folder = PLACE / str(objects)
    folder.mkdir(parents=True, exist_ok=True)
    texts: dict[int, list[str]] = {}
    for number in range(objects):
        space = number // len(_GROUP) % 50
        texts.setdefault(space, []).append(_GROUP[number % len(_GROUP)].format(n=number, ns=space))
    for space, documents in texts.items():
        (folder / f"team-{space:02}.yaml").write_text("---\n".join(["", *documents]), encoding="utf-8")
    return sorted(folder.glob("*.yaml"))


def processor_time(command: list[str]) -> float:
    """Seconds of processor time of a command, which other load on the machine does not change."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, env=_environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _environment() -> dict[str, str]:
    """Compiled modules are kept, as pip does when it installs a package, whatever the shell says of them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(PLACE / "pycache")}


def compare(ours: list[str], other: list[str], runs: int = RUNS) -> tuple[list[float], list[float]]:
    """Seconds of two commands, run in turns, so that load on the machine affects both."""
    processor_time(ours)  # compiles the modules
    times = [(processor_time(ours), processor_time(other)) for _ in range(runs)]
    return [ours for ours, _ in times], [other for _, other in times]


def memory(command: list[str]) -> float:
    """Largest resident memory in MiB."""
    code = (
        "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def main() -> int:
    step(f"Measuring the checker, processor time, {RUNS} runs")
    small, large = write(10_000), write(20_000)
    ours, bare = compare(check(small), parse(small))
    _print("10,000 objects", "check", ours, "CSafeLoader", bare, AIM)
    _print_memory(check(small), parse(small, _KEEP))
    twice, once = compare(check(large), check(small))
    _print("twice as many", "20,000", twice, "10,000", once, LINEAR_AIM)
    _print_memory(check(large), parse(large, _KEEP))
    started, imported = compare([*COMMAND, "--version"], [sys.executable, "-c", "import yaml"], START_RUNS)
    _print("start-up", "--version", started, "import yaml", imported, START_AIM)
    return 0


def check(files: list[Path]) -> list[str]:
    return [*COMMAND, "check", *map(str, files)]


def parse(files: list[Path], code: str = _PARSE) -> list[str]:
    return [sys.executable, "-c", code, *map(str, files)]


def _print(what: str, name: str, ours: list[float], other_name: str, other: list[float], aim: float) -> None:
    ratios = [a / b for a, b in zip(ours, other, strict=True)]
    judged = "within" if median(ratios) <= aim else "above"
    print(f"{what:15} {name} {min(ours):.2f} s, {other_name} {min(other):.2f} s (quickest)")
    print(f"{'':15} ratio {median(ratios):.2f} (least {min(ratios):.2f}), {judged} the aim of {aim:g}")


def _print_memory(ours: list[str], other: list[str]) -> None:
    mine, bare = memory(ours), memory(other)
    print(f"{'':15} memory {mine:.0f} MiB, CSafeLoader and its values {bare:.0f} MiB, ratio {mine / bare:.2f}")


if __name__ == "__main__":
    run(main)
