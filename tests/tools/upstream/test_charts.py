"""Upstream's charts: the order of sources, failing over, and refusing what is not what was pinned."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tools import stacks
from tools.console import ROOT, Stop
from tools.stacks import Chart
from tools.upstream import charts as upstream
from tools.upstream import golang, modules, network
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm
from tools.upstream.modules import Unavailable

STACK = "kserve-0.20"
GATEWAY = next(chart for chart in stacks.charts(STACK) if chart.name == "gateway")


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to build into."""
    monkeypatch.setattr(upstream, "BUILD", tmp_path / "build")
    return tmp_path / "build"


@pytest.fixture
def only_gateway(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A stack of one chart, which upstream publishes at the given address."""

    def publish(repository: str) -> None:
        monkeypatch.setattr(stacks, "charts", lambda stack: [replace(GATEWAY, repository=repository)])

    return publish


@pytest.fixture
def packaged(upstream_charts: Callable[[str], Upstream], newest_helm: Helm, tmp_path: Path) -> Path:
    """A folder that holds the gateway chart as upstream packages it."""
    folder = tmp_path / "packaged"
    chart = upstream_charts(STACK).folder(GATEWAY.name, GATEWAY.version)
    subprocess.run([newest_helm.path, "package", str(chart), "-d", str(folder)], check=True, capture_output=True)
    return folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(packaged: Path, newest_helm: Helm) -> Iterator[str]:
    """The address of a chart repository with the packaged chart."""
    handler = partial(_Quiet, directory=str(packaged))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        subprocess.run([newest_helm.path, "repo", "index", str(packaged), "--url", address], check=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield address
        server.shutdown()


def version_in(folder: Path | None) -> str:
    assert folder is not None
    return str(yaml.safe_load((folder / "Chart.yaml").read_text(encoding="utf-8"))["version"])


def test_every_chart_of_every_stack_comes_from_the_modules(upstream_charts: Callable[[str], Upstream]) -> None:
    for stack in stacks.names():
        found = upstream_charts(stack)
        for chart in stacks.charts(stack):
            folder = found.folder(chart.name, chart.version)
            assert folder is not None
            assert folder.name == f"{chart.name}-{chart.version}"
            assert version_in(folder).removeprefix("v") == chart.version.removeprefix("v")


@pytest.mark.parametrize("stack", stacks.names())
def test_no_placeholder_is_left(stack: str, upstream_charts: Callable[[str], Upstream]) -> None:
    for folder in upstream_charts(stack).folders.values():
        for name in ("Chart.yaml", "values.yaml"):
            text = (folder / name).read_text(encoding="utf-8")
            found = re.findall(r"\{\{ ?(?:tag|version|IS_PRERELEASE) ?}}|v0\.0\.0|hub: \S+testing", text)
            assert found == [], f"{folder.name}/{name}"


@pytest.mark.parametrize(
    ("stack", "image"),
    [("kserve-0.20", "docker.io/istio/pilot:1.27.1"), ("knative-1.23", "registry.istio.io/release/pilot:1.30.3")],
)
def test_istiod_has_the_images_of_the_release(
    stack: str, image: str, upstream_charts: Callable[[str], Upstream], each_helm: Helm
) -> None:
    chart = next(folder for (name, _), folder in upstream_charts(stack).folders.items() if name == "istiod")
    text = subprocess.run([each_helm.path, "template", str(chart)], check=True, capture_output=True, text=True).stdout
    assert f'image: "{image}"' in text


@pytest.mark.parametrize("stack", stacks.names())
@pytest.mark.parametrize(("enabled", "count"), [("true", 6), ("false", 0)])
def test_cert_manager_brings_its_crds_when_asked(
    stack: str, enabled: str, count: int, upstream_charts: Callable[[str], Upstream], each_helm: Helm
) -> None:
    chart = next(folder for (name, _), folder in upstream_charts(stack).folders.items() if name == "cert-manager")
    command = [each_helm.path, "template", str(chart), "--set", f"crds.enabled={enabled}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert text.count("\nkind: CustomResourceDefinition") == count


def test_a_named_folder_goes_first(
    build: Path, packaged: Path, only_gateway: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    only_gateway("https://127.0.0.1:1")
    found = upstream.charts(STACK, named=str(packaged))
    assert version_in(found.folder("gateway", GATEWAY.version)) == GATEWAY.version
    assert capfd.readouterr().err == f"    1 of 1 charts from {packaged}\n"


def test_a_changed_chart_in_the_named_folder_is_seen(
    build: Path, packaged: Path, only_gateway: Callable[[str], None], newest_helm: Helm
) -> None:
    only_gateway("https://127.0.0.1:1")
    folder = upstream.charts(STACK, named=str(packaged)).folder("gateway", GATEWAY.version)
    assert folder is not None
    (folder / "values.yaml").write_text("changed: true\n", encoding="utf-8")
    subprocess.run([newest_helm.path, "package", str(folder), "-d", str(packaged)], check=True, capture_output=True)
    again = upstream.charts(STACK, named=str(packaged)).folder("gateway", GATEWAY.version)
    assert again is not None
    assert (again / "values.yaml").read_text(encoding="utf-8") == "changed: true\n"


def test_a_named_folder_that_does_not_exist(build: Path, tmp_path: Path) -> None:
    place = str(tmp_path / "typo")
    with pytest.raises(Stop) as stop:
        upstream.charts(STACK, named=place)
    assert str(stop.value) == (
        f"CHARTS is {place} but there is no such folder: set it to a folder of charts or to oci://host/path"
    )


def test_a_chart_of_another_version_is_not_taken(
    build: Path, packaged: Path, only_gateway: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    only_gateway("https://127.0.0.1:1")
    archive = next(packaged.glob("*.tgz"))
    archive.unlink()
    (packaged / "gateway").mkdir()
    (packaged / "gateway" / "Chart.yaml").write_text("name: gateway\nversion: 1.0.0\n", encoding="utf-8")
    found = upstream.charts(STACK, named=str(packaged))
    assert version_in(found.folder("gateway", GATEWAY.version)) == GATEWAY.version
    assert f"0 of 1 charts from {packaged} (gateway-1.27.1 is gateway 1.0.0)" in capfd.readouterr().err


def test_upstreams_repository_is_second(
    build: Path, served: str, only_gateway: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    only_gateway(served)
    found = upstream.charts(STACK, named="")
    assert found.folder("gateway", GATEWAY.version) == build / "upstream" / STACK / "repositories" / "gateway-1.27.1"
    assert "1 of 1 charts from upstream's chart repositories" in capfd.readouterr().err


def test_a_chart_that_the_repository_lacks_comes_from_the_modules(
    build: Path, served: str, packaged: Path, only_gateway: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    only_gateway(served)
    (packaged / "index.yaml").write_text("apiVersion: v1\nentries: {}\n", encoding="utf-8")
    found = upstream.charts(STACK, named="")
    assert found.folder("gateway", GATEWAY.version) == build / "upstream" / STACK / "modules" / "gateway-1.27.1"
    lines = capfd.readouterr().err.splitlines()
    assert lines[0].startswith("    0 of 1 charts from upstream's chart repositories (")
    assert "gateway" in lines[0]
    assert lines[1] == "    1 of 1 charts from pinned Go modules"


def test_a_chart_that_cannot_be_had_is_reported(
    build: Path, only_gateway: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    only_gateway("https://127.0.0.1:1")

    def out_of_reach(stack: str, path: str) -> Path:
        raise Unavailable("the module proxy: no route to host")

    monkeypatch.setattr(modules, "folder", out_of_reach)
    found = upstream.charts(STACK, named="")
    assert found.folders == {}
    assert found.missing == {("gateway", "1.27.1"): "the module proxy: no route to host"}


def test_a_host_that_never_answers_costs_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_ask", lambda origin: time.sleep(60) or "")
    start = time.monotonic()
    network.probe([f"oci://silent{number}.example/charts" for number in range(4)])
    assert time.monotonic() - start < network.SECONDS + 2
    with pytest.raises(Unavailable) as unavailable:
        network.require("oci://silent1.example/charts")
    assert str(unavailable.value) == "silent1.example: no answer"


@pytest.mark.parametrize("stack", stacks.names())
def test_every_module_is_pinned_with_its_hash(stack: str) -> None:
    pins = golang.pinned(stacks.modules(stack) / "go.mod")
    assert set(golang.sums(stacks.modules(stack) / "go.sum")) == set(pins.items())
    assert {chart.module for chart in stacks.charts(stack)} | {"k8s.io/kubernetes"} <= set(pins)


def test_a_module_that_is_not_what_was_pinned_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = tmp_path / "modules" / "forged"
    pins.mkdir(parents=True)
    version = golang.pinned(stacks.modules(STACK) / "go.mod")["knative.dev/operator"]
    (pins / "go.mod").write_text(f"module x\n\nrequire knative.dev/operator {version}\n", encoding="utf-8")
    (pins / "go.sum").write_text(f"knative.dev/operator {version} h1:forged=\n", encoding="utf-8")
    monkeypatch.setattr(stacks, "STACKS", tmp_path)
    with pytest.raises(Stop) as stop:
        modules.folder("forged", "knative.dev/operator")
    real = golang.sums(ROOT / "stacks" / "modules" / STACK / "go.sum")
    assert str(stop.value) == (
        f"knative.dev/operator {version} is {real['knative.dev/operator', version]} but stacks/modules/forged/go.sum "
        "has h1:forged=: do not use it; if the pin was moved on purpose, run make pin"
    )


def test_an_unknown_stack() -> None:
    with pytest.raises(Stop) as stop:
        stacks.charts("kserve-9")
    assert str(stop.value) == "there is no stack kserve-9: choose one of knative-1.23, kserve-0.20"


def test_charts_are_named_once() -> None:
    folders = [chart.folder for chart in stacks.charts(STACK)]
    assert len(folders) == len(set(folders)) == 8
    assert all(isinstance(chart, Chart) for chart in stacks.charts(STACK))
