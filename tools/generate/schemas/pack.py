"""Write src/kserve_wiring/data/schemas/<project>.json: the schemas of a project, merged over its releases.

index.json has the project of each API group, and the versions that releases of Kubernetes removed.

Usage: python -m tools.generate.schemas.pack [--check]
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools.console import ROOT, run
from tools.generate.schemas.lifecycle import removed
from tools.generate.schemas.merge import OPEN, Pool, Schema
from tools.generate.schemas.sources import KUBERNETES, PROJECTS, Kind, Release, releases
from tools.generate.written import write_or_check

Packed = dict[str, dict[str, Any]]
"""The content of each project's file."""

FOLDER = ROOT / "src" / "kserve_wiring" / "data" / "schemas"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
# The checker drops most of a CRD when it reads it.
_UNREAD = ("apiextensions.k8s.io",)


def generated() -> dict[Path, str]:
    """The text of each file, by path."""
    data = {project: packed(releases(project)) for project in (*PROJECTS, KUBERNETES)}
    texts = {FOLDER / f"{project}.json": text(of_project) for project, of_project in data.items()}
    return {**texts, FOLDER / "index.json": index(data)}


def index(data: Packed) -> str:
    """index.json from the content of the other files."""
    groups = {kind.split("/")[0]: project for project, one in data.items() for kind in one["kinds"]}
    gone = removed(data[KUBERNETES]["versions"][-1])
    return json.dumps({"groups": dict(sorted(groups.items())), "removed": gone}, indent=0) + "\n"


def carried_kinds() -> Packed:
    """The content of the files that are there."""
    return {project: json.loads((FOLDER / f"{project}.json").read_bytes()) for project in (*PROJECTS, KUBERNETES)}


def packed(found: list[Release]) -> dict[str, Any]:
    """The content of a file: the kinds of the releases, merged."""
    pool = Pool()
    variants: dict[Kind, list[tuple[int, int]]] = {}
    entries: dict[Kind, dict[str, Any]] = {}
    for index, release in enumerate(found):
        numbered = _Definitions(pool, release)
        for kind, version in release.kinds.items():
            if kind[0] in _UNREAD:
                continue
            entry = entries.setdefault(kind, {"served": 0})
            entry["served"] |= version.served << index
            if version.deprecated is not None:
                entry["deprecated"] = version.deprecated
            else:
                entry.pop("deprecated", None)
            variants.setdefault(kind, []).append((1 << index, numbered.add(version.schema)))
    merged = {kind: pool.merge(tuple(of_kind)) for kind, of_kind in variants.items()}
    return {"versions": [release.number for release in found], **_reachable(pool, merged, entries)}


class _Definitions:
    """Adds schemas with what their `$ref` names."""

    def __init__(self, pool: Pool, release: Release) -> None:
        self._pool = pool
        self._schemas = release.definitions
        self._known: dict[str, int] = {}

    def add(self, schema: Schema) -> int:
        return self._pool.add(schema, self._resolve if self._schemas else None)

    def _resolve(self, reference: str) -> int:
        name = reference.rpartition("/")[2]
        if name not in self._known:
            self._known[name] = self._pool.number(OPEN)  # a schema that contains itself is open there
            schema = {"format": "quantity"} if name == _QUANTITY else self._schemas[name]
            self._known[name] = self.add(schema)
        return self._known[name]


def _reachable(pool: Pool, merged: dict[Kind, int], entries: dict[Kind, dict[str, Any]]) -> dict[str, Any]:
    """The kinds, and only the schemas that they use, numbered in the order of use."""
    numbers: dict[int, int] = {}
    kinds = {
        "/".join(kind): {"schema": _visit(pool, merged[kind], numbers), **entries[kind]} for kind in sorted(merged)
    }
    order = sorted(numbers, key=lambda number: numbers[number])
    return {"kinds": kinds, "schemas": [_renumbered(pool.schemas[number], numbers) for number in order]}


def _visit(pool: Pool, number: int, numbers: dict[int, int]) -> int:
    if number not in numbers:
        numbers[number] = len(numbers)
        schema = pool.schemas[number]
        for part in _parts(schema):
            _visit(pool, part, numbers)
    return numbers[number]


def _parts(schema: Schema) -> list[int]:
    parts = [schema[key] for key in ("items", "not", "additionalProperties") if key in schema]
    parts += [part for key in ("oneOf", "anyOf", "allOf") for part in schema.get(key, ())]
    return [part for part in (*parts, *schema.get("properties", {}).values()) if not isinstance(part, bool)]


def _renumbered(schema: Schema, numbers: dict[int, int]) -> Schema:
    new = dict(schema)
    for key in ("items", "not", "additionalProperties"):
        if key in schema and not isinstance(schema[key], bool):
            new[key] = numbers[schema[key]]
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            new[key] = [numbers[part] for part in schema[key]]
    if "properties" in schema:
        new["properties"] = {name: numbers[part] for name, part in schema["properties"].items()}
    return new


def text(packed: dict[str, Any]) -> str:
    """JSON with one schema per line, so that a difference can be read."""
    kinds = ",\n".join(f"{_line(name)}:{_line(entry)}" for name, entry in packed["kinds"].items())
    schemas = ",\n".join(map(_line, packed["schemas"]))
    return f'{{"versions":{_line(packed["versions"])},\n"kinds":{{\n{kinds}}},\n"schemas":[\n{schemas}]}}\n'


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> int:
    return write_or_check(generated(), "tools.generate.schemas.pack")


if __name__ == "__main__":
    run(main)
