# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The values that a chart reads: those of its values.yaml and values.schema.json, and those that its templates name."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.folders import State, state_of
from kserve_wiring.manifests.known_values import Known
from kserve_wiring.manifests.objects import MAPPING, KeyPath, mappings_of
from kserve_wiring.manifests.template_values import uses

# Istio's charts have their values.yaml below one of these keys (templates/zzz_profile.yaml).
_WRAPPERS = ("defaults", "_internal_defaults_do_not_set", "_internal_defaults_do_not_edit")
# istiod merges the values below `pilot` into the root (templates/zzy_descope_legacy.yaml).
_MERGED_INTO_ROOT = re.compile(r'merge\w* \$\.Values \(index \$\.Values "(\w+)"\)', re.IGNORECASE)
# Kubernetes' own types, which charts pass on as a whole even if they have defaults.
_PASSED_ON = re.compile(r"(labels|annotations|resources|affinity|nodeselector|securitycontext|strategy)$", re.I)


def name_of(chart: Path) -> str:
    """Name and version of a chart; the name of its file if it has none."""
    return _name_of(chart, state_of(chart))


@lru_cache(maxsize=128)
def _name_of(chart: Path, _: State) -> str:
    data = _mapping(_read(chart).get("Chart.yaml", ""))
    return f"{data.get('name')} {data.get('version')}" if data.get("name") else chart.name


def known_values(chart: Path) -> Known:
    """The values that a chart reads; None if that is not known."""
    return _known_values(chart, state_of(chart))


@lru_cache(maxsize=128)
def _known_values(chart: Path, _: State) -> Known:
    files = _read(chart)
    if not any(name.startswith("templates/") for name in files):
        return None
    known: dict[str, Any] = {}
    _add(known, _mapping(files.get("values.yaml", "")))
    for wrapper in _WRAPPERS:
        _add(known, known.get(wrapper) or {})
    schema = _schema(files)
    _add(known, _properties(schema, schema) or {})
    if _is_closed(schema):
        return known  # helm or the chart itself refuses every other key
    templates = "\n".join(text for name, text in files.items() if name.startswith("templates/"))
    for path, whole in sorted(set(uses(templates)), key=lambda use: (use[1], -len(use[0]))):
        _add_use(known, path, whole=whole)
    for name in _MERGED_INTO_ROOT.findall(templates):
        known[name] = dict(known)
    for name in _subcharts(files):
        known[name] = None
        known.setdefault("global", None)
        known.setdefault("tags", None)
    return known


def _read(chart: Path) -> dict[str, str]:
    """The text files of a chart, a folder or an archive, by their path in it."""
    try:
        files = dict(_files(chart) if chart.is_dir() else _members(chart))
    except (OSError, EOFError, tarfile.TarError):
        return {}  # helm reports it
    return {name: data.decode("utf-8", "replace") for name, data in files.items()}


def _files(chart: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(chart.rglob("*")):
        name = file.relative_to(chart).as_posix()
        if _is_read(name) and file.is_file():
            yield name, file.read_bytes()


def _members(chart: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(chart) as archive:
        for member in archive:
            name = member.name.partition("/")[2]
            file = archive.extractfile(member) if _is_read(name) else None
            if file is not None:
                yield name, file.read()


def _is_read(name: str) -> bool:
    return name in ("Chart.yaml", "values.yaml", "values.schema.json") or name.startswith(("templates/", "charts/"))


def _subcharts(files: Mapping[str, str]) -> set[str]:
    named = mappings_of(_mapping(files.get("Chart.yaml", "")).get("dependencies"))
    found = {str(item.get("alias") or item.get("name")) for _, item in named}
    return found | {name.split("/")[1] for name in files if name.startswith("charts/") and name.count("/") > 1}


def _mapping(text: str) -> Mapping[str, Any]:
    try:
        value = yamltext.parse(text)[0]
    except yamltext.YamlError:
        return {}
    return value if isinstance(value, MAPPING) else {}


def _add(known: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Add the keys of values. A mapping without keys, and any other value, may get any key."""
    for key, value in values.items():
        if not isinstance(value, MAPPING) or not value or _PASSED_ON.search(str(key)):
            known.setdefault(key, None)
        elif known.get(key) is None:
            known[key] = {}
            _add(known[key], value)
        else:
            _add(known[key], value)


def _add_use(known: dict[Any, Any], path: KeyPath, *, whole: bool) -> None:
    """Add a value that a template names, after those below it. whole: the template writes all that is below it."""
    *above, last = path
    for step in above:
        if known.get(step, {}) is None:
            return
        known = known.setdefault(step, {})
    if whole:
        known[last] = None
    else:
        known.setdefault(last, None)


def _schema(files: Mapping[str, str]) -> dict[str, Any]:
    try:
        schema = json.loads(files.get("values.schema.json", "{}"))
    except ValueError:
        return {}
    return schema if isinstance(schema, dict) else {}


def _is_closed(schema: Mapping[str, Any]) -> bool:
    """Whether no other key is allowed; a deprecation shows that in an editor only (tools/generate/values_schema.py)."""
    more = schema.get("additionalProperties")
    return more is False or (isinstance(more, dict) and "deprecationMessage" in more)


def _properties(schema: Any, root: Any, depth: int = 0) -> Known:
    """The keys of a schema; None where it has none."""
    for step in str(schema.get("$ref", "")).removeprefix("#/").split("/") if "$ref" in schema else ():
        schema = (root if schema is None or "$ref" in schema else schema).get(step, {})
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or depth > 20:
        return None
    return {key: _properties(item, root, depth + 1) for key, item in properties.items() if isinstance(item, dict)}
