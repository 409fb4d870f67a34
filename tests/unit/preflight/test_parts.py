"""Selectors of a mesh, which people write as text: Kubernetes has not validated them."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring.preflight.parts import _matches


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
