"""The chart extra/ of an environment applies the user's manifests as they are, in the Makefile and alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kserve_wiring.manifests.extra import load_extra
from tools.console import ROOT
from tools.upstream.helm import Helm

HARBOR = ROOT / "examples" / "offline-harbor.yaml"
MAP = (
    "apiVersion: v1\nkind: ConfigMap\n"
    "metadata: {{name: {name}, namespace: models}}\ndata: {{text: '{{{{ .Values.x }}}}'}}\n"
)
CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: teams.example.com}\n"
FILES = {
    "plain.yaml": MAP.format(name="plain"),
    "deep/er/folder.yml": MAP.format(name="folder"),
    "two of them.yaml": f"---\n{MAP.format(name='one')}---\n# a comment\n---\n{MAP.format(name='two')}",
    "mark.yaml": f"\ufeff{MAP.format(name='mark')}",
    "windows.yaml": MAP.format(name="windows").replace("\n", "\r\n"),
    "no-end.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json", "namespace": "models"}}',
    "crds/team.yaml": CRD,
    ".hidden.yaml": MAP.format(name="hidden"),
    ".git/config.yaml": MAP.format(name="config"),
    "README.md": "mine",
    "plain.yaml~": MAP.format(name="backup"),
    "empty.yaml": "# nothing yet\n",
}
APPLIED = {"plain", "folder", "one", "two", "mark", "windows", "json", "teams.example.com"}


@pytest.fixture
def harbor(environment: Callable[[Path], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(environment(HARBOR), tmp_path / "harbor"))


def write(folder: Path) -> None:
    for name, text in FILES.items():
        file = folder / "extra" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())


def run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_helm_and_the_checker_read_the_same_manifests(harbor: Path, each_helm: Helm) -> None:
    write(harbor)
    text = run(harbor, each_helm.path, "template", "extra", "extra", "--include-crds")
    bodies = [body for body in yaml.safe_load_all(text) if body]
    assert {body["metadata"]["name"] for body in bodies} == APPLIED
    assert len(bodies) == len(APPLIED)
    assert {body["data"]["text"] for body in bodies if "data" in body} == {"{{ .Values.x }}"}
    loaded = load_extra(harbor)
    assert ({obj.ref.name for obj in loaded.objects}, loaded.problems) == (APPLIED, [])
    run(harbor, each_helm.path, "lint", "--strict", "--quiet", "extra")


def test_the_script_lists_the_files_that_the_checker_reads(harbor: Path) -> None:
    assert run(harbor.parent, "bash", str(harbor / "scripts" / "extra.sh")) == ""
    write(harbor)
    listed = run(harbor.parent, "bash", str(harbor / "scripts" / "extra.sh")).splitlines()
    assert set(listed) == {f"extra/{name}" for name in FILES if not name.startswith(".") and name[-1] != "~"} - {
        "extra/README.md"
    }
    assert {obj.source.file.removeprefix(f"{harbor}/") for obj in load_extra(harbor).objects} == set(listed) - {
        "extra/empty.yaml"
    }
    shutil.rmtree(harbor / "extra")
    assert run(harbor.parent, "bash", str(harbor / "scripts" / "extra.sh")) == ""


def test_the_makefile_applies_them_last_and_removes_them_first(harbor: Path, newest_helm: Helm) -> None:
    """The commands that make would run; tests/live runs them."""

    def calls(target: str) -> list[str]:
        said = run(harbor, "make", "--dry-run", "--no-print-directory", f"HELM={newest_helm.path}", target)
        lines = [line for line in said.splitlines() if newest_helm.path in line and "scripts/cluster.sh" not in line]
        return [line.replace(newest_helm.path, "helm") for line in lines]

    assert calls("install-extra") == [
        "! helm status extra --namespace kserve > /dev/null 2>&1 || "
        "helm uninstall extra --namespace kserve --wait --timeout 10m"
    ]
    write(harbor)
    assert calls("install-extra") == [
        "helm upgrade --install extra extra --namespace kserve --server-side=false --create-namespace"
    ]
    assert [call for call in calls("install") if " upgrade " in call][-1] == calls("install-extra")[0]
    assert calls("uninstall")[0] == "helm uninstall extra --namespace kserve --ignore-not-found --wait --timeout 10m"
    assert calls("diff")[-1].startswith("helm template extra extra --namespace kserve --include-crds | kubectl diff ")
    assert calls("check")[-1] == "helm lint --strict --quiet extra"
    assert calls("template")[-1] == "helm template extra extra --namespace kserve --include-crds > build/extra.yaml"
    assert " kserve-runtime-configs/kserve extra/kserve\n" in run(harbor, "make", "--dry-run", "verify")
