"""Selectors of a mesh, which people write as text: Kubernetes has not validated them. And istiod's switch for pools."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring.cluster.facts import make_facts
from kserve_wiring.cluster.llm import POOL_SWITCH
from kserve_wiring.manifests.objects import KubeObject, ObjectRef
from kserve_wiring.preflight.environment import Environment
from kserve_wiring.preflight.parts import _istiod_settings, _matches


def expression(operator: object, values: object = None, key: object = "team") -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({"matchLabels": {"team": "ml"}}, True),
        ({"matchLabels": {"team": "web"}}, False),
        (expression("In", ["ml"]), True),
        (expression("In", ["web"]), False),
        (expression("NotIn", ["ml"]), False),
        (expression("Exists"), True),
        (expression("DoesNotExist"), False),
        ({**expression("In", ["ml"]), "matchLabels": {"team": "web"}}, False),
    ],
)
def test_a_selector(selector: dict[str, Any], selected: bool) -> None:
    assert _matches({"team": "ml"}, selector) is selected


@pytest.mark.parametrize(
    "selector",
    [
        {"matchExpressions": [{}]},
        {"matchExpressions": "team"},
        {"matchExpressions": [["team"]]},
        {"matchLabels": ["team"]},
        expression("Is", ["web"]),
        expression({"a": 1}, 5),
    ],
)
def test_what_is_no_selector_leaves_nothing_out(selector: dict[str, Any]) -> None:
    assert _matches({"team": "ml"}, selector)


def test_values_that_are_no_list_have_no_label() -> None:
    assert not _matches({"team": "ml"}, expression("In", 5))


@pytest.mark.parametrize(
    ("llm", "env", "reported"),
    [
        (True, [], True),
        (True, [{"name": POOL_SWITCH, "value": "false"}], True),
        (True, [{"name": POOL_SWITCH, "value": "false"}, {"name": POOL_SWITCH, "value": "true"}], False),
        (False, [], False),
    ],
)
def test_an_istiod_that_does_not_route_to_pools(llm: bool, env: list[dict[str, str]], reported: bool) -> None:
    containers = [{"name": "discovery", "image": "istio/pilot:1.30.3", "args": [], "env": env}]
    istiod = ObjectRef("apps/v1", "Deployment", "istio-system", "istiod")
    body = {"spec": {"template": {"spec": {"containers": containers}}}}
    values = {"versions": {"istio": "1.30.3"}, "llm": {"enabled": llm}}
    made = Environment([], [], make_facts([], {}), {}, values, [])
    assert list(_istiod_settings(KubeObject(istiod, body), made)) == (
        [
            "Deployment istio-system/istiod does not route to InferencePools: set its variable "
            "ENABLE_GATEWAY_API_INFERENCE_EXTENSION to true, or llm to false"
        ]
        if reported
        else []
    )
