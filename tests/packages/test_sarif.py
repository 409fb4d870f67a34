"""A report in SARIF, judged by the validator of the people who write SARIF's viewer for VS Code."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kserve_wiring.cli import main as cli
from tools.rules import RULES

PACKAGE = "@microsoft/sarif-multitool-linux"
# The validator misses an address of the tool, which has none before it is published.
EXPECTED = {"SARIF2005"}


@pytest.fixture(scope="module")
def validator(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("npm") or (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("needs npm, and Linux on x86_64")
    folder = tmp_path_factory.mktemp("sarif")
    subprocess.run(["npm", "install", "--silent", "--no-audit", f"{PACKAGE}@5.7.0"], cwd=folder, check=True)
    program = folder / "node_modules" / PACKAGE / "Sarif.Multitool"
    program.chmod(0o755)
    return program


def faults(validator: Path, log: Path) -> set[str]:
    """The rules of SARIF for which the validator has an error or a warning."""
    # It has no ICU, and need not look whether the address of the schema answers.
    settings = {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "HTTPS_PROXY": "http://127.0.0.1:9"}
    target = log.with_name("judged.sarif")
    command = [validator, "validate", log, "--output", target, "--log", "ForceOverwrite"]
    subprocess.run(command, env=os.environ | settings, capture_output=True, check=False)
    judged: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return {result["ruleId"] for run in judged["runs"] for result in run["results"]}


def test_a_report_is_valid(validator: Path, tmp_path: Path) -> None:
    log = tmp_path / "wiring.sarif"
    paths = [str(RULES / code) for code in ("KW001", "KW102", "KW403", "KW508")]
    assert cli.main(["check", *paths, "--format", "sarif", "--output-file", str(log)]) == 1
    assert len(json.loads(log.read_text(encoding="utf-8"))["runs"][0]["results"]) > 5
    assert faults(validator, log) == EXPECTED
    wrong = json.loads(log.read_text(encoding="utf-8"))
    wrong["runs"][0]["results"][0]["ruleIndex"] = 1000
    log.write_text(json.dumps(wrong), encoding="utf-8")
    assert faults(validator, log) - EXPECTED, "the check can fail"
