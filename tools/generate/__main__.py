"""Write the catalogue of the rules and their pages, what the chart carries, and the schemas of an environment.

Usage: python -m tools.generate [--check]

rules/*/rule.yaml give the catalogue of the program and its copy in the chart, because a chart reads only its own files.
The fragments in schemas/values/ form values.schema.json and files/values.yaml (values_schema.py), because Helm does not
follow references between schema files, least of all offline; the stacks form files/images.yaml (chart_images.py). The
schema of the answers comes from the questions of copier.yml (answers_schema.py), as do their checks before Copier asks
(answers_check.py) and before it uses an answer (answers_fit.py), the answers that set a value from the templates of
values files (values_answers.py), the schemas of a fleet (fleet_schemas.py), what upstream reads from surfaces/*.yaml
(surfaces/accounts.py), the pages of the rules (rule_pages.py), of the symptoms (symptom_page.py) and of the faults of
the live tests (fault_page.py), and the list of rules without a live test (live_rules.py) from their folders. The manual
pages come from the parser of the program (man_pages.py), the schema of its configuration file from what it reads
(configuration_schema.py, schemastore.py). The version of the package goes into the files that name it (version.py).
--check writes nothing; the exit code is 1 if a file is stale or something is missing in the
folder of a rule (rule_faults.py).
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
from tools.generate import (
    answers_check,
    answers_fit,
    answers_schema,
    chart_images,
    configuration_schema,
    fault_page,
    fleet_schemas,
    live_rules,
    man_pages,
    rule_pages,
    schemastore,
    symptom_page,
    values_answers,
    values_schema,
    version,
)
from tools.generate.rule_faults import code_faults, folder_faults
from tools.generate.surfaces import accounts
from tools.rules import rule_folders

FRAGMENTS = ROOT / "schemas" / "values"
CATALOGUE = ROOT / "src" / "kserve_wiring" / "data" / "rules.json"
CHART = ROOT / "charts" / "kserve-environment"


def catalogues() -> dict[Path, str]:
    """What the program needs to write the pages: the catalogue, also for the chart, and what upstream reads."""
    entries = {code: folder.run_time for code, folder in rule_folders().items()}
    carried = _yaml("rules/*/rule.yaml", entries)
    text = json.dumps(entries, ensure_ascii=False) + "\n"  # JSON is read in a tenth of the time
    return {CATALOGUE: text, CHART / "files" / "rules.yaml": carried, accounts.DATA: accounts.data()}


def generated() -> dict[Path, str]:
    """Every other generated file with the text that it should have. The pages need a catalogue that is fresh."""
    return {
        **chart_values(),
        CHART / "files" / "images.yaml": _yaml("stacks/*.yaml and stacks/common/images.yaml", chart_images.catalogue()),
        **rule_pages.pages(),
        live_rules.README: live_rules.readme(),
        symptom_page.PAGE: symptom_page.page(),
        **fault_page.pages(),
        **man_pages.pages(),
        values_answers.TARGET: values_answers.text(),
        answers_check.TARGET: answers_check.text(),
        answers_fit.TARGET: answers_fit.text(),
        answers_schema.SCHEMA: json.dumps(answers_schema.answers_schema(), indent=2) + "\n",
        configuration_schema.SCHEMA: json.dumps(configuration_schema.configuration_schema(), indent=2) + "\n",
        **{path: json.dumps(schema, indent=2) + "\n" for path, schema in fleet_schemas.fleet_schemas().items()},
        **schemastore.files(),
        **version.carried(),
    }


def chart_values() -> dict[Path, str]:
    """The schema of the chart's values, and the limits that its validation checks."""
    whole = values_schema.merged_fragments(FRAGMENTS)
    names: dict[str, list[str]] = {}
    for name, path in values_schema.places(whole):
        names.setdefault(name, []).append(path)
    unique = {name: paths[0] for name, paths in sorted(names.items()) if len(paths) == 1 and paths[0] != name}
    tree = values_schema.limits(whole, values_schema.load(CHART / "values.yaml"))
    schema = json.dumps(values_schema.types(whole), indent=2, ensure_ascii=False) + "\n"
    return {
        CHART / "values.schema.json": schema,
        CHART / "files" / "values.yaml": _yaml("schemas/values/*.yaml", {"places": unique, **tree}),
    }


def _yaml(source: str, content: Any) -> str:
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=sys.maxsize)
    return f"# Written by make generate: edit {source}.\n{text}"


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
