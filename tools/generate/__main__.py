"""Write the chart's values.schema.json and files/rules.yaml, includes/answers.schema.json and docs/rules.

Usage: python -m tools.generate.__main__ [--check]

Fragments in schemas/values/ form values.schema.json, because Helm does not follow references between schema files,
least of all offline. files/rules.yaml is a copy of schemas/rules.yaml, because a chart reads only its own files. The
schema of the answers comes from the questions of copier.yml (answers_schema.py), the pages of the rules from their
fixtures (rule_pages.py). --check writes nothing; the exit code is 1 if a file is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.console import ROOT
from tools.generate import answers_schema, rule_pages

FRAGMENTS = ROOT / "schemas" / "values"
RULES = ROOT / "schemas" / "rules.yaml"
CHART = ROOT / "charts" / "kserve-environment"

Schema = dict[str, Any]


def generated() -> dict[Path, str]:
    """Return each generated file with the text that it should have."""
    copied = "# Copied from schemas/rules.yaml by make generate: edit it there.\n" + RULES.read_text("utf-8")
    schema = json.dumps(values_schema(FRAGMENTS), indent=2, ensure_ascii=False) + "\n"
    return {
        CHART / "values.schema.json": schema,
        CHART / "files" / "rules.yaml": copied,
        **rule_pages.pages(),
        answers_schema.SCHEMA: json.dumps(answers_schema.answers_schema(), indent=2) + "\n",
    }


def values_schema(fragments: Path) -> Schema:
    """Assemble the schema of the values from a folder of fragments.

    root.yaml is the head, definitions.yaml holds the types for `use`, every other file holds top-level values. Raises
    KeyError for an undefined type and ValueError for a value that two files define.
    """
    definitions = _load(fragments / "definitions.yaml")
    properties: Schema = {}
    for path in sorted(fragments.glob("*.yaml")):
        if path.stem in ("root", "definitions"):
            continue
        for name, schema in _load(path).items():
            if name in properties:
                raise ValueError(f"{path.name} defines {name} a second time")
            properties[name] = schema
    return closed(inlined({**_load(fragments / "root.yaml"), "properties": properties}, definitions))


def inlined(node: Any, definitions: Schema) -> Any:
    """Replace every `use: <name>` by the definition, and merge the keys next to it over the definition."""
    if isinstance(node, list):
        return [inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    name = node.get("use")
    if not isinstance(name, str):
        return {key: inlined(value, definitions) for key, value in node.items()}
    own = {key: inlined(value, definitions) for key, value in node.items() if key != "use"}
    return _merged(inlined(definitions[name], definitions), own)


def closed(schema: Schema) -> Schema:
    """Refuse unknown keys in every object that lists its keys, unless its schema allows them."""
    result = dict(schema)
    if "properties" in result:
        result["properties"] = {name: closed(value) for name, value in result["properties"].items()}
        result.setdefault("additionalProperties", False)
    if isinstance(result.get("items"), dict):
        result["items"] = closed(result["items"])
    return result


def _merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: _merged(base[key], value) if key in base else value for key, value in over.items()}


def _load(path: Path) -> Schema:
    loaded: Schema = yaml.safe_load(path.read_text("utf-8"))
    return loaded


def main(arguments: list[str]) -> int:
    """Write the generated files, or with --check name the stale ones; return the exit code."""
    stale = {path: text for path, text in generated().items() if not path.exists() or path.read_text("utf-8") != text}
    for path, text in stale.items():
        name = path.relative_to(ROOT)
        if "--check" in arguments:
            print(f"{name} is stale: run make generate", file=sys.stderr)
        else:
            path.write_text(text, "utf-8")
            print(f"wrote {name}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
