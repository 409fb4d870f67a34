"""Every entry that the pinned releases read is in surfaces/*.yaml, and something accounts for it."""

from __future__ import annotations

import importlib
import re
import shutil

import pytest

from kserve_wiring.checker.apply import known_codes
from kserve_wiring.cluster.isvc_config import SCHEMAS
from tools.generate.surfaces import accounts
from tools.generate.surfaces.__main__ import main

WRITTEN = accounts.written()
ENTRIES = [(surface, entry) for surface, entries in WRITTEN.items() for entry in entries]
RULE = re.compile(r"rule (KW\d{3})(?: and (KW\d{3}))?")


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is missing, whose parser reads upstream's source")
def test_the_files_are_fresh(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Upstream has no entry that the lists lack, and they have none that upstream lacks."""
    monkeypatch.setattr("sys.argv", ["surfaces", "--check"])
    assert main() == 0, capsys.readouterr().err


@pytest.mark.parametrize(("surface", "entry"), ENTRIES, ids=[f"{surface}-{entry}" for surface, entry in ENTRIES])
def test_an_entry_has_an_account(surface: str, entry: str) -> None:
    account = WRITTEN[surface][entry]["account"]
    rule = RULE.fullmatch(account)
    if rule is not None:
        assert {code for code in rule.groups() if code} <= known_codes()
    elif account.startswith("parsed by "):
        importlib.import_module(account.removeprefix("parsed by "))
    else:
        assert re.fullmatch(r"free: .{8,}", account)


def test_the_fields_that_are_parsed_are_in_the_schema() -> None:
    parsed = [entry for entry, fields in WRITTEN["inferenceservice-config"].items() if "parsed by" in fields["account"]]
    assert [entry for entry in parsed if not _is_parsed(entry)] == []


def _is_parsed(entry: str) -> bool:
    value: object = SCHEMAS
    for step in entry.split("."):
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True
