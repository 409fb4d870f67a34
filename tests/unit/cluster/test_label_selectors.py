"""Selectors select as apimachinery's LabelSelectorAsSelector does."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring.cluster.label_selectors import asked_keys, matches

LABELS = {"app": "reader", "tier": "cpu"}


def by(operator: str, *values: str, key: str = "app") -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        ({}, True),
        ({"matchLabels": {"app": "reader"}}, True),
        ({"matchLabels": {"app": "writer"}}, False),
        ({"matchLabels": {"app": "reader"}, **by("Exists", key="zone")}, False),
        (by("In", "reader", "writer"), True),
        (by("In", "writer"), False),
        (by("In", "reader", key="zone"), False),
        (by("NotIn", "writer"), True),
        (by("NotIn", "reader"), False),
        (by("NotIn", "reader", key="zone"), True),
        (by("Exists"), True),
        (by("Exists", key="zone"), False),
        (by("DoesNotExist", key="zone"), True),
        (by("DoesNotExist"), False),
        (by("Is", "reader"), False),
    ],
)
def test_a_selector_selects(selector: dict[str, Any], selects: bool) -> None:
    assert matches(selector, LABELS) is selects


def test_the_keys_that_a_selector_asks_for() -> None:
    assert asked_keys({"matchLabels": {"app": "reader"}, **by("Exists", key="zone")}) == {"app", "zone"}
