"""What https://www.schemastore.org takes, so that editors know .kserve-wiring.yaml everywhere, without a first line.

A schema of draft 7 in the style of its CONTRIBUTING.md: `anyOf` instead of a list of types, and nouns as titles; and
the entry of its catalogue. A person who publishes a release opens the pull request.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools.console import ROOT
from tools.generate.configuration_schema import configuration_schema

FOLDER = ROOT / "schemas" / "schemastore"
_URL = "https://www.schemastore.org/kserve-wiring.json"


def files() -> dict[Path, str]:
    """Both files with their texts."""
    content = {"catalog.json": entry(), "kserve-wiring.json": schema()}
    return {FOLDER / name: json.dumps(value, indent=2, sort_keys=True) + "\n" for name, value in content.items()}


def entry() -> dict[str, Any]:
    """The entry of the catalogue."""
    return {
        "name": "kserve-wiring",
        "description": "Configuration of kserve-wiring, which checks the settings of KServe, Knative and Istio",
        "fileMatch": [".kserve-wiring.yaml"],
        "url": _URL,
    }


def schema() -> dict[str, Any]:
    """The schema of the configuration file, for this place."""
    whole: dict[str, Any] = _one_type(configuration_schema())
    return whole | {"$schema": "http://json-schema.org/draft-07/schema#", "$id": _URL, "title": "kserve-wiring"}


def _one_type(part: Any) -> Any:
    """The same with `anyOf` for each list of types."""
    if isinstance(part, list):
        return [_one_type(item) for item in part]
    if not isinstance(part, dict):
        return part
    changed = {key: _one_type(value) for key, value in part.items()}
    if isinstance(changed.get("type"), list):
        changed["anyOf"] = [{"type": one} for one in changed.pop("type")]
    return changed
