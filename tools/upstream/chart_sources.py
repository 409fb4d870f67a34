"""Turn the source of a chart in a Go module into a chart, as upstream's release process does.

The source of a chart is not yet the published chart: versions are placeholders, and some parts are elsewhere. Each
function names the upstream script that it follows.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from tools.stacks import Chart

# Istio's images moved with 1.30; see the default `hub` of the published charts.
ISTIO_HUBS = {True: "registry.istio.io/release", False: "docker.io/istio"}


def assemble(chart: Chart, module: Path, target: Path) -> None:
    """Write the chart into the folder `target`, which must not exist.

    chart: gives its folder in the module. module: folder of the module's content, read-only. target: the new folder;
    its files are writable.
    """
    shutil.copytree(module / chart.directory, target, copy_function=shutil.copyfile)
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    finish = _FINISH.get(chart.module)
    if finish:
        finish(chart, module, target)


def _knative_operator(chart: Chart, module: Path, target: Path) -> None:
    """knative/operator hack/generate-helm.sh: the version without the `v` of the index, the tag with it."""
    _replace(target / "Chart.yaml", r"\{\{ version \}\}", chart.version.removeprefix("v"))
    _replace(target / "values.yaml", r"\{\{ tag \}\}", chart.version)


def _cert_manager(chart: Chart, module: Path, target: Path) -> None:
    """cert-manager make/manifests.mk. Up to 1.17 the build copies the CRDs from deploy/crds into the chart's templates,
    and Chart.yaml is a template. Later both are in the chart's folder."""
    template = target / "Chart.template.yaml"
    if template.exists():
        template.rename(target / "Chart.yaml")
    _set_version(target / "Chart.yaml", chart.version)
    _replace(target / "Chart.yaml", r"\{\{IS_PRERELEASE\}\}", "false")
    if not list((target / "templates").glob("crd-*.yaml")):
        crds = sorted((module / "deploy" / "crds").glob("crd-*.yaml"))
        text = "\n---\n".join(path.read_text(encoding="utf-8") for path in crds)
        (target / "templates" / "crds.yaml").write_text(text, encoding="utf-8")


def _istio(chart: Chart, module: Path, target: Path) -> None:
    """istio/release-builder: set the version everywhere, and the release's images instead of the development ones."""
    _set_version(target / "Chart.yaml", chart.version)
    minor = int(chart.version.split(".")[1])
    values = target / "values.yaml"
    _replace(values, r"(?m)^(\s+hub: )\S+/(istio-)?testing$", rf"\g<1>{ISTIO_HUBS[minor >= 30]}")
    _replace(values, r"(?m)^(\s+tag: )latest$", rf"\g<1>{chart.version}")


def _envoy_gateway(chart: Chart, module: Path, target: Path) -> None:
    """The version of the release, with its v, for v0.0.0-latest. values.tmpl.yaml is the source of values.yaml."""
    _set_version(target / "Chart.yaml", chart.version)
    (target / "values.tmpl.yaml").unlink()


_FINISH: dict[str, Callable[[Chart, Path, Path], None]] = {
    "knative.dev/operator": _knative_operator,
    "github.com/cert-manager/cert-manager": _cert_manager,
    "istio.io/istio": _istio,
    "github.com/envoyproxy/gateway": _envoy_gateway,
}


def _set_version(path: Path, version: str) -> None:
    _replace(path, r"(?m)^(version|appVersion): .*$", rf"\g<1>: {version}")


def _replace(path: Path, pattern: str, new: str) -> None:
    path.write_text(re.sub(pattern, new, path.read_text(encoding="utf-8")), encoding="utf-8")
