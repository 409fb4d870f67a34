"""The JSON Schema of the configuration file .kserve-wiring.yaml, from what the program knows; make generate writes it.

Only editors use it. The program has its own messages, and it reads a few spellings more, which are to be forgotten.
"""

from __future__ import annotations

from typing import Any

from kserve_wiring.cluster.facts import KEYS
from kserve_wiring.data import LEVELS
from tools.console import ROOT

SCHEMA = ROOT / "template" / "schemas" / "kserve-wiring.schema.json"
_CODE = {"type": "string", "pattern": "^KW[0-9]{0,3}$"}
_TEXT = {"type": ["string", "number"]}
_GATEWAY = {
    "type": "object",
    "required": ["namespace", "labels", "service", "ports"],
    "properties": {
        "namespace": {"type": "string"},
        "labels": {"type": "object", "description": "of its Pods"},
        "service": {"type": "string", "description": "the name of its Service"},
        "ports": {"type": "array", "items": {"type": "object"}, "description": "{port, targetPort} of its Service"},
        "servers": {"type": "array", "items": {"type": "object"}, "description": "of other Gateways"},
    },
}
_FACTS: dict[str, dict[str, Any]] = {
    "offline": {"type": "boolean"},
    "registry_plain_http": {"type": "boolean"},
    "registry_caches": {"type": "array", "items": {"type": "string"}, "description": "host[:port]/path of each"},
    "existing": {"type": "array", "items": {"type": "string"}, "description": "Kind/namespace/name of each"},
    "existing_gateways": {"type": "array", "items": _GATEWAY},
    "existing_knative": {"type": "object", "required": ["config"], "properties": {"config": {"type": "object"}}},
}


def _codes(description: str) -> dict[str, Any]:
    listed = {"type": "array", "items": _CODE}
    explained = {"type": "object", "propertyNames": _CODE, "additionalProperties": {"type": "string"}}
    return {"description": f"{description}: a list of codes, or of CODE: reason", "anyOf": [listed, explained]}


def configuration_schema() -> dict[str, Any]:
    """The JSON Schema of .kserve-wiring.yaml."""
    known = {key: _FACTS.get(key, _TEXT) for key in KEYS}
    facts = {"type": "object", "additionalProperties": False, "properties": known}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of kserve-wiring",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "select": _codes("The only rules to check"),
            "ignore": _codes("The rules to skip"),
            "level": {"description": "The lowest level to report", "enum": list(LEVELS), "default": "warning"},
            "facts": {"description": "What manifests do not show"} | facts,
        },
    }
