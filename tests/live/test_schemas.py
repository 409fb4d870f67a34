"""The API server itself judges the objects that kserve_wiring.schemas judges, each broken at every place.

These come first, before any environment is installed: the API server alone answers, without webhooks of controllers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kserve_wiring.schemas.carried import KUBERNETES, project_of
from tests.live.bed.api import ApiError, until
from tests.live.bed.bed import Bed
from tests.upstream.mutants import DROPPED, Mutant, mutants, samples
from tools.generate.schemas import sources

pytestmark = pytest.mark.live
Object = dict[str, Any]

CRD = "apiextensions.k8s.io/v1/CustomResourceDefinition"
# The Kubernetes of the test bed.
RELEASE = "1.34"
STRICT = {"dryRun": "All", "fieldValidation": "Strict"}
# Rules of upstream's code that no schema has: of these, a schema sees neither an unknown field nor a wrong type.
BY_CODE = {
    "unknown Deployment spec.selector.matchLabels.bogusField",
    "unknown StatefulSet spec.selector.matchLabels.bogusField",
    "type Deployment spec.strategy.rollingUpdate.maxUnavailable",
    "type Deployment spec.template.spec.containers.0.resources.limits.memory",
    "type PodDisruptionBudget spec.minAvailable",
}


@pytest.fixture(scope="module")
def crds(bed: Bed) -> Iterator[None]:
    """The CRDs of the samples, each from the newest release, unless the test bed has one."""
    named = {crd["metadata"]["name"]: crd for project in sources.PROJECTS for crd in _needed(project)}
    here = {crd["metadata"]["name"] for crd in bed.api.list(CRD)}
    found = [_without_webhook(crd) for name, crd in named.items() if name not in here]
    try:
        for crd in found:
            bed.api.create(crd)
        for crd in found:
            until(crd["metadata"]["name"], lambda crd=crd: _established(bed, crd["metadata"]["name"]), 30, 0.2)
        yield
    finally:
        for crd in found:
            bed.api.delete(CRD, crd["metadata"]["name"])
        until("the CRDs are gone", lambda: {crd["metadata"]["name"] for crd in bed.api.list(CRD)} == here, 30, 0.2)


def _needed(project: str) -> Iterator[Object]:
    wanted = {(body["apiVersion"].rpartition("/")[0], body["kind"]) for body in samples()}
    for crd in sources.crd_objects(project, sources.newest(project)):
        if (crd["spec"]["group"], crd["spec"]["names"]["kind"]) in wanted:
            yield crd


def _without_webhook(crd: Object) -> Object:
    """The CRD without the conversion by a controller that does not run."""
    approval = "api-approved.kubernetes.io"
    annotations = {key: value for key, value in crd["metadata"].get("annotations", {}).items() if key == approval}
    spec = {key: value for key, value in crd["spec"].items() if key != "conversion"}
    return {**crd, "metadata": {"name": crd["metadata"]["name"], "annotations": annotations}, "spec": spec}


def _established(bed: Bed, name: str) -> bool:
    conditions = bed.api.get(CRD, name).get("status", {}).get("conditions") or []
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)


def refusal(bed: Bed, body: Object) -> str:
    """The API server's reason to refuse an object; "" if it accepts it."""
    namespace = "default" if "namespace" in body["metadata"] else ""
    path = bed.api.path(f"{body['apiVersion']}/{body['kind']}", namespace)
    try:
        bed.api.call("POST", path, body, query=STRICT)
    except ApiError as error:
        return str(error) or "refused"
    return ""


def misfits(body: Object) -> list[str]:
    group, _, version = body["apiVersion"].rpartition("/")
    project = project_of(group)
    assert project is not None
    release = RELEASE if project.name == KUBERNETES else project.releases[-1]
    return [misfit.text for misfit in project.node(group, body["kind"], version, release).misfits(body)]


@pytest.mark.rule("KW508")
@pytest.mark.parametrize("body", samples(), ids=lambda body: f"{body['apiVersion']}-{body['kind']}")
def test_the_api_server_judges_alike(bed: Bed, crds: None, body: Object) -> None:
    """What the checker reports, the API server refuses; it refuses no unknown field and no wrong type unreported.

    What the API server keeps, and the controller drops, is reported, too: DROPPED.
    """
    assert (refusal(bed, body), misfits(body)) == ("", [])
    judged = [(mutant, refusal(bed, mutant.body), misfits(mutant.body)) for mutant in mutants(body)]
    accepted = {str(mutant): found for mutant, refused, found in judged if found and not refused}
    assert {name: found for name, found in accepted.items() if name not in DROPPED} == {}
    unseen = [mutant for mutant, refused, found in judged if refused and not found]
    assert {str(mutant) for mutant in unseen if _is_for_schemas(mutant)} <= BY_CODE


def _is_for_schemas(mutant: Mutant) -> bool:
    return mutant.operator in ("unknown", "type")
