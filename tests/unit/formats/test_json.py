"""JSON, on real findings: it follows the published schema."""

from __future__ import annotations

import json

import jsonschema
import pytest

from kserve_wiring.checker.report import Report
from kserve_wiring.formats.json import as_json
from tools.console import ROOT

SCHEMA = json.loads((ROOT / "schemas" / "findings.schema.json").read_text("utf-8"))


def test_json_is_of_the_published_schema(report: Report) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    document = json.loads(as_json(report))
    validator.validate(document)
    validator.validate(json.loads(as_json(Report())))
    document["findings"][0]["more"] = 1
    with pytest.raises(jsonschema.ValidationError, match="more"):
        validator.validate(document)
