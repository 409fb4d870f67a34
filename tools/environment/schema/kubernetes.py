"""The schemas of Kubernetes' own kinds, from api/openapi-spec/v3 of its source tree."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from kserve_wiring.schemas.checks import Schema
from kserve_wiring.schemas.node import Dialect, Node, Reference, Schemas

META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_PREFIX = "#/components/schemas/"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"


class Kubernetes:
    """Schemas by kind. Reads a file when its group is first requested: an environment uses ten of sixty.

    folder: api/openapi-spec/v3 of k8s.io/kubernetes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, api_version: str, kind: str) -> Node | None:
        """The compiled schema of a kind; None if Kubernetes has no such kind."""
        group = _read(self._folder / _file(api_version))
        return group.kind(api_version, kind) if group else None

    def metadata(self) -> Node:
        """The compiled schema of `metadata`, which CRDs omit."""
        group = _read(self._folder / _file("v1"))
        if group is None:
            raise FileNotFoundError(f"{self._folder} has no OpenAPI of the core group")
        return group.compiler.node({"$ref": f"{_PREFIX}{META}"})


class _Group:
    """The schemas of one file."""

    def __init__(self, path: Path) -> None:
        document: dict[str, Any] = json.loads(path.read_bytes())
        self._schemas: dict[str, Schema] = document["components"]["schemas"]
        if _QUANTITY in self._schemas:
            # Kubernetes publishes "a string or a number"; the string has a grammar.
            self._schemas[_QUANTITY] = {"format": "quantity"}
        self.compiler = Schemas(Dialect(self._resolve, bare_object_is_open=True, null_is_absent=True))

    def _resolve(self, reference: Reference) -> Schema:
        return self._schemas[str(reference).removeprefix(_PREFIX)]

    def kind(self, api_version: str, kind: str) -> Node | None:
        group, _, version = api_version.rpartition("/")
        wanted = {"group": group, "version": version, "kind": kind}
        for name, schema in self._schemas.items():
            if wanted in schema.get("x-kubernetes-group-version-kind", ()):
                return self.compiler.node({"$ref": f"{_PREFIX}{name}"})
        return None


def _file(api_version: str) -> str:
    stem = f"apis__{api_version.replace('/', '__')}" if "/" in api_version else f"api__{api_version}"
    return f"{stem}_openapi.json"


@cache
def _read(path: Path) -> _Group | None:
    return _Group(path) if path.is_file() else None
