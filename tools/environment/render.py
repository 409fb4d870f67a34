"""Render every release of a generated environment with helm, and lint it.

The releases, their charts and their values files come from the environment's releases.yaml.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.helm import HelmCall
from kserve_wiring.manifests.repeated_keys import load_unique
from kserve_wiring.manifests.yamltext import YamlError
from tools import stacks
from tools.console import BUILD, Stop
from tools.upstream import golang
from tools.upstream.helm import Helm

Object = dict[str, Any]

# helm 4 refuses the `v` of an upstream version (`helm lint --strict` fails). helm 3, which packaged the charts, does
# not: upstream's own published charts have it.
_KNOWN_LINT = re.compile(r"\[WARNING\] Chart\.yaml: version 'v[\d.]+' is not a valid SemVerV2")
_CRD = re.compile(r"^kind: CustomResourceDefinition$", re.MULTILINE)


class RenderError(Exception):
    """helm refused a release. The message is helm's."""

    def __init__(self, release: str, text: str) -> None:
        super().__init__(f"{release}: {text}")
        self.release = release
        self.text = text


@dataclass(frozen=True)
class Rendered:
    """Output of helm for a release. partial: the objects are patches and may be incomplete."""

    release: str
    namespace: str
    text: str
    partial: bool = False

    def objects(self) -> list[Object]:
        """The objects, parsed as Kubernetes' clients do. Do not change CRDs: calls share them."""
        return list(parse(self.text, self.release))


@cache
def kube_version() -> str:
    """The Kubernetes version to render for: that of the OpenAPI used for validation."""
    return golang.pinned(stacks.modules(stacks.DEFAULT) / "go.mod")["k8s.io/kubernetes"].removeprefix("v")


def render(calls: Sequence[HelmCall], helm: Helm) -> list[Rendered]:
    """Render everything, in the given order. Raises RenderError when helm refuses a release."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(lambda call: template(call, helm), calls))


def template(call: HelmCall, helm: Helm) -> Rendered:
    """Render one release. Raises RenderError when helm refuses it."""
    done = _helm(helm, "template", call.release, *call.arguments, "--include-crds")
    if done.returncode != 0:
        raise RenderError(call.release, _meaning(done.stderr))
    return Rendered(call.release, call.namespace, done.stdout, partial=bool(call.part))


def lint(call: HelmCall, helm: Helm) -> str:
    """The complaints of `helm lint --strict`; "" if there are none."""
    done = _helm(helm, "lint", *call.arguments, "--strict")
    complaints = [line for line in done.stdout.splitlines() if re.match(r"\[(WARNING|ERROR)\]", line)]
    unknown = [line for line in complaints if not _KNOWN_LINT.fullmatch(line.strip())]
    if done.returncode != 0 and (unknown or not complaints):
        return "\n".join(unknown) or _meaning(done.stderr)
    return ""


def parse(text: str, name: str) -> Iterator[Object]:
    """The objects of a YAML stream. Raises RenderError when a document is not YAML, or has a duplicate key."""
    for line, document in yamltext.documents(text):
        try:
            value = _parse_crd(document) if _CRD.search(document) else load_unique(document)
        except YamlError as error:
            raise RenderError(name, f"line {line + error.line - 1}: {error}") from error
        if value is not None:
            yield value


@lru_cache(maxsize=256)
def _parse_crd(document: str) -> Any:
    """Parse a CRD, and cache it as JSON by its content.

    CRDs are the bulk of an environment, the same throughout a stack, and slow to parse: 0.6 s as YAML, 0.02 s as JSON.
    """
    kept = BUILD / "cache" / "crds" / f"{hashlib.sha256(document.encode()).hexdigest()}.json"
    if kept.is_file():
        return json.loads(kept.read_bytes())
    value = load_unique(document)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=kept.parent, delete=False, encoding="utf-8") as partial:
        json.dump(value, partial)
    Path(partial.name).replace(kept)
    return value


def _helm(helm: Helm, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _run([helm.path, *arguments, "--kube-version", kube_version()])


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Stop(f"{command[0]} does not run: {error}") from error


def _meaning(stderr: str) -> str:
    """helm's error without its advice to use --debug."""
    lines = [line for line in stderr.splitlines() if line.strip() and "Use --debug" not in line]
    return "\n".join(lines).removeprefix("Error: ")
