"""A recorded cluster of 5,000 Pods and 1,000 InferenceServices: at most 500 MiB and 20 s."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.doctor.objects import Object, chain, event, obj, pod

MODELS, PODS = 1000, 5000
IMAGE = "harbor.corp.example/kserve/sklearnserver@sha256:" + "0" * 64
# A Pod of KServe on Knative has about 15 kB of JSON, most of them in these fields.
CONTAINERS = [
    {"name": name, "image": IMAGE, "env": [{"name": f"VARIABLE_{number}", "value": "value"} for number in range(50)]}
    for name in ("kserve-container", "queue-proxy")
]


def objects() -> Iterator[Object]:
    """Every 50th model waits for the digest of its image."""
    for number in range(MODELS):
        name = f"model-{number}"
        yield from chain(name, ready="True" if number % 50 else "False")
        revision = f"{name}-predictor-00001"
        template = {"replicas": 1, "template": {"spec": {"containers": CONTAINERS[:1]}}}
        yield obj("Deployment", revision, f"Revision/{revision}", version="apps/v1", spec=template)
        yield obj("ReplicaSet", revision, f"Deployment/{revision}", version="apps/v1", spec=template)
        hosts = [f"{name}.models.svc.cluster.local", f"{name}.models.ml.example.com"]
        spec = {"hosts": hosts, "gateways": ["ml-gateway/ml-local"], "http": [{}]}
        yield obj("VirtualService", name, version="networking.istio.io/v1", spec=spec)
    for number in range(PODS):
        name = f"model-{number % MODELS}-predictor-00001"
        made = pod(f"{name}-{number}", [], f"ReplicaSet/{name}")
        made["spec"] = {"containers": CONTAINERS}
        made["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        yield made
        if number % 3 == 0:
            yield event("Pod", f"{name}-{number}", "Unhealthy", "Readiness probe failed: statuscode: 503")


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    def ignore_aliases(self, data: Any) -> bool:
        return True


@pytest.fixture(scope="module", params=["json", "yaml"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All objects, as `kubectl get -o json` or `-o yaml` prints them."""
    path: Path = tmp_path_factory.mktemp("scale") / f"all.{request.param}"
    whole = {"apiVersion": "v1", "kind": "List", "items": list(objects())}
    with path.open("w", encoding="utf-8") as file:
        if request.param == "json":
            json.dump(whole, file, indent=4)
        else:
            yaml.dump(whole, file, Dumper=_Dumper, default_flow_style=False)
    return path


# Linux counts the memory of a process before exec for that after it (fs/exec.c, exec_mmap), and that of a worker of
# pytest is large, so that a small process starts doctor and prints what it used.
MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
json.dump([done.returncode, json.loads(done.stdout), used.ru_maxrss, used.ru_utime + used.ru_stime], sys.stdout)
"""


def test_memory_and_time(recorded: Path) -> None:
    command = [sys.executable, "-m", "kserve_wiring", "doctor", str(recorded), "--format", "json"]
    measured = subprocess.run([sys.executable, "-c", MEASURE, *command], check=True, stdout=subprocess.PIPE)
    status, report, memory, seconds = json.loads(measured.stdout)
    assert (status, report["models"], len(report["verdicts"])) == (1, MODELS, 1)
    assert len(report["verdicts"][0]["subjects"]) == MODELS // 50
    assert recorded.stat().st_size > (100 if recorded.suffix == ".json" else 30) * 2**20
    assert memory <= 500 * 2**10  # KiB on Linux
    assert seconds <= 20
