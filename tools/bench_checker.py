"""How long kserve-wiring takes, as a ratio to PyYAML's CSafeLoader parsing the same files.

10,000 objects with 1,000 InferenceServices in 50 namespaces, and twice as many: the aim is a ratio of at most 1.5,
and at most 2.2 times as long for twice as many.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from tools.console import BUILD, run, step

PLACE = BUILD / "bench" / "checker"
AIM = 1.5
LINEAR_AIM = 2.2
RUNS = 3

_PARSE = "import sys, yaml\nfor p in sys.argv[1:]:\n    for d in yaml.load_all(open(p, 'rb'), yaml.CSafeLoader): pass\n"

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
    """One file for each of the 50 namespaces."""
    folder = PLACE / str(objects)
    folder.mkdir(parents=True, exist_ok=True)
    texts: dict[int, list[str]] = {}
    for number in range(objects):
        space = number // len(_GROUP) % 50
        texts.setdefault(space, []).append(_GROUP[number % len(_GROUP)].format(n=number, ns=space))
    for space, documents in texts.items():
        (folder / f"team-{space:02}.yaml").write_text("---\n".join(["", *documents]), encoding="utf-8")
    return sorted(folder.glob("*.yaml"))


def measure(command: list[str]) -> float:
    """Seconds of processor time of the quickest of some runs: others on the machine must not count."""
    best = float("inf")
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return best


def memory(command: list[str]) -> float:
    """Largest resident memory in MiB."""
    code = (
        "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def main() -> int:
    step(f"Measuring the checker, processor time, best of {RUNS}")
    seconds = []
    for objects in (10_000, 20_000):
        files = [str(path) for path in write(objects)]
        checker = [sys.executable, "-m", "kserve_wiring", "check", *files]
        parser = [sys.executable, "-c", _PARSE, *files]
        ours, bare = measure(checker), measure(parser)
        seconds.append(ours)
        print(
            f"{objects:>6} objects   ours {ours:6.2f} s     CSafeLoader {bare:6.2f} s     {_judged(ours / bare, AIM)}"
        )
        print(f"{'':>16} ours {memory(checker):6.0f} MiB   CSafeLoader {memory(parser):6.0f} MiB")
    print(f"twice as many objects: {_judged(seconds[1] / seconds[0], LINEAR_AIM)}")
    return 0


def _judged(ratio: float, aim: float) -> str:
    return f"ratio {ratio:.2f}, {'within' if ratio <= aim else 'above'} the aim of {aim:g}"


if __name__ == "__main__":
    run(main)
