"""The schemas of Kubernetes' own kinds, from api/openapi-spec/v3 of its source tree."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tools.environment.schema.walk import Dialect, Schema

META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_PREFIX = "#/components/schemas/"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"


class Kubernetes:
    """Schemas by kind. Reads a file when its group is first requested: an environment uses ten of sixty.

    folder: api/openapi-spec/v3 of k8s.io/kubernetes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._groups: dict[str, tuple[dict[str, Schema], Dialect] | None] = {}

    def find(self, api_version: str, kind: str) -> tuple[Schema, Dialect] | None:
        """The schema of a kind and its dialect; None if Kubernetes has no such kind."""
        group = self._group(api_version)
        if group is None:
            return None
        schemas, dialect = group
        name, _, version = api_version.rpartition("/")
        wanted = {"group": name, "version": version, "kind": kind}
        for schema in schemas.values():
            if wanted in schema.get("x-kubernetes-group-version-kind", ()):
                return schema, dialect
        return None

    def metadata(self) -> tuple[Schema, Dialect]:
        """The schema of `metadata`, which CRDs omit."""
        group = self._group("v1")
        if group is None:
            raise FileNotFoundError(f"{self._folder} has no OpenAPI of the core group")
        return group[0][META], group[1]

    def _group(self, api_version: str) -> tuple[dict[str, Schema], Dialect] | None:
        if api_version not in self._groups:
            self._groups[api_version] = _read(self._folder / _file(api_version))
        return self._groups[api_version]


def _file(api_version: str) -> str:
    stem = f"apis__{api_version.replace('/', '__')}" if "/" in api_version else f"api__{api_version}"
    return f"{stem}_openapi.json"


@cache
def _read(path: Path) -> tuple[dict[str, Schema], Dialect] | None:
    if not path.is_file():
        return None
    document: dict[str, Any] = json.loads(path.read_bytes())
    schemas: dict[str, Schema] = document["components"]["schemas"]
    if _QUANTITY in schemas:
        # Kubernetes publishes "a string or a number"; the string has a grammar.
        schemas[_QUANTITY] = {"oneOf": [{"type": "string", "format": "quantity"}, {"type": "number"}]}

    def resolve(reference: str) -> Schema:
        return schemas[reference.removeprefix(_PREFIX)]

    return schemas, Dialect(resolve, bare_object_is_open=True, null_is_absent=True)
