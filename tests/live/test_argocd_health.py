"""The health of an Application in argocd/argocd-cm.yaml, as the real Argo CD evaluates it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.bed import binaries
from tests.live.bed.argocd import NAMESPACE
from tools.console import ROOT

pytestmark = pytest.mark.live
TEMPLATE = ROOT / "template" / "argocd" / "argocd-cm.yaml.jinja"
SOURCES = {"comparedTo": {"sources": [{"targetRevision": "1.2"}]}}
DONE: dict[str, Any] = {
    "sync": {"status": "Synced", **SOURCES},
    "health": {"status": "Healthy"},
    "operationState": {"phase": "Succeeded"},
}
BEFORE = {"sync": {"status": "Synced", "comparedTo": {"sources": [{"targetRevision": "1.1"}]}}}
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "done": (DONE, "Healthy", ""),
    "not seen yet": ({}, "Progressing", "Argo CD has not compared this Application yet"),
    "cannot be compared": (DONE | {"sync": {"status": "Unknown", **SOURCES}}, "Progressing", "Unknown, Healthy"),
    "not synced": (DONE | {"sync": {"status": "OutOfSync", **SOURCES}}, "Progressing", "OutOfSync, Healthy"),
    "degraded": (DONE | {"health": {"status": "Degraded"}}, "Progressing", "Synced, Degraded"),
    "no health": (DONE | {"health": {}}, "Progressing", "Synced, nil"),
    "a sync runs": (DONE | {"operationState": {"phase": "Running"}}, "Progressing", "a sync is running"),
    "the version before": (DONE | BEFORE, "Progressing", "Argo CD has not compared this Application yet"),
}


@pytest.mark.parametrize("case", CASES)
def test_only_what_is_done_is_healthy(case: str, tmp_path: Path) -> None:
    status, health, message = CASES[case]
    text = TEMPLATE.read_text(encoding="utf-8").replace("{{ argocd_namespace | to_json }}", NAMESPACE)
    (tmp_path / "argocd-cm.yaml").write_text(text, encoding="utf-8")
    spec = {"sources": [{"repoURL": "r", "chart": "c", "targetRevision": "1.2"}], "project": "default"}
    meta = {"name": "a", "namespace": NAMESPACE}
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    app = {**kind, "metadata": meta, "spec": spec, "status": status}
    (tmp_path / "app.yaml").write_text(yaml.safe_dump(app), encoding="utf-8")
    (tmp_path / "argocd").symlink_to(binaries.binary("argocd", "argocd"))
    command = [str(tmp_path / "argocd"), "admin", "settings", "resource-overrides", "health", "app.yaml"]
    command += ["--argocd-cm-path", "argocd-cm.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    expected = f"STATUS: {health}\nMESSAGE: {message}\n"
    assert done.stdout == expected, done.stderr
