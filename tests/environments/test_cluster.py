"""Which cluster the targets of an environment reach: its context, the environment that it carries, the confirmation."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.console import ROOT

EVERYTHING = ROOT / "examples" / "everything.yaml"
HARBOR = ROOT / "examples" / "offline-harbor.yaml"
# What helm does without a cluster.
LOCAL = ("template ", "lint ", "version ", "pull ", "push ", "show ")
CARRIED = "prod kserve/kserve-environment-name"
ANSWERS = {
    "*get-contexts*": r"printf 'staging\nadmin@prod\n'",
    "*current-context*": "echo staging",
    "*server*": "echo https://10.0.0.1:6443",
    "*configmaps*": "true",
}
OTHER = "error: this cluster carries environment prod (ConfigMap kserve/kserve-environment-name), not edge: "

Run = Callable[..., subprocess.CompletedProcess[str]]


def targets(folder: Path) -> list[str]:
    text = (folder / "Makefile").read_text(encoding="utf-8")
    return [name for line in re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE) for name in line.split()]


def dry_run(folder: Path, target: str, *more: str) -> str:
    command = ["make", "--dry-run", "HELM=HELM", "KUBECTL=KUBECTL", "FILE=ca.pem", target, *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_every_call_has_the_context(environment: Callable[[Path], Path]) -> None:
    folder = environment(EVERYTHING)
    said = [dry_run(folder, target) for target in targets(folder)]
    calls = [call for text in said for call in re.findall(r"(?<!=)(?<!')(?<!--helm )\b(HELM|KUBECTL) (.*)", text)]
    assert len(calls) > 50
    own = {"HELM": ("--kube-context admin@everything ", *LOCAL), "KUBECTL": ("--context admin@everything ",)}
    assert [call for call in calls if not call[1].startswith(own[call[0]])] == []
    scripts = {call for text in said for call in re.findall(r"HELM='.*?' KUBECTL='.*?' KUBE_CONTEXT='.*?'", text)}
    named = "KUBECTL='KUBECTL --context admin@everything' KUBE_CONTEXT='admin@everything'"
    assert scripts == {f"HELM='HELM --kube-context admin@everything' {named}"}


def test_a_person_may_call_the_context_otherwise(environment: Callable[[Path], Path]) -> None:
    assert "KUBECTL --context mine diff" in dry_run(environment(EVERYTHING), "diff", "KUBE_CONTEXT=mine")
    assert "KUBECTL diff" in dry_run(environment(EVERYTHING), "diff", "KUBE_CONTEXT=")
    assert "KUBECTL diff" in dry_run(environment(HARBOR), "diff")


@pytest.mark.parametrize(
    "target", ["install", "diff", "verify", "uninstall", "install-kserve-prerequisites", "patch", "rotate-password"]
)
def test_the_cluster_comes_first(environment: Callable[[Path], Path], target: str) -> None:
    lines = dry_run(environment(EVERYTHING), target).splitlines()
    shown = [number for number, line in enumerate(lines) if "cluster.sh everything" in line]
    calls = [number for number, line in enumerate(lines) if "KUBECTL" in line or "HELM" in line]
    assert shown == calls[:1]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """cluster.sh of environment edge with a kubectl that prints what is prepared."""

    def run(*words: str, stdin: int = subprocess.DEVNULL, **env: str) -> subprocess.CompletedProcess[str]:
        answers = {**ANSWERS, **{f"*{key}*": env.pop(key) for key in list(env) if key.islower()}}
        arms = "".join(f"  {pattern}) {action} ;;\n" for pattern, action in answers.items())
        fake = tmp_path / "kubectl"
        fake.write_text(f'#!/usr/bin/env bash\ncase "$*" in\n{arms}esac\n', encoding="utf-8")
        fake.chmod(0o755)
        command = ["bash", str(ROOT / "template" / "scripts" / "cluster.sh"), "edge", *words]
        path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=path | env, stdin=stdin)

    return run


@pytest.mark.parametrize(
    ("context", "shown"),
    [("", "Cluster: staging, https://10.0.0.1:6443\n"), ("admin@prod", "Cluster: admin@prod, https://10.0.0.1:6443\n")],
)
def test_the_cluster_is_shown(run: Run, context: str, shown: str) -> None:
    done = run(KUBE_CONTEXT=context, configmaps="echo 'Warning: old a/b'; echo 'edge kserve/kserve-environment-name'")
    assert (done.returncode, done.stdout, done.stderr) == (0, shown, "")


@pytest.mark.parametrize(
    ("env", "error"),
    [
        (
            {"KUBE_CONTEXT": "prod"},
            "error: context prod does not exist: set KUBE_CONTEXT to one of: staging, admin@prod\n",
        ),
        (
            {"current-context": "exit 1"},
            "error: kubectl has no current context: set KUBE_CONTEXT to one of: staging, admin@prod\n",
        ),
        (
            {"current-context": "exit 1", "get-contexts": "true"},
            "error: kubectl has no current context: set KUBE_CONTEXT to one of: (the kubeconfig has none)\n",
        ),
        (
            {"configmaps": f"echo '{CARRIED}'"},
            f"{OTHER}set KUBE_CONTEXT to another context, or delete that ConfigMap if edge is a new name of the same "
            "environment\n",
        ),
        (
            {"configmaps": "echo first >&2; echo 'Unable to connect to the server: no route' >&2; exit 1"},
            "error: cannot see which environment this cluster carries: Unable to connect to the server: no route\n",
        ),
        ({"KUBECTL": "nowhere --x"}, "error: nowhere is not on PATH: install kubectl, or set KUBECTL\n"),
    ],
)
def test_a_cluster_is_refused(run: Run, env: dict[str, str], error: str) -> None:
    done = run("uninstall", CONFIRM="edge", **env)
    assert (done.returncode, done.stderr) == (2, error)


@pytest.mark.parametrize(
    ("confirm", "error"),
    [
        ("edge", ""),
        ("", "error: add CONFIRM=edge: this removes the environment from the cluster above\n"),
        ("prod", "error: nothing is removed: the environment is edge, not prod\n"),
    ],
)
def test_uninstall_is_confirmed(run: Run, confirm: str, error: str) -> None:
    done = run("uninstall", CONFIRM=confirm)
    assert (done.returncode, done.stderr) == (2 if error else 0, error)


@pytest.mark.parametrize(("typed", "code"), [("edge", 0), ("prod", 2), ("", 2)])
def test_a_terminal_is_asked(run: Run, typed: str, code: int) -> None:
    person, terminal = os.openpty()
    os.write(person, f"{typed}\n".encode())
    done = run("uninstall", stdin=terminal)
    assert done.returncode == code
    assert "Type edge to remove it from this cluster: " in done.stderr
