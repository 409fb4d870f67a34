# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""ConfigMap istio-sidecar-injector, which istiod injects from. A revision is appended to its name."""

from __future__ import annotations

from typing import Any

from kserve_wiring.grammar.go_json import parse_json
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import KubeObject, Setting, dig

_NAME = "istio-sidecar-injector"


def is_injector(obj: KubeObject) -> bool:
    """True for the ConfigMap of a sidecar injector."""
    return obj.kind == "ConfigMap" and obj.name.startswith(_NAME)


def injector_value(obj: KubeObject, *path: str) -> Setting | None:
    """One of Istio's Helm values, which the key `values` holds as JSON; None if it is not set or not readable."""
    if not is_injector(obj):
        return None
    try:
        value = dig(parse_json(str(obj.get("data", "values"))), *path)
    except ValueError:
        return None
    return None if value is None else Setting(value, obj, ("data", "values", *path))


def injector_config(obj: KubeObject) -> dict[str, Any]:
    """The key `config`, which holds the injection templates as YAML; empty if it is not readable."""
    if not is_injector(obj):
        return {}
    try:
        config = yamltext.load_embedded(str(obj.mapping("data").get("config") or ""))
    except yamltext.YamlError:
        return {}
    return config if isinstance(config, dict) else {}
