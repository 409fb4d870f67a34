"""`kserve-wiring doctor` on the real controllers: each fault gets its verdict, live and from a bundle."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.bed.api import until
from tests.live.bed.bed import Bed
from tests.live.bed.diagnosis import gateways
from tests.live.bed.environments import PASSWORD, Environment
from tests.live.bed.inference import container, inference, ready
from tests.live.bed.net_istio import missing
from tests.live.faults import (
    DEPLOYMENT,
    FAULTS,
    MIRRORED,
    NAMESPACE,
    Injected,
    ready_pods,
)
from tests.live.wires import BROKEN, Broken, broken
from tests.live.wires import REFUSED as REFUSED_CONNECTION

pytestmark = pytest.mark.live


def doctor(bed: Bed, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command in a process of its own, as a person does."""
    command = [sys.executable, "-m", "kserve_wiring", "doctor", *arguments, "--format", "json"]
    done = subprocess.run(
        command,
        env={**bed.variables, "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1) or done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


# The bed's kubelet forwards no ports; its Pods are in reach.
DIRECT = ("--via", "direct")


def live(bed: Bed) -> tuple[str, ...]:
    return ("--kubectl", bed.variables["KUBECTL"])


def collected(bed: Bed, path: Path) -> Path:
    command = [sys.executable, "-m", "kserve_wiring", "collect", "-o", str(path), *DIRECT, *live(bed)]
    env = {**bed.variables, "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
    subprocess.run(command, env=env, check=True, capture_output=True)
    return path


def verdicts(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Symptom and first wire of each verdict about a model of these tests."""
    found = []
    for verdict in report["verdicts"]:
        explanation = verdict["explanation"] or {"symptom": verdict["text"], "wires": []}
        found.append((explanation["symptom"], [*explanation["wires"], ""][0]))
    return found


def without_routes(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without net-istio's programs no Knative Service gets a route, which doctor says too."""
    return [one for one in found if one[0] != "ingress-not-configured"] if missing() else found


def test_a_healthy_environment_has_no_verdict(bed: Bed, environment: Environment) -> None:
    code, report = doctor(bed, *live(bed))
    assert (report["verdicts"], report["findings"], report["unseen"], code) == ([], [], [], 0)


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row.name)
def test_each_fault_has_its_verdict(bed: Bed, environment: Environment, tmp_path: Path, row: Injected) -> None:
    with row.inject(bed, environment):
        wanted = [(row.symptom, row.wire)]
        report: dict[str, Any] = {}

        def seen() -> bool:
            report.update(doctor(bed, "--probe", *DIRECT, *live(bed))[1])
            return without_routes(verdicts(report)) == wanted

        with contextlib.suppress(TimeoutError):
            until(row.name, seen, 60)
        assert without_routes(verdicts(report)) == wanted
        assert any(row.seen in verdict["text"] for verdict in report["verdicts"])
        codes = {finding["code"] for verdict in report["verdicts"] for finding in verdict["findings"]}
        assert row.code in codes or not row.code
        bundle = collected(bed, tmp_path / "bundle.tgz")
    code, offline = doctor(bed, str(bundle))
    assert (code, without_routes(verdicts(offline))) == (1, wanted)


# Independent ones, in the order in which they can be injected: under a quota of no Pods no other fault has Pods, and
# without its webhook KServe admits no InferenceService.
PAIRS = [
    ("a runtime that does not exist", "a quota of no Pods"),
    ("a model format that no runtime has", "a tag of a registry that is not in the skip list"),
    ("another password at the registry", "Knative is to skip a minor version"),
    ("an image without a host", "the Service of KServe's webhook is gone"),
    (
        "Knative is to have a version that the operator does not carry",
        "the conversion webhook of LLMInferenceServices is not installed",
    ),
    ("a pull Secret of another registry", "the caBundle of KServe's webhook is that of another CA"),
]


@pytest.mark.parametrize("names", PAIRS, ids=" + ".join)
def test_two_faults_at_once_are_two_verdicts(bed: Bed, environment: Environment, names: tuple[str, str]) -> None:
    rows = [row for name in names for row in FAULTS if row.name == name]
    wanted: list[tuple[str, str]] = []
    found: list[tuple[str, str]] = []

    def seen() -> bool:
        found[:] = sorted(without_routes(verdicts(doctor(bed, "--probe", *DIRECT, *live(bed))[1])))
        return found == sorted(wanted)

    with contextlib.ExitStack() as stack:
        for row in rows:
            stack.enter_context(row.inject(bed, environment))
            wanted.append((row.symptom, row.wire))
            # The first must show before the second comes: without its webhook KServe cannot give a new
            # InferenceService its finalizer, and then makes no Pod that could show a fault.
            with contextlib.suppress(TimeoutError):
                until(row.name, seen, 60)
    assert found == sorted(wanted)


@pytest.mark.net_istio
@pytest.mark.parametrize("row", BROKEN, ids=lambda row: row.wire.replace("`", ""))
def test_each_broken_wire_is_named(bed: Bed, environment: Environment, row: Broken) -> None:
    with broken(environment, row.target, row.change):
        report = doctor(bed, *live(bed))[1]
        found = [*report["findings"], *(item for verdict in report["verdicts"] for item in verdict["findings"])]
    assert row.code in {finding["code"] for finding in found}


def probed(bed: Bed, name: str) -> dict[str, Any]:
    """The report with a request to a model."""
    return doctor(bed, name, "-n", NAMESPACE, "--probe", *DIRECT, *live(bed))[1]


@pytest.mark.net_istio
def test_requests_arrive(bed: Bed, environment: Environment) -> None:
    with inference(bed, NAMESPACE, container(MIRRORED), "asked") as name:
        ready(bed, NAMESPACE, name)
        report: dict[str, Any] = {}

        def arrived() -> bool:
            report.update(probed(bed, name))
            return bool(report["arrived"] == 3)

        with contextlib.suppress(TimeoutError):
            until("the routes", arrived, 10)
    assert (report["verdicts"], report["unseen"], report["requests"], report["arrived"]) == ([], [], 3, 3)


# What a client sees of a broken wire (tests/live/wires.py) is the symptom that the request has.
SYMPTOM_OF = {
    "404": "request-404",
    "503": "request-503",
    "no endpoints": "request-no-endpoints",
    "no such host": "request-no-such-host",
    REFUSED_CONNECTION: "request-refused",
}
READY_BUT_BROKEN = [row for row in BROKEN if row.kserve == "True"]


@pytest.mark.net_istio
@pytest.mark.parametrize("row", READY_BUT_BROKEN, ids=lambda row: row.wire.replace("`", ""))
def test_a_request_shows_a_wire_that_leaves_everything_ready(bed: Bed, environment: Environment, row: Broken) -> None:
    first = row.host if row.predictor == "200" else row.predictor
    with broken(environment, row.target, row.change), inference(bed, NAMESPACE, container(MIRRORED), "asked") as name:
        ready(bed, NAMESPACE, name)
        found: list[dict[str, Any]] = []

        def seen() -> bool:
            verdicts = probed(bed, name)["verdicts"]
            found[:] = [one for one in verdicts if one["where"].startswith("request")]
            return [one["explanation"]["symptom"] for one in found] == [SYMPTOM_OF[first]]

        with contextlib.suppress(TimeoutError):
            until(row.wire, seen, 10)
    assert [one["explanation"]["symptom"] for one in found] == [SYMPTOM_OF[first]]
    assert row.code in {finding["code"] for one in found for finding in one["findings"]}


@contextlib.contextmanager
def switched_off(bed: Bed) -> Iterator[set[str]]:
    """Every Deployment of the environment scaled to zero, the operator first, which would scale Knative's back."""
    found = [item for item in bed.api.list(DEPLOYMENT) if item["metadata"]["namespace"] != NAMESPACE]
    found.sort(key=lambda item: item["metadata"]["name"] != "knative-operator")
    before = {(item["metadata"]["name"], item["metadata"]["namespace"]): item["spec"]["replicas"] for item in found}
    try:
        for name, namespace in before:
            bed.api.patch(DEPLOYMENT, name, namespace, {"spec": {"replicas": 0}})
        yield {f"Deployment {namespace}/{name}" for name, namespace in before}
    finally:
        for (name, namespace), replicas in before.items():
            bed.api.patch(DEPLOYMENT, name, namespace, {"spec": {"replicas": replicas}})
        for (name, namespace), replicas in before.items():
            until(name, lambda n=name, s=namespace, r=replicas: ready_pods(bed, n, s) == r, 60)


def test_every_part_that_is_switched_off_is_named(bed: Bed, environment: Environment) -> None:
    """The cluster lists the parts, so none of another stack or example can be missing here."""
    with switched_off(bed) as parts:
        report = doctor(bed, *live(bed))[1]
    stopped = {subject for verdict in report["verdicts"] for subject in verdict["subjects"]}
    found = [finding["object"] for finding in report["findings"]]
    assert parts - stopped - {f"{one['kind']} {one['namespace']}/{one['name']}" for one in found} == set()


def test_a_healthy_gateway_has_what_istiod_should_send(bed: Bed, environment: Environment, tmp_path: Path) -> None:
    code, report = doctor(bed, "--probe", *DIRECT, *live(bed))
    assert (report["verdicts"], report["unseen"], report["envoys"], code) == ([], [], len(gateways(bed)), 0)
    code, report = doctor(bed, str(collected(bed, tmp_path / "bundle.tgz")))
    assert (report["verdicts"], report["envoys"], code) == ([], len(gateways(bed)), 0)


def test_two_gateways_with_one_port_and_tls_host(bed: Bed, environment: Environment, tmp_path: Path) -> None:
    """istiod leaves out the second, and no object says so."""
    server = {
        "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
        "hosts": ["*.twin.corp.local"],
        "tls": {"mode": "SIMPLE", "credentialName": "none"},
    }
    spec = {"selector": {"istio": environment.answers["ingress_gateway_name"]}, "servers": [server]}
    names = ("first", "second")
    for name in names:
        meta = {"name": name, "namespace": "vision"}
        bed.api.create({"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": meta, "spec": spec})
        time.sleep(1.1)  # istiod orders Gateways by their creation, to the second
    try:
        found: list[str] = []

        def seen() -> bool:
            report = doctor(bed, str(collected(bed, tmp_path / "bundle.tgz")))[1]
            found[:] = [one["text"] for one in report["verdicts"] if one["stage"] == "gateways"]
            return any("Gateway vision/first has the same port and TLS host" in text for text in found)

        until("the verdict", seen, 20)
    finally:
        for name in names:
            bed.api.delete("networking.istio.io/v1/Gateway", name, "vision")
    assert [text for text in found if "port 443 of Gateway vision/second to Envoy" in text]


def test_no_credential_leaves(bed: Bed, environment: Environment, tmp_path: Path) -> None:
    bundle = collected(bed, tmp_path / "bundle.tgz")
    with tarfile.open(bundle) as archive:
        contents = b"".join(archive.extractfile(member).read() for member in archive)  # type: ignore[union-attr]
    secrets = [PASSWORD.encode(), base64.b64encode(PASSWORD.encode())]
    for secret in bed.api.list("v1/Secret"):
        secrets += [value.encode() for value in secret.get("data", {}).values() if len(value) > 8]
    assert [secret for secret in secrets if secret in contents] == []


def test_with_least_rights(bed: Bed, environment: Environment) -> None:
    """Without any right, doctor names each kind that it cannot see."""
    code, report = doctor(bed, *live(bed), "--kubectl", _as_nobody(bed))
    assert [line for line in report["unseen"] if "forbidden" not in line.lower()] == []
    assert any(line.startswith("pods: ") for line in report["unseen"])
    assert code == 2


def _as_nobody(bed: Bed) -> str:
    script = bed.state / "kubectl-as-nobody"
    script.write_text(f'#!/bin/sh\nexec {bed.variables["KUBECTL"]} --as=nobody "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return str(script)
