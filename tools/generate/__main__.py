"""Write the catalogue of the rules and their pages, the chart's values.schema.json and includes/answers.schema.json.

Usage: python -m tools.generate [--check]

rules/*/rule.yaml give the catalogue of the program and its copy in the chart, because a chart reads only its own files.
The fragments in schemas/values/ form values.schema.json, because Helm does not follow references between schema files,
least of all offline. The schema of the answers comes from the questions of copier.yml (answers_schema.py), the pages of
the rules (rule_pages.py) and the list of rules without a live test (live_rules.py) from their folders. --check writes
nothing; the exit code is 1 if a file is stale or something is missing in the folder of a rule (rule_faults.py).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring.checker.apply import known_codes
from kserve_wiring.rules.catalogue import catalogue
from tools.console import ROOT
from tools.generate import answers_schema, live_rules, rule_pages
from tools.generate.rule_faults import code_faults, folder_faults
from tools.rules import rule_folders

FRAGMENTS = ROOT / "schemas" / "values"
CATALOGUE = ROOT / "src" / "kserve_wiring" / "data" / "rules.yaml"
CHART = ROOT / "charts" / "kserve-environment"

Schema = dict[str, Any]


def catalogues() -> dict[Path, str]:
    """The catalogue, for the program and for the chart, each with the text that it should have."""
    entries = {code: folder.run_time for code, folder in rule_folders().items()}
    text = "# Written by make generate: edit rules/*/rule.yaml.\n"
    text += yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=sys.maxsize)
    return {CATALOGUE: text, CHART / "files" / "rules.yaml": text}


def generated() -> dict[Path, str]:
    """Every other generated file with the text that it should have. The pages need a catalogue that is fresh."""
    schema = json.dumps(values_schema(FRAGMENTS), indent=2, ensure_ascii=False) + "\n"
    return {
        CHART / "values.schema.json": schema,
        **rule_pages.pages(),
        live_rules.README: live_rules.readme(),
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
    check = "--check" in arguments
    folders = rule_folders()
    faults = [fault for folder in folders.values() for fault in folder_faults(folder)]
    faults += code_faults(folders, known_codes())
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if faults or (_refresh(catalogues(), check=check) and check):
        return 1
    catalogue.cache_clear()
    return int(_refresh(generated(), check=check) and check)


def _refresh(files: dict[Path, str], *, check: bool) -> bool:
    """Write the stale ones of these files, or only name them; true when there is one."""
    stale = {path: text for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text}
    for path, text in stale.items():
        name = path.relative_to(ROOT)
        if check:
            print(f"{name} is stale: run make generate", file=sys.stderr)
        else:
            path.write_text(text, "utf-8")
            print(f"wrote {name}")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
