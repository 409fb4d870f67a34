"""Renders every release of a generated environment with helm, and lints it.

What releases there are, with their charts and values files, is read from the environment's releases.yaml.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring import yamltext
from tools import golang, stacks
from tools.console import Stop
from tools.helm import Helm
from tools.upstream import Upstream

Object = dict[str, Any]

# The release of our chart with the wiring; its `part=patches` is what is applied to objects of other releases.
OWN = "kserve-environment"

# helm 4 calls the `v` of an upstream version bad (`helm lint --strict` then fails) although helm 3, which made the
# charts, does not: upstream's own published charts have it.
_KNOWN_LINT = re.compile(r"\[WARNING\] Chart\.yaml: version 'v[\d.]+' is not a valid SemVerV2")
_CRD = re.compile(r"^kind: CustomResourceDefinition$", re.MULTILINE)


class RenderError(Exception):
    """helm refused a release. The text is what helm said."""

    def __init__(self, release: str, text: str) -> None:
        super().__init__(f"{release}: {text}")
        self.release = release
        self.text = text


@dataclass(frozen=True)
class Release:
    """One Helm release of an environment.

    Attributes:
        chart: folder of the chart; None when upstream's chart could not be had.
        chart_name, version: what releases.yaml says; the version of our own chart is empty.
        values: values files, in the order in which later ones win.
        patch: the patches of our chart are applied after it.
    """

    name: str
    namespace: str
    chart_name: str
    version: str
    chart: Path | None
    values: tuple[Path, ...]
    patch: bool


@dataclass(frozen=True)
class Rendered:
    """What helm made of a release. `partial` objects are patches: they need not be complete."""

    release: str
    namespace: str
    text: str
    partial: bool = False

    def objects(self) -> list[Object]:
        """The objects, parsed as Kubernetes' clients parse them. Do not change CRDs: they are shared between calls."""
        return list(parse(self.text, self.release))


def kube_version() -> str:
    """The Kubernetes version to render for: that of the OpenAPI that the objects are validated against."""
    return golang.pinned(stacks.modules(stacks.DEFAULT) / "go.mod")["k8s.io/kubernetes"].removeprefix("v")


def releases(environment: Path, upstream: Upstream) -> list[Release]:
    """The releases of an environment, in the order of installation."""
    document = yaml.safe_load((environment / "releases.yaml").read_text(encoding="utf-8"))
    return [_release(environment, upstream, entry) for entry in document]


def render(environment: Path, upstream: Upstream, helm: Helm) -> list[Rendered]:
    """Renders all releases whose chart is there, in the order of installation.

    Raises:
        RenderError: helm refused one.
    """
    known = releases(environment, upstream)
    jobs = [(release, "") for release in known if release.chart]
    if any(release.patch for release in known):
        jobs += [(release, "patches") for release in known if release.name == OWN]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(lambda job: template(job[0], job[1], helm), jobs))


def template(release: Release, part: str, helm: Helm) -> Rendered:
    """Renders one release; `part` overrides the value of that name of our own chart when it is not empty."""
    extra = ["--set", f"part={part}"] if part else []
    done = _helm(helm, "template", [release.name], release, ["--include-crds", *extra])
    if done.returncode != 0:
        raise RenderError(release.name, _meaning(done.stderr))
    return Rendered(release.name, release.namespace, done.stdout, partial=bool(part))


def lint(release: Release, helm: Helm) -> str:
    """What `helm lint --strict` complains about, or nothing."""
    done = _helm(helm, "lint", [], release, ["--strict"])
    complaints = [line for line in done.stdout.splitlines() if re.match(r"\[(WARNING|ERROR)\]", line)]
    unknown = [line for line in complaints if not _KNOWN_LINT.fullmatch(line.strip())]
    if done.returncode != 0 and (unknown or not complaints):
        return "\n".join(unknown) or _meaning(done.stderr)
    return ""


def parse(text: str, name: str) -> Iterator[Object]:
    """The objects of a YAML stream.

    Raises:
        RenderError: a document is not YAML, or has the same key twice.
    """
    for line, document in yamltext.documents(text):
        try:
            value = _parse_crd(document) if _CRD.search(document) else _parse(document)
        except yaml.YAMLError as error:
            raise RenderError(name, f"line {line}: {' '.join(str(error).split())}") from error
        if value is not None:
            yield value


class _Unique(yamltext.Loader):
    """Refuses a key that stands twice in a mapping: which value wins differs from client to client."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value) and not any(key.value == "<<" for key, _ in node.value):
            keys = [key.value for key, _ in node.value]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice} stands twice", node.start_mark)
        return mapping


def _parse(document: str) -> Any:
    return yaml.load(document, Loader=_Unique)  # noqa: S506 - derived from the safe loader


# The CRDs are the bulk of an environment and the same in all environments of a stack.
_parse_crd = lru_cache(maxsize=256)(_parse)


def _release(environment: Path, upstream: Upstream, entry: dict[str, Any]) -> Release:
    chart = entry["chart"]
    own = chart.get("path")
    version = "" if own else chart["version"]
    return Release(
        name=entry["name"],
        namespace=entry["namespace"],
        chart_name=chart["name"],
        version=version,
        chart=environment / own if own else upstream.folder(chart["name"], version),
        values=tuple(environment / file for file in entry["values"]),
        patch=bool(entry.get("patch")),
    )


def _helm(
    helm: Helm, verb: str, names: Sequence[str], release: Release, extra: Iterable[str]
) -> subprocess.CompletedProcess[str]:
    values = [word for path in release.values for word in ("--values", str(path))]
    where = [*names, str(release.chart), "--namespace", release.namespace, "--kube-version", kube_version()]
    command = [helm.path, verb, *where, *values, *extra]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Stop(f"{helm.path} does not run: {error}") from error


def _meaning(stderr: str) -> str:
    """What helm says, without its advice to use --debug."""
    lines = [line for line in stderr.splitlines() if line.strip() and "Use --debug" not in line]
    return "\n".join(lines).removeprefix("Error: ")
