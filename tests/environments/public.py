"""Names of public hosts in objects; an environment without internet access has none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tools.environment import schema

# Registries of the images that upstream names. In the layout `prefix` they are a part of the path, which is private.
_PUBLIC = re.compile(
    r"(?<![\w.]/)\b(docker|quay|gcr|ghcr|nvcr|k8s\.gcr|registry\.k8s|registry\.istio)\.io\b|mcr\.microsoft\.com"
)
_SKIP_LIST = "registries-skipping-tag-resolving"


def public_hosts(objects: Iterable[dict[str, Any]]) -> list[str]:
    """Object, path and text of each string with a public host, except in CRDs (descriptions) and the skip list."""
    return [
        f"{schema.title(item)} {path}: {text}"
        for item in objects
        if item["kind"] != "CustomResourceDefinition"
        for path, text in _strings(item)
        if _PUBLIC.search(text) and not path.endswith(_SKIP_LIST)
    ]


def _strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a document with its path. Keys are strings, too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}.{key}", str(key)
            yield from _strings(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strings(inner, f"{path}[{index}]")
    elif isinstance(value, str) and value.startswith('{"'):
        yield from _strings(json.loads(value), path)  # a document in a text
    elif isinstance(value, str):
        yield path, value
