"""A sample of the slips in a team's objects, without an environment around them."""

from __future__ import annotations

from kserve_wiring import inspect
from kserve_wiring.manifests.load import Loaded
from tools.mutate.__main__ import report
from tools.mutate.score import equivalents, outcomes
from tools.mutate.subjects import user_objects

SAMPLE = 150


def test_the_objects_have_no_finding() -> None:
    assert [f"{finding.code} {finding.object}" for finding in inspect(Loaded(objects=user_objects())).findings] == []


def test_a_sample_is_found() -> None:
    """As many as when the operators were last changed. The report names the others."""
    objects = user_objects()
    found = list(outcomes(Loaded(objects=objects), objects, SAMPLE))
    effective = [outcome for outcome in found if not outcome.reason]
    assert len(found) == SAMPLE
    assert sum(bool(outcome.found) for outcome in effective) / len(effective) >= 0.75, report(found)


def test_an_equivalent_has_a_reason() -> None:
    assert all(len(one.reason) > 10 for one in equivalents())
