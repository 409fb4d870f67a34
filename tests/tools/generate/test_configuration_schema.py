"""The schema of .kserve-wiring.yaml knows what the program knows."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from kserve_wiring.cli import main as cli
from tools.generate.configuration_schema import configuration_schema

GOOD = (
    "level: error",
    "select: [KW4, KW101]",
    "ignore: {KW104: nobody builds with ko here}",
    "facts: {registry: 'harbor:5000', offline: true, knative_version: 1.21, existing: [ConfigMap/a/b]}",
)
BAD = ("levels: error", "level: debug", "select: KW4", "ignore: [X1]", "facts: {registri: x}", "facts: {offline: 7}")


@pytest.mark.parametrize("text", [*GOOD, *BAD])
def test_the_schema_judges_as_the_program(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".kserve-wiring.yaml").write_text(text, encoding="utf-8")
    Path("manifest.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", encoding="utf-8")
    accepted = cli.main(["check", "manifest.yaml"]) != 2
    validator = jsonschema.Draft202012Validator(configuration_schema())
    assert (accepted, validator.is_valid(yaml.safe_load(text))) == (text in GOOD,) * 2
