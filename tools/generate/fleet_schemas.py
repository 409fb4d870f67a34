"""The JSON Schemas of the files of a fleet that people write: fleet.yaml, and the layers in answers/.

Only editors use them; kserve_wiring.fleet has its own messages, and refuses more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kserve_wiring.fleet.answers import ALLOW_KEYS, DERIVED, FLEET_KEYS, LABEL, VERSION
from kserve_wiring.grammar.values import QUALIFIED_NAME
from tools.console import ROOT
from tools.generate.answers_schema import answers_schema

FOLDER = ROOT / "fleet" / "schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LABEL = {"type": "string", "pattern": f"^{LABEL.pattern}$"}
_FLEET: dict[str, dict[str, Any]] = {
    "name": {
        "type": "string",
        "description": "name of the ApplicationSet, and of the AppProject that creates the others",
    },
    "template": {"type": "string", "description": "the template of all environments: a URL or a folder of git"},
    "path": {"type": "string", "description": "path of this folder in its git repository", "default": "."},
    "stages": {"type": "array", "minItems": 1, "items": _LABEL, "description": "the first one gets a version first"},
    "cluster_label": {
        "type": "string",
        "pattern": f"^({QUALIFIED_NAME})?$",
        "description": "key of a label of Argo CD's cluster Secrets, whose value is the name of an environment",
    },
    "allow": {
        "type": "object",
        "description": "what the AppProject of each environment allows besides what the template installs",
        "additionalProperties": False,
        "properties": {key: {"type": "array"} for key in ALLOW_KEYS},
    },
}
_LAYER = {
    "stage": _LABEL | {"description": "only in environments/: a stage of fleet.yaml"},
    "region": _LABEL | {"description": "only in environments/: the name of a file in regions/"},
    VERSION: {"type": "string", "description": "a tag of the template, or a whole commit"},
}


def fleet_schemas() -> dict[Path, dict[str, Any]]:
    """The schemas by their files."""
    return {FOLDER / "fleet.schema.json": _fleet(), FOLDER / "layer.schema.json": _layer()}


def _fleet() -> dict[str, Any]:
    properties = {key: _FLEET[key] for key in FLEET_KEYS}
    return _object("A fleet of environments", properties) | {"required": ["name", "template", "stages"]}


def _layer() -> dict[str, Any]:
    """A layer has some answers; null removes one of an earlier layer."""
    answers = {name: answer for name, answer in answers_schema()["properties"].items() if name not in DERIVED}
    described = {name: answer.pop("description") for name, answer in answers.items()}
    removable = {name: {"description": described[name], "anyOf": [answers[name], {"type": "null"}]} for name in answers}
    return _object("Answers of environments of a fleet", _LAYER | removable)


def _object(title: str, properties: dict[str, Any]) -> dict[str, Any]:
    whole = {"$schema": _DIALECT, "title": title, "type": "object"}
    return whole | {"additionalProperties": False, "properties": properties}
