"""The schema for SchemaStore in Ajv's strict mode, with which SchemaStore's own tests begin."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.generate import schemastore

CHECK = """
const Ajv = require("ajv")
const validate = new Ajv({strict: true}).compile(JSON.parse(require("fs").readFileSync(0, "utf8")))
console.log([{level: "error", ignore: {KW104: "no ko here"}}, {levels: "error"}].map((value) => validate(value)).join())
"""


@pytest.fixture(scope="module")
def ajv(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which node finds Ajv."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("needs node and npm")
    folder = tmp_path_factory.mktemp("ajv")
    subprocess.run(["npm", "install", "--silent", "--no-audit", "ajv@8.17.1"], cwd=folder, check=True)
    return folder


def compiled(folder: Path, schema: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "-e", CHECK], cwd=folder, input=json.dumps(schema), capture_output=True, text=True, check=False
    )


def test_the_schema_is_strict(ajv: Path) -> None:
    done = compiled(ajv, schemastore.schema())
    assert (done.stdout, done.stderr) == ("true,false\n", "")


def test_strict_mode_finds_a_slip(ajv: Path) -> None:
    slip = schemastore.schema() | {"additionalProperty": False}
    assert 'unknown keyword: "additionalProperty"' in compiled(ajv, slip).stderr
