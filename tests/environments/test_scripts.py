"""The scripts of an environment, run with fake kubectl and helm that record calls and print prepared output."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.template.conftest import ROOT

SCRIPTS = ROOT / "template" / "scripts"
RECORD = '#!/usr/bin/env bash\ncall="$(basename "$0") $*"\necho "$call" >> "$CALLS"\ncase $call in\n'

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a script; `answers` maps patterns of calls to what bash does then."""

    def run(script: str, *words: str, answers: dict[str, str], **env: str) -> subprocess.CompletedProcess[str]:
        arms = "".join(f"  {pattern}) {action} ;;\n" for pattern, action in answers.items())
        for name in ("kubectl", "helm", "sleep", "kserve-wiring"):
            path = tmp_path / name
            path.write_text(f"{RECORD}{arms}esac\n", encoding="utf-8")
            path.chmod(0o755)
        variables = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "CALLS": str(tmp_path / "calls")}
        command = ["bash", str(SCRIPTS / script), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=variables | env)

    return run


HTTP_400 = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
ALERT = b"\x15\x03\x01\x00\x02\x02\x46"


@pytest.mark.parametrize(
    ("answer", "is_tls"),
    [
        (HTTP_400, True),
        (ALERT, True),
        (b"HTTP/1.0 400 Bad Request\r\n\r\nNo such host\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", False),
        (b"", False),
    ],
)
@pytest.mark.parametrize("read", [1, 1024], ids=["reset", "closed"])
def test_a_server_with_tls_is_recognized(run: Run, answer: bytes, is_tls: bool, read: int) -> None:
    """Also if it closes without reading the request, so that the connection is reset."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as connection:
                connection.recv(read)
                time.sleep(0.1)  # until the whole request is there
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        done = run("serves-tls.sh", f"127.0.0.1:{listener.getsockname()[1]}", answers={})
        thread.join()
    assert done.returncode == (0 if is_tls else 1)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text(encoding="utf-8").splitlines()


def test_missing_pull_secrets_are_named(run: Run) -> None:
    done = run("pull-secrets.sh", "harbor", "a", "b", "c", answers={"*' b' | *' c'": "exit 1"})
    assert done.returncode == 2
    assert done.stdout.splitlines()[0] == "Secret harbor is missing in: b c"
    assert run("pull-secrets.sh", "harbor", "a", answers={}).returncode == 0


@pytest.mark.parametrize(("installed", "upgraded"), [("1.21.1", True), ("1.22.0", False), ("", False)])
def test_knative_is_stepped_up_only_from_below(run: Run, tmp_path: Path, installed: str, upgraded: bool) -> None:
    answers = {"*status.version*": f"echo '{installed}'", "*metadata.generation*": "echo 7"}
    done = run("step-knative.sh", "serving", "1.22.1", "env", "charts/env", answers=answers)
    assert done.returncode == 0
    upgrade = "helm upgrade --install env charts/env --set versions.knative=1.22.1 --timeout 10m"
    assert (upgrade in calls(tmp_path)) is upgraded


def test_a_knative_that_is_not_there_is_not_stepped_up(run: Run, tmp_path: Path) -> None:
    done = run("step-knative.sh", "serving", "1.22.1", "env", answers={"*status.version*": "exit 1"})
    assert done.returncode == 0
    assert len(calls(tmp_path)) == 1


def test_jobs_that_the_operator_cannot_change_are_deleted(run: Run, tmp_path: Path) -> None:
    answers = {"*'get knativeserving --output yaml'": "echo 'field is immutable'", "*metadata.generation*": "echo 7"}
    done = run("wait-knative.sh", "serving", answers=answers)
    assert done.returncode == 0
    assert "kubectl --namespace serving delete jobs --all" in calls(tmp_path)


def test_a_knative_that_never_becomes_ready_ends_the_wait(run: Run) -> None:
    done = run("wait-knative.sh", "serving", answers={"*' wait '*": "exit 1"})
    assert done.returncode == 2
    assert done.stdout == "Knative is not ready: see the conditions above\n"


@pytest.mark.parametrize(
    ("pods", "restarted"), [("harbor", False), ("harbor other", False), ("harbor\\n", True), ("harbor2", True)]
)
def test_pods_without_the_secret_are_restarted(run: Run, tmp_path: Path, pods: str, restarted: bool) -> None:
    done = run("restart-pods.sh", "operator", "harbor", answers={"*' get pods '*": f"printf '{pods}\\n'"})
    assert done.returncode == 0
    assert ("kubectl rollout restart deployment --namespace operator" in calls(tmp_path)) is restarted


def test_gateways_of_earlier_answers_are_listed(run: Run) -> None:
    listed = (
        "printf 'local-gateway old 1 now deployed gateway-1.27.1\\ningress-gateway new 1 now deployed gateway-1\\n'"
    )
    done = run("leftovers.sh", "ingress-gateway/new", "local-gateway/new", answers={"'helm list '*": listed})
    assert done.returncode == 0
    assert [line.split(" is ")[0] for line in done.stdout.splitlines()] == ["note: local-gateway in old"]


def test_models_that_are_left_stop_the_removal(run: Run) -> None:
    models = "printf 'InferenceService/a/b \\nInferenceService/a/c \\n'"
    llms = "printf 'LLMInferenceService/a/d \\n'"
    done = run(
        "models-gone.sh", answers={"*llminferenceservices.serving*": llms, "*inferenceservices.serving*": models}
    )
    left = "InferenceService/a/b InferenceService/a/c LLMInferenceService/a/d"
    assert (done.returncode, done.stdout) == (2, f"Delete these first: {left}\n")


def test_what_models_owned_is_waited_for(run: Run, tmp_path: Path) -> None:
    route = '[ "$(grep -c routes "$CALLS")" -ge 3 ] || echo "Route/a/b Service"'
    done = run("models-gone.sh", answers={"*routes*": route}, KNATIVE_MANAGED="true")
    assert (done.returncode, done.stdout) == (0, "")
    assert [call for call in calls(tmp_path) if call.startswith("sleep")] == ["sleep 1", "sleep 1"]


def test_verify_stops_at_the_first_failure_and_ends_with_doctor(run: Run, tmp_path: Path) -> None:
    words = ("verify.sh", "kserve", "serving", "istiod/istio-system", "kserve-crd/kserve")
    done = run(*words, answers={"'helm status kserve-crd'*": "exit 1"})
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "1. releases")
    assert calls(tmp_path)[-1] == "kserve-wiring doctor --probe --via port-forward --kubectl kubectl"
    done = run(*words, answers={}, SMOKE_TEST="true", KNATIVE_MANAGED="true")
    assert done.returncode == 0
    assert [line[:2] for line in done.stdout.splitlines()] == ["1.", "2.", "3.", "4.", "5."]
    done = run(*words, answers={"'kserve-wiring doctor'*": "exit 1"}, VIA="direct")
    assert done.returncode == 1
    assert calls(tmp_path)[-1] == "kserve-wiring doctor --probe --via direct --kubectl kubectl"
