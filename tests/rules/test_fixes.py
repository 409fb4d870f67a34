"""Doing what a fix says ends the finding in one round, and brings no new one."""

from __future__ import annotations

from collections import Counter

import pytest

from kserve_wiring import Finding, Options, inspect, read
from kserve_wiring.checker.fix import apply
from kserve_wiring.manifests.load import Loaded
from tools.rules import Fixture, manifests

FIXTURES = [fixture for fixture in manifests() if fixture.is_bad]
# The key that is meant is there already, with another value.
KEPT = {("KW303", "bad-typo", "data.ingress.localGatewayServce")}


def identity(finding: Finding) -> tuple[str, str, str]:
    return finding.code, str(finding.object), finding.path


def identities(loaded: Loaded, fixture: Fixture) -> Counter[tuple[str, str, str]]:
    return Counter(map(identity, inspect(loaded, Options(facts=fixture.facts)).findings))


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: f"{fixture.code}-{fixture.name}")
def test_a_fix_ends_the_finding(fixture: Fixture) -> None:
    loaded = read(str(fixture.path))
    found = inspect(loaded, Options(facts=fixture.facts)).findings
    before = Counter(map(identity, found))
    for finding in (one for one in found if one.edit):
        changed, made = apply(loaded, [finding])
        if (finding.code, fixture.name, finding.path) in KEPT:
            assert not made
            continue
        assert made == [finding]
        after = identities(changed, fixture)
        assert after[identity(finding)] < before[identity(finding)], finding.fix
        assert after - before == Counter(), finding.fix


@pytest.mark.parametrize(
    ("code", "name", "path", "to"),
    [
        ("KW401", "bad-service", ("data", "ingress", "localGatewayService"), "ml-local.ml-gateway.svc.cluster.local"),
        ("KW403", "bad-pods-label", ("spec", "template", "metadata", "labels", "istio"), "ml-local"),
        ("KW535", "bad-labels", ("spec", "template", "metadata", "labels", "sidecar.istio.io/inject"), "true"),
        ("KW608", "bad-oci", ("data", "storageInitializer", "enableModelcar"), True),
    ],
)
def test_the_edit_is_what_the_text_says(code: str, name: str, path: tuple[str, ...], to: object) -> None:
    fixture = next(one for one in FIXTURES if (one.code, one.name) == (code, name))
    found = inspect(read(str(fixture.path)), Options(facts=fixture.facts)).findings
    edits = [(one.edit.path, one.edit.to) for one in found if one.edit]
    assert (path, to) in edits
