"""Doing what a fix says ends the finding in one round, and brings no new one."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from typing import Any

import pytest
import yaml

from kserve_wiring import Finding, Options, inspect, read
from kserve_wiring.manifests.load import Loaded, load_text
from tools.rules import Fixture, manifests

SET = re.compile(r"^(?:set|write) (?P<path>[^ ]+)(?: of (?P<kind>\w+) (?P<name>[^ ]+))? (?:to|as) (?P<value>.+)$")
FIXTURES = [fixture for fixture in manifests() if fixture.is_bad]
# A fix that names a form or a choice, or a value that only the user knows.
A_CHOICE = re.compile(r" or | and |\.\.\.|^the |<|^an? |^labels |^CODE|in base64|^at most |^one of |, so that")


def steps(path: str) -> list[str | int]:
    """The steps of a path as findings show it, as far as dots inside a key allow."""
    found: list[str | int] = []
    for part in path.split("."):
        name, _, rest = part.partition("[")
        found.append(name)
        found += [int(number) for number in re.findall(r"(\d+)\]", rest)]
    return found


def put(body: Any, path: list[str | int], value: Any) -> bool:
    """Set a value, also inside text that is JSON; keys with dots are tried whole. False if the path is not there."""
    step, rest = path[0], path[1:]
    if isinstance(body, list):
        if not isinstance(step, int) or step >= len(body):
            return False
        return _put_in(body, step, rest, value)
    if not isinstance(body, dict):
        return False
    if step not in body and step == "kubernetes":  # the prefix of Knative's feature flags
        step, rest = ".".join(map(str, path)), []
    for count in range(len(path), 0, -1):
        if all(isinstance(item, str) for item in path[:count]):
            key = ".".join(map(str, path[:count]))
            if key in body and (count > 1 or not rest):
                return _put_in(body, key, path[count:], value)
    if step not in body and rest:
        body[step] = {}
    return _put_in(body, step, rest, value)


def _put_in(body: Any, key: Any, rest: list[str | int], value: Any) -> bool:
    if not rest:
        body[key] = value
        return True
    if isinstance(body[key], str):
        try:
            inside = json.loads(body[key])
        except ValueError:
            return False
        done = put(inside, rest, value)
        body[key] = json.dumps(inside)
        return done
    return put(body[key], rest, value)


def repaired(fixture: Fixture, finding: Finding) -> Loaded | None:
    """The fixture after the fix; None if the fix leaves a choice to the user."""
    match = SET.match(finding.fix)
    if match is None or A_CHOICE.search(match["value"]):
        return None
    documents = [copy.deepcopy(item) for item in yaml.safe_load_all(fixture.path.read_text("utf-8")) if item]
    kind, name = match["kind"] or finding.object.kind, (match["name"] or str(finding.object.name)).rpartition("/")[2]
    value = yaml.safe_load(match["value"])
    for document in documents:
        same = document["kind"] == kind and document["metadata"]["name"] == name
        if (same and finding.object.namespace in ("", document["metadata"].get("namespace", ""))) or (
            same and match["kind"]
        ):
            if put(document, steps(match["path"]), value):
                return load_text(yaml.safe_dump_all(documents), "repaired.yaml")
            return None
    return None


def identity(finding: Finding) -> tuple[str, str, str]:
    return finding.code, str(finding.object), finding.path


def findings(fixture: Fixture) -> list[Finding]:
    return inspect(read(str(fixture.path)), Options(facts=fixture.facts)).findings


def test_many_fixes_are_literal() -> None:
    tried = [finding for fixture in FIXTURES for finding in findings(fixture) if repaired(fixture, finding)]
    assert len(tried) >= 60


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: f"{fixture.code}-{fixture.name}")
def test_a_fix_ends_the_finding(fixture: Fixture) -> None:
    found = findings(fixture)
    before = Counter(map(identity, found))
    for finding in found:
        loaded = repaired(fixture, finding)
        if loaded is not None:
            after = Counter(map(identity, inspect(loaded, Options(facts=fixture.facts)).findings))
            assert after[identity(finding)] < before[identity(finding)], finding.fix
            assert after - before == Counter(), finding.fix
