"""`make cluster`: one environment with a model on the bed, kept running for a person to inspect."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment
from tests.live.bed.inference import account, make, model, ready, tenant
from tests.live.bed.net_istio import missing
from tests.live.bed.network import HOST
from tools.console import ROOT, note, step


def stay(arguments: list[str]) -> int:
    """Install the environment of an answers file, and wait until the person leaves."""
    begin = time.monotonic()
    step("Starting the control plane")
    bed = Bed.start()
    try:
        example = Path(arguments[0]) if arguments else ROOT / "examples" / "offline-harbor.yaml"
        environment = Environment.generate(bed, example)
        step(f"Installing {example.stem}, for about a minute; its output: {bed.state / 'logs'}")
        environment.install()
        ask = _model(bed, environment)
        note(f"up after {time.monotonic() - begin:.0f} s")
        _shell(bed, environment, ask)
    finally:
        bed.stop()
    return 0


def _model(bed: Bed, environment: Environment) -> str:
    """Deploy an InferenceService and return a command to request it."""
    if missing():
        return f"no model: a Knative Service gets no route without net-istio ({' and '.join(missing())})"
    namespace = tenant(environment.answers)
    step(f"Deploying InferenceService {namespace}/iris")
    make(bed, namespace, "iris", model(environment.answers), account(environment.answers))
    ready(bed, namespace, "iris", 90)
    return f"curl http://iris.{namespace}.svc.{bed.cluster_domain}/v1/models/iris"


def _shell(bed: Bed, environment: Environment, ask: str) -> None:
    note(f"KUBECONFIG={bed.plane.kubeconfig}")
    note(f"environment: {environment.folder}")
    enter = "nsenter -U --preserve-credentials -n -m -p -t"
    note(f"from another terminal: {enter} $(pgrep -n -f 'tests.live.enter cluster')")
    note(f"request the model: {ask}")
    note("this shell is inside; leave it (exit) and everything ends")
    # Resolve names of the cluster, for curl. This mount namespace is private.
    resolv = bed.state / "resolv.conf"
    resolv.write_text(f"nameserver {HOST}\n", encoding="utf-8")
    subprocess.run(["mount", "--bind", str(resolv), "/etc/resolv.conf"], check=False)
    tools = Path(bed.variables["KUBECTL"]).parent
    path = f"{tools}:{Path(bed.variables['HELM']).parent}:{os.environ['PATH']}"
    env = os.environ | bed.variables | {"PATH": path, "PS1": "(test bed) \\w$ "}
    subprocess.call([os.environ.get("SHELL", "/bin/bash"), "--norc"], env=env, cwd=environment.folder)
