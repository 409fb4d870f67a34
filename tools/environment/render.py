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
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.environment import Release, read_releases
from kserve_wiring.manifests.repeated_keys import load_unique
from kserve_wiring.manifests.yamltext import YamlError
from tools import stacks
from tools.console import BUILD, Stop
from tools.upstream import golang
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

Object = dict[str, Any]

# The release of our chart with the wiring. Its `part=patches` is applied to objects of other releases.
OWN = "kserve-environment"

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
class Job:
    """One call of helm: a release, the folder of its chart, and its values files (later ones win).

    part: the value `part` of our own chart, to render another part than the release's own.
    """

    release: str
    namespace: str
    chart: Path
    values: tuple[Path, ...] = ()
    part: str = ""


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


def jobs(environment: Path, upstream: Upstream) -> tuple[list[Job], list[Release]]:
    """The calls of helm for an environment in the order of installation, and the releases without a chart."""
    known = read_releases(environment / "releases.yaml")
    found = [(release, _chart(environment, release, upstream)) for release in known]
    work = [_job(environment, release, chart) for release, chart in found if chart]
    if any(release.patch for release in known):
        work += [replace(job, part="patches") for job in work if job.release == OWN]
    return work, [release for release, chart in found if chart is None]


def render(work: Sequence[Job], helm: Helm) -> list[Rendered]:
    """Render everything, in the given order. Raises RenderError when helm refuses a release."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(lambda job: template(job, helm), work))


def template(job: Job, helm: Helm) -> Rendered:
    """Render one release. Raises RenderError when helm refuses it."""
    extra = ["--set", f"part={job.part}"] if job.part else []
    done = _helm(helm, "template", [job.release], job, ["--include-crds", *extra])
    if done.returncode != 0:
        raise RenderError(job.release, _meaning(done.stderr))
    return Rendered(job.release, job.namespace, done.stdout, partial=bool(job.part))


def lint(job: Job, helm: Helm) -> str:
    """The complaints of `helm lint --strict`; "" if there are none."""
    done = _helm(helm, "lint", [], job, ["--strict"])
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


def _chart(environment: Path, release: Release, upstream: Upstream) -> Path | None:
    return environment / release.path if release.path else upstream.folder(release.chart, release.version)


def _job(environment: Path, release: Release, chart: Path) -> Job:
    return Job(release.name, release.namespace, chart, tuple(environment / file for file in release.values))


def _helm(
    helm: Helm, verb: str, names: Sequence[str], job: Job, extra: Iterable[str]
) -> subprocess.CompletedProcess[str]:
    values = [word for path in job.values for word in ("--values", str(path))]
    where = [*names, str(job.chart), "--namespace", job.namespace, "--kube-version", kube_version()]
    command = [helm.path, verb, *where, *values, *extra]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Stop(f"{helm.path} does not run: {error}") from error


def _meaning(stderr: str) -> str:
    """helm's error without its advice to use --debug."""
    lines = [line for line in stderr.splitlines() if line.strip() and "Use --debug" not in line]
    return "\n".join(lines).removeprefix("Error: ")
