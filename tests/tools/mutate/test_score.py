"""Named slips, and a sample of all, in a team's objects without an environment around them."""

from __future__ import annotations

import re
from functools import cache

import pytest

from kserve_wiring import inspect
from kserve_wiring.manifests.load import Loaded
from tools.mutate.__main__ import report
from tools.mutate.accounts import account_of, accounts
from tools.mutate.operators import OPERATORS
from tools.mutate.page import PAGE
from tools.mutate.score import Outcome, Slip, outcomes, sampled, slips
from tools.mutate.subjects import user_objects

SAMPLE = 150
# Object, place, operator, and the codes that find the slip. At least one slip of each operator that a manifest shows.
FOUND = [
    ("models-s3", "Secret metadata.name", "misspell", {"KW519"}),
    ("models-s3", "Secret metadata.name", "swap", {"KW519"}),
    ("models-s3", "Secret metadata.annotations.serving.kserve.io/s3-usehttps", "empty", {"KW312"}),
    ("models-s3", "Secret metadata.annotations.serving.kserve.io/s3-endpoint", "add scheme", {"KW312"}),
    ("models-s3", "Secret stringData.AWS_ACCESS_KEY_ID", "delete", {"KW312"}),
    ("storage-config", "Secret metadata.namespace", "case", {"KW316", "KW528"}),
    ("models", "ServiceAccount secrets[].name", "delete", {"KW538"}),
    ("weights", "PersistentVolumeClaim spec.resources.requests.storage", "misspell", {"KW306"}),
    ("weights", "PersistentVolumeClaim spec.accessModes[]", "empty", {"KW528"}),
    ("vision-runtime", "ServingRuntime spec.containers[].image", "delete", {"KW314"}),
    ("detector", "InferenceService spec.predictor.minReplicas", "wrong type", {"KW508"}),
    ("detector", "InferenceService spec.predictor.serviceAccountName", "level down", {"KW508"}),
    ("detector", "InferenceService spec.predictor.model.protocolVersion", "misspell key", {"KW508"}),
    ("portal", "Service spec.template.metadata.annotations.autoscaling.knative.dev/min-scale", "level up", {"KW508"}),
    ("portal.corp.local", "DomainMapping spec.ref.apiVersion", "trailing slash", {"KW519"}),
    ("portal.corp.local", "DomainMapping spec.ref.apiVersion", "add port", {"KW519"}),
    ("web", "Service spec.selector.app", "case", {"KW529"}),
    ("web", "Service spec.ports[].targetPort", "delete", {"KW529"}),
    ("web", "VirtualService metadata.namespace", "other namespace", {"KW561"}),
    ("web", "VirtualService spec.hosts[]", "trailing dot", {"KW423"}),
    ("team-gateway", "Gateway spec.servers[].tls.mode", "delete", {"KW424"}),
    ("web", "NetworkPolicy metadata.namespace", "misspell", {"KW560"}),
]
# What the sample needs an environment for: its registry, its gateways, and that nothing else exists.
NOT_ALONE = {
    "`Deployment spec.template.spec.serviceAccountName` of web: empty",
    "`Gateway spec.selector.istio` of team-gateway: empty",
    "`InferenceService spec.predictor.serviceAccountName` of tagged: delete",
    "`InferenceService spec.transformer.serviceAccountName` of detector: delete",
    "`ServingRuntime spec.containers[].image` of vision-runtime: case",
}
# The environment lists this Secret as existing.
ONLY_ALONE = {"`Secret metadata.name` of harbor-pull: misspell"}


@cache
def alone() -> tuple[Loaded, list[Slip]]:
    """The objects of the team, and all slips in them."""
    loaded = Loaded(objects=user_objects())
    return loaded, slips(loaded, loaded.objects)


def run(wanted: list[Slip]) -> list[Outcome]:
    return list(outcomes(alone()[0], wanted))


def key(slip: Slip) -> tuple[str, str, str]:
    return slip.place, slip.obj.name, slip.mutant.operator


def named(name: str, place: str, operator: str) -> list[Slip]:
    return [slip for slip in alone()[1] if key(slip) == (place, name, operator)]


def test_the_objects_have_no_finding() -> None:
    assert [f"{finding.code} {finding.object}" for finding in inspect(alone()[0]).findings] == []


@pytest.mark.parametrize(("name", "place", "operator", "codes"), FOUND)
def test_a_slip_is_found(name: str, place: str, operator: str, codes: set[str]) -> None:
    wanted = named(name, place, operator)
    assert wanted
    assert [set(outcome.found) for outcome in run(wanted)] == [codes] * len(wanted)


def test_a_sample() -> None:
    """The slips of the sample that no rule finds, each by its place."""
    found = run(sampled(alone()[1], SAMPLE))
    assert {str(one) for one in found if one.counts and not one.found} == NOT_ALONE, report(found)
    assert {str(one) for one in found if one.found and not one.counts} == ONLY_ALONE, "harmless, but reported"


def test_every_operator_is_described() -> None:
    assert {slip.mutant.operator for slip in alone()[1]} <= set(OPERATORS)


def test_an_account_is_about_a_slip() -> None:
    """It has a reason and some slip in the objects. The environment has more namespaces to confuse."""
    for one in accounts():
        assert len(one.reason) > 10
        assert any(
            one.covers(slip.place, slip.obj.name, operator)
            for slip in alone()[1]
            for operator in (slip.mutant.operator, "other namespace")
        ), one


def test_the_page_has_every_account() -> None:
    text = PAGE.read_text("utf-8")
    assert [one.reason for one in accounts() if f"| {one.reason} |" not in text] == []


def test_a_survivor_of_the_page_survives() -> None:
    """What the page lists as not found is not found, and it lists all that accounts.yaml has."""
    section = PAGE.read_text("utf-8").partition("## Not found")[2].partition("## ")[0]
    listed = {line.partition(" | ")[0].removeprefix("| ") for line in section.splitlines() if line.startswith("| `")}
    unseen = [slip for slip in alone()[1] if (account := account_of(*key(slip))) and account.counts]
    assert {str(one) for one in run(unseen) if not one.found} == listed


def test_the_score_of_the_page_adds_up() -> None:
    """The total is the sum of the operators, and what is not found is listed."""
    text = PAGE.read_text("utf-8")
    (total,) = re.findall(r"Found: (\d+) of (\d+) ", text)
    rows = re.findall(r"^\|.*\| (\d+) of (\d+) \(.*%\) \|$", text, re.MULTILINE)
    assert tuple(sum(map(int, column)) for column in zip(*rows, strict=True)) == tuple(map(int, total))
    assert int(total[1]) - int(total[0]) == text.partition("## Not found")[2].partition("## ")[0].count("\n| `")
    assert int(total[0]) / int(total[1]) > 0.95
