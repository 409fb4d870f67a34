"""The enumerations of Kubernetes' own kinds, from `// +enum` in its Go types: the committed OpenAPI omits them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TYPE = re.compile(r"^// \+enum\b.*\n(?://.*\n)*type (\w+) string", re.MULTILINE)
_VALUE = re.compile(r'^\s*\w+\s+(\w+)\s*=\s*"([^"]*)"', re.MULTILINE)
_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r'^\t\w+\s+(?:\*|\[\])?(?:(?:core)?v1\.)?(\w+)\s+`json:"(\w+)', re.MULTILINE)


def add_enumerations(definitions: dict[str, Any], api: Path) -> None:
    """Add them to the definitions of an OpenAPI document. api: the folder of module k8s.io/api."""
    core = _values((api / "core" / "v1" / "types.go").read_text(encoding="utf-8"))
    for file in sorted(api.glob("*/*/types.go")):
        text = file.read_text(encoding="utf-8")
        prefix = f"io.k8s.api.{file.parents[1].name}.{file.parent.name}"
        for struct, name, values in _fields(text, core | _values(text)):
            field = definitions.get(f"{prefix}.{struct}", {}).get("properties", {}).get(name, {})
            where = field.get("items", field)
            if where.get("type") == "string":
                where["enum"] = [*values, ""]  # Go does not tell an empty string from an absent one


def _values(text: str) -> dict[str, list[str]]:
    """The values of each enumeration in a file."""
    found: dict[str, list[str]] = {name: [] for name in _TYPE.findall(text)}
    for name, value in _VALUE.findall(text):
        if name in found:
            found[name].append(value)
    return {name: values for name, values in found.items() if values}


def _fields(text: str, enumerations: dict[str, list[str]]) -> Iterator[tuple[str, str, list[str]]]:
    """Struct, field and values of each field with an enumeration as its type."""
    for struct, body in _STRUCT.findall(text):
        for kind, name in _FIELD.findall(body):
            if kind in enumerations:
                yield struct, name, enumerations[kind]
