"""The answer extra_releases: the user's own Helm releases in every file and command, with those of the template."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from kserve_wiring import Options, inspect, read
from kserve_wiring.checker.many import inspect_clusters
from kserve_wiring.cli import main as cli
from kserve_wiring.manifests.clusters import clusters
from tests.live.bed import binaries
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

PAGE = ROOT / "docs" / "how-to" / "your-own-settings.md"
ANSWERS: dict[str, Any] = {
    "registry_host": "harbor.corp.local",
    "ingress_domain": "ml.corp.local",
    "gitops": "argocd",
    "argocd_repo_url": "https://git.corp.local/clusters.git",
    "argocd_path": "clusters/prod",
    "extra_images": ["docker.io/library/redis:7.4"],
    "extra_releases": [
        {"name": "late", "namespace": "models", "chart": "own/web"},
        {"name": "gpu", "namespace": "gpu", "chart": "own/web", "values": "own/gpu.yaml", "after": "istiod"},
        # The Makefile has a variable and a target of this name.
        {"name": "mirror", "namespace": "gpu", "chart": "web", "version": "1.2.3", "after": "gpu",
         "repository": "https://charts.corp.example/stable"},
        {"name": "own", "namespace": "web", "chart": "app", "version": "0.1.0",
         "repository": "oci://harbor.corp.local/team/charts"},
    ],
}  # fmt: skip
ORDER = ["istiod", "gpu", "mirror", "ingress-gateway"]
TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "{{ .Release.Name }}"}}
    spec: {containers: [{name: web, image: "{{ .Values.image }}"}]}
"""
IMAGE = "harbor.corp.local/library/redis:7.4"


def chart(folder: Path, name: str, version: str) -> None:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\n", encoding="utf-8")
    (folder / "values.yaml").write_text(f"image: {IMAGE}\n", encoding="utf-8")
    (folder / "templates" / "web.yaml").write_text(TEMPLATE, encoding="utf-8")


def generated(template: Path, folder: Path, **answers: Any) -> Path:
    copier.run_copy(str(template), folder, ANSWERS | answers, defaults=True, quiet=True)
    chart(folder / "own" / "web", "web", "0.0.1")
    (folder / "own" / "gpu.yaml").write_text(f"image: {IMAGE}\n", encoding="utf-8")
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    return generated(template, tmp_path / "prod")


@pytest.fixture
def charts(upstream_charts: Callable[[str], Upstream], tmp_path: Path) -> Path:
    """The upstream charts of the stack, and those of the extra releases."""
    store = tmp_path / "charts"
    store.mkdir()
    for (name, version), place in upstream_charts(stacks.DEFAULT).folders.items():
        (store / f"{name}-{version}").symlink_to(place)
    chart(store / "web-1.2.3", "web", "1.2.3")
    chart(store / "app-0.1.0", "app", "0.1.0")
    return store


