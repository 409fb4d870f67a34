"""Where the schemas come from: the releases of each project, and the CRDs and OpenAPI in their Go modules.

Every version that a go.mod below stacks/modules pins is a release; some modules contain the CRDs of several.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring.manifests.yamltext import documents
from tools import stacks
from tools.generate.schemas.enumerations import add_enumerations
from tools.upstream import golang, modules

# Most of the text of a CRD. A property of this name has no value on its line; quoted text may continue anywhere.
_DESCRIPTION = re.compile(r"""^( *)description: [^'"\s].*\n(?:\1 +.*\n|[ \t]*\n)*""", re.MULTILINE)

Schema = dict[str, Any]
Kind = tuple[str, str, str]
"""Group, version and kind."""


@dataclass(frozen=True)
class Version:
    """One version of a kind in one release. deprecated: the server's warning, None if it is not deprecated."""

    schema: Schema
    served: bool = True
    deprecated: str | None = None


@dataclass
class Release:
    """The kinds of one release of a project. definitions: what the `$ref` of a schema names."""

    number: str
    kinds: dict[Kind, Version] = field(default_factory=dict)
    definitions: dict[str, Schema] = field(default_factory=dict)


Numbered = Iterator[tuple[str, Path]]
"""Release numbers with the files that contain their CRDs."""


def releases(project: str) -> list[Release]:
    """The releases of a project, oldest first."""
    if project == KUBERNETES:
        found = [_kubernetes(number, folder) for number, folder in pinned("k8s.io/kubernetes")]
    else:
        found = _of_crds(project, PROJECTS[project]())
    return sorted(found, key=lambda release: numbers(release.number))


def newest(project: str) -> str:
    """The newest release of a project with CRDs."""
    return max((number for number, _ in PROJECTS[project]()), key=numbers)


def crd_objects(project: str, number: str) -> list[Schema]:
    """The CRDs of one release of a project."""
    return [crd for other, file in PROJECTS[project]() if other == number for crd in _crds(file)]


def crds_of(project: str, number: str) -> Release:
    """One release of a project with CRDs."""
    (release,) = _of_crds(project, ((other, file) for other, file in PROJECTS[project]() if other == number))
    return release


def numbers(number: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", number)))


def _of_crds(project: str, files: Numbered) -> list[Release]:
    found: dict[str, Release] = {}
    for number, file in files:
        release = found.setdefault(number, Release(number))
        for crd in _crds(file):
            group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
            if group.startswith(_SHARED) and project != "inference-extension":
                continue
            for version in crd["spec"]["versions"]:
                release.kinds[group, version["name"], kind] = _version(version)
    return list(found.values())


def _version(version: dict[str, Any]) -> Version:
    warning = version.get("deprecationWarning", "") if version.get("deprecated") else None
    return Version(version["schema"]["openAPIV3Schema"], version.get("served", True), warning)


@cache
def _crds(file: Path) -> list[dict[str, Any]]:
    """The CRDs in a file of manifests, which may be a template of Helm with directives in comments."""
    chunks = (chunk for _, chunk in documents(_DESCRIPTION.sub("", file.read_text(encoding="utf-8"))))
    crds = (chunk for chunk in chunks if "\nkind: CustomResourceDefinition" in chunk)
    return [yaml.load(chunk, yaml.CSafeLoader) for chunk in crds]


# KServe's manifests contain the CRDs of these groups, too.
_SHARED = "inference.networking."
_KSERVE_FILES = ("kserve.yaml", "kserve-crds.yaml")

# The projects -------------------------------------------------------------------------------------


def pinned(module: str) -> Iterator[tuple[str, Path]]:
    """Number and folder of a module, for each version that is pinned."""
    seen = set()
    for pins in sorted(stacks.modules("").iterdir()):
        version = golang.pinned(pins / "go.mod").get(module)
        if version and version not in seen:
            seen.add(version)
            yield version.removeprefix("v"), modules.folder(pins.name, module)


def _plain(module: str, pattern: str) -> Numbered:
    """A module that has the version of its release."""
    for number, folder in pinned(module):
        yield from ((number, file) for file in sorted(folder.glob(pattern)))


def _kserve() -> Numbered:
    """The source of each pinned release; the module also contains the manifests of the releases before it."""
    newest: dict[tuple[int, ...], Path] = {}
    pinned_ones = dict(pinned("github.com/kserve/kserve"))
    for folder in pinned_ones.values():
        finals = [path for path in (folder / "install").glob("v*") if re.fullmatch(r"v\d+\.\d+\.\d+", path.name)]
        for path in sorted(finals, key=lambda path: numbers(path.name)):
            newest[numbers(path.name)[:2]] = path
    for minor, path in newest.items():
        number = path.name.removeprefix("v")
        if minor >= (0, 10) and number not in pinned_ones:
            yield from ((number, path / name) for name in _KSERVE_FILES if (path / name).exists())
    yield from _plain("github.com/kserve/kserve", "config/crd/full/**/serving.kserve.io_*.yaml")


def _knative_serving() -> Numbered:
    """The operator contains the manifests of several releases of Serving."""
    newest: dict[tuple[int, ...], Path] = {}
    for _, folder in pinned("knative.dev/operator"):
        for path in (folder / "cmd" / "operator" / "kodata" / "knative-serving").iterdir():
            minor = numbers(path.name)[:2]
            if minor not in newest or numbers(path.name) > numbers(newest[minor].name):
                newest[minor] = path
    for path in newest.values():
        yield from ((path.name, file) for file in sorted(path.glob("*.yaml")))


def _knative_operator() -> Numbered:
    """Module v0.48.1 is release 1.21.1: https://github.com/knative/community/blob/main/mechanics/RELEASE-SCHEDULE.md."""
    for version, file in _plain("knative.dev/operator", "config/crd/bases/*.yaml"):
        _, minor, patch = numbers(version)
        yield f"1.{minor - 27}.{patch}", file


def _istio() -> Numbered:
    """istiod's module has no releases: its pins say commits, and the stacks name the release nearest to each."""
    for stack in stacks.names():
        folder = modules.folder(stack, "istio.io/istio")
        yield stacks.versions(stack)["istio"], folder / "manifests" / "charts" / "base" / "files" / "crd-all.gen.yaml"
    yield from _plain("istio.io/api", "kubernetes/customresourcedefinitions.gen.yaml")


def _argocd() -> Numbered:
    for major in ("v2", "v3"):
        yield from _plain(f"github.com/argoproj/argo-cd/{major}", "manifests/crds/*.yaml")


def _gateway_api() -> Numbered:
    """The experimental channel has all kinds and fields of the standard channel."""
    yield from _plain("sigs.k8s.io/gateway-api", "config/crd/experimental/gateway*.yaml")


PROJECTS: dict[str, Callable[[], Numbered]] = {
    "argocd": _argocd,
    "cert-manager": lambda: _plain("github.com/cert-manager/cert-manager", "deploy/crds/*.yaml"),
    "external-secrets": lambda: _plain("github.com/external-secrets/external-secrets", "config/crds/bases/*.yaml"),
    "gateway-api": _gateway_api,
    "inference-extension": lambda: _plain("sigs.k8s.io/gateway-api-inference-extension", "config/crd/bases/*.yaml"),
    "istio": _istio,
    "knative-operator": _knative_operator,
    "knative": _knative_serving,
    "kserve": _kserve,
    "lws": lambda: _plain("sigs.k8s.io/lws", "config/crd/bases/*.yaml"),
}
KUBERNETES = "kubernetes"


# Kubernetes itself --------------------------------------------------------------------------------


def _kubernetes(number: str, folder: Path) -> Release:
    document = json.loads((folder / "api" / "openapi-spec" / "swagger.json").read_bytes())
    _, newest = max(pinned("k8s.io/api"), key=lambda found: numbers(found[0]))
    add_enumerations(document["definitions"], newest)
    release = Release(number, definitions=document["definitions"])
    for schema in release.definitions.values():
        kinds = schema.get("x-kubernetes-group-version-kind", ())
        if len(kinds) == 1 and "metadata" in schema.get("properties", {}):
            named = kinds[0]
            release.kinds[named["group"], named["version"], named["kind"]] = Version(schema)
    return release
