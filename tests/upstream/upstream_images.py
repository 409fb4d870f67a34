"""What upstream's own artefacts name: charts with everything switched on, the operator's manifests, Go source."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring.cluster.facts import Facts
from kserve_wiring.inventory.find import found_images
from kserve_wiring.inventory.found import Found, canonical
from kserve_wiring.inventory.injected import template_images
from kserve_wiring.manifests.helm import HelmCall
from kserve_wiring.manifests.load import load_text
from tools.environment import render
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

# What cannot be on at the same time, or not without data, in {chart: values}.
EXCEPTIONS: dict[str, dict[str, Any]] = {
    "cert-manager": {"installCRDs": False, "prometheus": {"podmonitor": {"enabled": False}}},
    # The control plane of another cluster, instead of one here.
    "istiod": {"istiodRemote": {"enabled": False}},
    "knative-operator": {"knative_operator": {"multicluster": {"enabled": False}}},
}
SWITCH = re.compile(r"^(enabled|create.*|install.*)$")

_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`([^`\n]*)`')
_NAMED = re.compile(r'(?i)\b\w*(?:image|hub)\w*\s*(?:string)?\s*(?:=|:=|:)\s*"([^"\n]+)"')
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"^(?:[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*(?::[0-9]+)?/)?{_PART}(?:/{_PART})+"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?(?:@sha256:[0-9a-f]{64})?$"
)
_HOST = re.compile(
    r"\b(?:docker\.io|quay\.io|gcr\.io|ghcr\.io|nvcr\.io|registry\.k8s\.io|registry\.istio\.io|mcr\.microsoft\.com|"
    r"public\.ecr\.aws|[a-z0-9-]*\.?pkg\.dev)/\S+"
)


def switched_on(values: Any) -> Any:
    """The values of a chart with every optional component on."""
    if not isinstance(values, dict):
        return values
    result = {}
    for key, value in values.items():
        if isinstance(value, bool):
            result[key] = True if SWITCH.match(key) else False if key == "disabled" else value
        else:
            result[key] = switched_on(value)
    return result


def merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: merged(base.get(key), value) for key, value in over.items()}


def of_charts(upstream: Upstream, helm: Helm) -> list[Found]:
    """The images of all charts of a stack, as upstream's own values name them, with every optional component on."""
    objects = []
    with tempfile.TemporaryDirectory() as folder:
        jobs = [_job(name, chart, Path(folder)) for (name, _), chart in upstream.folders.items()]
        for one in render.render(jobs, helm):
            objects += load_text(one.text, one.release, release=one.release).objects
    templates = [
        Found(canonical(image), f"{obj.ref} template {name}") for obj in objects for name, image in template_images(obj)
    ]
    return found_images(objects, Facts())[0] + templates


def _job(name: str, chart: Path, folder: Path) -> HelmCall:
    values = switched_on(yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8")))
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(merged(values, EXCEPTIONS.get(name, {}))), encoding="utf-8")
    return HelmCall(name, name, chart, (file,))


def in_code(module: Path) -> Iterator[tuple[str, str]]:
    """File and text of every string in a module's Go source that may name an image; tests are left out."""
    for path in sorted(module.rglob("*.go")):
        name = path.relative_to(module).as_posix()
        if not name.endswith("_test.go") and not re.search(
            r"(^|/)(test|tests|testdata)/", name.replace("pkg/test/", "")
        ):
            text = path.read_text(encoding="utf-8", errors="replace")
            yield from ((name, found) for found in dict.fromkeys(_texts(text)))


def _texts(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.lstrip().startswith("//"):
            continue
        named = set(_NAMED.findall(line))
        for quoted, raw in _LITERAL.findall(line):
            literal = quoted or raw
            reference = _REFERENCE.match(literal) is not None
            if (reference and (literal in named or ":" in literal or "@" in literal)) or _HOST.search(literal):
                yield literal.replace('\\"', '"')