def load(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def make(folder: Path, *words: str) -> list[str]:
    command = ["make", "--dry-run", "--no-print-directory", "HELM=helm", "KUBECTL=kubectl", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_page_s_releases_are_accepted(template: Path, tmp_path: Path) -> None:
    block = PAGE.read_text(encoding="utf-8").partition("## Your own releases\n")[2].split("```")[1].removeprefix("yaml")
    folder = generated(template, tmp_path / "page", **yaml.safe_load(block))
    listed = [release["name"] for release in load(folder / "releases.yaml")]
    assert (listed[listed.index("istiod") + 1], listed[-1]) == ("gpu", "web")


def test_every_list_has_the_releases_in_one_order(folder: Path) -> None:
    listed = [release["name"] for release in load(folder / "releases.yaml")]
    start = listed.index("istiod")
    assert (listed[start : start + 4], listed[-3:]) == (ORDER, ["kserve-runtime-configs", "late", "own"])
    helmfile = load(folder / "helmfile.yaml")["releases"]
    assert [release["name"] for release in helmfile] == [*listed, "extra"]
    needs = {release["name"]: release.get("needs", []) for release in helmfile}
    assert (needs["gpu"], needs["mirror"]) == (["istio-system/istiod"], ["gpu/gpu"])
    assert needs["late"] == needs["own"] == ["kserve/kserve-runtime-configs"]
    assert {"models/late", "gpu/gpu", "gpu/mirror", "web/own"} < set(needs["extra"])
    applications = [load(folder / "argocd" / "applications" / f"{name}.yaml") for name in [*listed, "extra"]]
    waves = [one["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] for one in applications]
    assert waves == [str(number) for number in range(len(listed) + 1)]
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "| `gpu` | `helm status gpu -n gpu` | STATUS: deployed |\n" in readme


def test_make_installs_in_that_order_and_uninstalls_in_reverse(folder: Path) -> None:
    names = [release["name"] for release in load(folder / "releases.yaml")]
    installed = [line.split()[3] for line in make(folder, "install") if line.startswith("helm upgrade")]
    assert installed == [*names, *installed[len(names) :]]
    removed = [line for line in make(folder, "uninstall") if line.startswith("helm uninstall") or "models-gone" in line]
    first = [line.split()[2] if line.startswith("helm") else "models" for line in removed]
    # Models may be in extra/ and in the last releases, and need KServe's controllers when they are deleted.
    assert first == ["extra", "own", "late", "models", *reversed(names[:-2])]


def test_the_arguments_of_helm(folder: Path) -> None:
    (gpu,) = [line for line in make(folder, "install-gpu", "SHOWN=1") if line.startswith("helm")]
    assert " ".join(gpu.split()) == (
        "helm upgrade --install gpu own/web --values own/gpu.yaml --namespace gpu --create-namespace --wait "
        "--timeout 10m"
    )
    (mirror,) = [line for line in make(folder, "install-mirror", "SHOWN=1") if line.startswith("helm")]
    assert mirror.startswith("helm upgrade --install mirror oci://harbor.corp.local/charts/web --version 1.2.3 ")
    assert any("images/mirror.sh copy" in " ".join(line.split()) for line in make(folder, "mirror"))


def test_a_chart_is_mirrored_unless_the_registry_has_it(folder: Path, template: Path, tmp_path: Path) -> None:
    pulled = [line for line in make(folder, "upstream-charts") if " pull " in line]
    assert any("pull web --repo https://charts.corp.example/stable --version 1.2.3 " in line for line in pulled)
    assert not any(" app " in line or "/app " in line for line in pulled)
    assert any(
        "pull oci://harbor.corp.local/team/charts/app --version 0.1.0 " in line for line in make(folder, "charts")
    )
    helmfile = load(folder / "helmfile.yaml")
    assert [one["name"] for one in helmfile["repositories"]] == ["registry", "harbor.corp.local-team-charts"]
    assert [one["chart"] for one in helmfile["releases"] if one["name"] in ("mirror", "own")] == [
        "registry/web",
        "harbor.corp.local-team-charts/app",
    ]
    online = generated(template, tmp_path / "online", offline=False, chart_source="upstream")
    (line,) = [line for line in make(online, "install-mirror", "SHOWN=1") if line.startswith("helm")]
    assert " mirror web --repo https://charts.corp.example/stable --version 1.2.3 --namespace gpu" in line
    helmfile = load(online / "helmfile.yaml")
    assert {"name": "charts.corp.example-stable", "url": "https://charts.corp.example/stable"} in helmfile[
        "repositories"
    ]
    assert [one["chart"] for one in helmfile["releases"] if one["name"] in ("mirror", "own")] == [
        "charts.corp.example-stable/web",
        "oci://harbor.corp.local/team/charts/app",
    ]
    (source,) = load(online / "argocd" / "applications" / "mirror.yaml")["spec"]["sources"]
    assert source["repoURL"] == "https://charts.corp.example/stable"


def test_argo_cd_reads_a_chart_and_values_of_the_folder(folder: Path) -> None:
    spec = load(folder / "argocd" / "applications" / "gpu.yaml")["spec"]
    values, chart_source = spec["sources"]
    assert (chart_source["path"], values["ref"]) == ("clusters/prod/own/web", "values")
    assert chart_source["helm"] == {"releaseName": "gpu", "valueFiles": ["$values/clusters/prod/own/gpu.yaml"]}
    assert spec["destination"]["namespace"] == "gpu"


def test_they_are_rendered_and_checked_with_the_rest(
    folder: Path, charts: Path, each_helm: Helm, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = read(str(folder), charts=str(charts), helm=each_helm.path)
    found = {
        obj.source.release: obj.ref for obj in loaded.objects if obj.source.release in ("gpu", "late", "mirror", "own")
    }
    assert {name: ref.namespace for name, ref in found.items()} == {
        "gpu": "gpu", "late": "models", "mirror": "gpu", "own": "web",
    }  # fmt: skip
    assert (loaded.problems, [finding.message for finding in inspect(loaded).findings if finding.code == "KW513"]) == (
        [],
        [],
    )
    assert cli.main(["images", str(folder), "--helm", each_helm.path, "--charts", str(charts)]) == 0
    listed = capsys.readouterr().out.partition(f"{IMAGE}\n")[2].partition("\nharbor")[0]
    assert "Deployment gpu/gpu spec.template.spec.containers[0].image" in listed


def test_a_finding_names_the_values_file_if_there_is_one(folder: Path, charts: Path, newest_helm: Helm) -> None:
    for file in (folder / "own" / "gpu.yaml", folder / "own" / "web" / "values.yaml"):
        file.write_text("image: docker.io/library/redis:7.4\n", encoding="utf-8")
    (report,) = inspect_clusters(clusters([str(folder)]), Options(), charts=str(charts), helm=newest_helm.path)
    origins = {
        one.object.name: [origin.file for origin in one.origins]
        for one in report.findings
        if one.path.endswith("image")
    }
    environment = str(folder / "values" / "kserve-environment.yaml")
    assert origins == {"gpu": [str(folder / "own" / "gpu.yaml"), environment], "late": [environment]}


def test_a_chart_or_values_file_that_is_missing_is_a_line(folder: Path, charts: Path, newest_helm: Helm) -> None:
    shutil.rmtree(folder / "own" / "web")
    shutil.rmtree(charts / "web-1.2.3")
    (folder / "own" / "gpu.yaml").unlink()
    problems = [str(problem) for problem in read(str(folder), charts=str(charts), helm=newest_helm.path).problems]
    assert problems == [
        f"{charts}: no chart web-1.2.3 of release mirror; get it from oci://harbor.corp.local/charts/web",
        f"{folder}/own/gpu.yaml: No such file or directory",
        f"{folder}/own/web: no such chart",
    ]


def test_helmfile_renders_what_make_renders(
    template: Path, tmp_path: Path, charts: Path, newest_helm: Helm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the charts of folders: the others need their repositories."""
    own = [release for release in ANSWERS["extra_releases"] if "repository" not in release]
    folder = generated(template, tmp_path / "own", extra_releases=own)
    programs = (Path(newest_helm.path).parent, binaries.binary("helmfile", "helmfile").parent)
    monkeypatch.setenv("PATH", ":".join(map(str, programs)), prepend=":")
    names = [f"name={release['name']}" for release in own]
    selected = [word for name in names for word in ("--selector", name)]
    state = load(folder / "helmfile.yaml")
    state["repositories"], state["hooks"] = [], []
    (folder / "helmfile.yaml").write_text(yaml.safe_dump(state), encoding="utf-8")
    command = ["helmfile", *selected, "template", "--skip-deps", "--skip-needs"]
    text = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    made = sorted(obj["metadata"]["name"] for obj in yaml.safe_load_all(text) if obj)
    assert made == ["gpu", "late"]


def test_the_namespace_is_only_a_default_of_the_diff(folder: Path, tmp_path: Path) -> None:
    """kubectl refuses an object of a namespace other than --namespace, but not other than that of the context."""
    assert [line for line in make(folder, "diff", "SHOWN=1") if "in-namespace" in line][1].endswith(
        "bash scripts/in-namespace.sh gpu diff --server-side --force-conflicts --filename - || test $? -eq 1"
    )
    kubectl = binaries.binary("kubernetes", "kubectl")
    config = tmp_path / "config"
    entries: dict[str, Any] = {
        "apiVersion": "v1", "kind": "Config", "current-context": "b",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("a", "b")],
    }  # fmt: skip
    config.write_text(yaml.safe_dump(entries), encoding="utf-8")
    for context in ("", "a"):
        run = ["bash", str(folder / "scripts" / "in-namespace.sh"), "gpu", "config", "view", "--minify"]
        done = subprocess.run(
            run, capture_output=True, text=True, check=True,
            env={"KUBECONFIG": str(config), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin",
                 "KUBECTL": f"{kubectl} --context {context}" if context else str(kubectl)},
        )  # fmt: skip
        (merged,) = yaml.safe_load(done.stdout)["contexts"]
        assert merged == {"name": context or "b", "context": {"cluster": "c", "namespace": "gpu", "user": "u"}}


def test_a_pod_without_a_context_gets_the_namespace_otherwise(folder: Path, tmp_path: Path) -> None:
    fake = tmp_path / "kubectl"
    fake.write_text('#!/bin/sh\ntest "$1" != config || exit 1\necho "$POD_NAMESPACE $*"\n', encoding="utf-8")
    fake.chmod(0o755)
    run = ["bash", str(folder / "scripts" / "in-namespace.sh"), "gpu", "diff", "--filename", "-"]
    env = {"PATH": "/usr/bin:/bin", "KUBECTL": str(fake), "HOME": str(tmp_path)}
    assert subprocess.run(run, capture_output=True, text=True, check=True, env=env).stdout == "gpu diff --filename -\n"
