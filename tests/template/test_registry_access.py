"""Every command and file that names the registry of the charts says how to reach it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template.conftest import LOADER, ROOT

Environment = Callable[[Path], Path]
HARBOR = yaml.load((ROOT / "examples" / "offline-harbor.yaml").read_text("utf-8"), LOADER)  # noqa: S506 (a safe one)
PLAIN = {key: value for key, value in HARBOR.items() if not key.startswith("registry_ca")} | {
    "registry_plain_http": True
}
ARGOCD = {"gitops": "argocd", "argocd_repo_url": "https://git.corp.local/ml/clusters.git"}
# Answers, helm's options, what helmfile.yaml has instead, and whether Argo CD speaks plain http.
CASES: dict[str, tuple[dict[str, Any], str, str, bool]] = {
    "ca": (HARBOR | ARGOCD, "--ca-file images/certs/ca.crt", "caFile: images/certs/ca.crt", False),
    "http": (PLAIN | ARGOCD, "--plain-http", "plainHttp: true", True),
}
# skopeo is called by these scripts only.
SKOPEO = {"scripts/skopeo.sh", "scripts/registry-login.sh", "scripts/reach-registry.sh"}


@pytest.fixture(params=CASES, ids=str)
def case(
    request: pytest.FixtureRequest, environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, str, bool]:
    answers, options, helmfile, plain = CASES[request.param]
    path = tmp_path_factory.mktemp("answers") / f"access-{request.param}.yaml"
    path.write_text(yaml.safe_dump(answers), encoding="utf-8")
    return environment(path), options, helmfile, plain


def targets(folder: Path) -> list[str]:
    return re.findall(r"(?m)^([a-z][\w-]*):", (folder / "Makefile").read_text(encoding="utf-8"))


def test_every_call_of_helm(case: tuple[Path, str, str, bool]) -> None:
    folder, options, _, _ = case
    called: dict[str, set[str]] = {}
    for target in targets(folder):
        command = ["make", "-n", "HELM=helm", "KUBECTL=kubectl", "CHART_FOLDER=charts", target]
        shown = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
        for line in shown.replace("\\\n", " ").splitlines():
            for call in re.findall(r"\bhelm (?:pull|push|show|upgrade|template|lint)\b[^|;&]*", line):
                if f"oci://{HARBOR['registry_host']}/" in call:
                    called.setdefault(call.split()[1], set()).add(call)
            # Which login.sh passes to `helm registry login`.
            for call in re.findall(r"login\.sh helm.*", line):
                called.setdefault("login", set()).add(call)
    assert set(called) == {"pull", "push", "show", "upgrade", "template", "login"}
    assert [call for calls in called.values() for call in calls if options not in call] == []


def test_helmfile_and_argo_cd(case: tuple[Path, str, str, bool]) -> None:
    folder, _, helmfile, plain = case
    assert helmfile in (folder / "helmfile.yaml").read_text(encoding="utf-8")
    assert ("insecureOCIForceHttp" in (folder / "README.md").read_text(encoding="utf-8")) is plain


def test_every_call_of_skopeo(case: tuple[Path, str, str, bool]) -> None:
    folder = case[0]
    texts = {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.sh")}
    assert {name for name, text in texts.items() if re.search(r'(?m)^[^#\n]*"\$SKOPEO" ', text)} == SKOPEO
    for name in SKOPEO:
        assert "cert-dir" in texts[name]
        assert "tls-verify" in texts[name]
