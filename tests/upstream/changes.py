"""Objects with values changed at random places, for tests that ask both the checker and upstream."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from itertools import combinations
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from kserve_wiring.manifests.objects import KubeObject, ObjectRef

WIDER = os.environ.get("DIFFERENTIAL_EXAMPLES")
many = settings(max_examples=int(WIDER or 400), derandomize=not WIDER, deadline=None)
Change = tuple[tuple[str, ...], Any]


def changed(base: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    """A copy with values at dotted places; a later change replaces an earlier one."""
    body = deepcopy(base)
    for place, value in changes:
        holder = body
        for step in place[:-1]:
            inner = holder.get(step)
            holder[step] = inner if isinstance(inner, dict) else {}
            holder = holder[step]
        holder[place[-1]] = deepcopy(value)
    return body


def changes(table: dict[str, list[Any]], most: int = 4) -> st.SearchStrategy[list[Change]]:
    """Some of the places of a table, each with one of its values. The steps of a place are separated by a space."""
    return st.lists(st.sampled_from(_each(table)), max_size=most)


def pairs(table: dict[str, list[Any]]) -> Iterator[list[Change]]:
    """Every change alone, and every two at different places."""
    each = _each(table)
    yield from ([change] for change in each)
    yield from ([one, other] for one, other in combinations(each, 2) if one[0] != other[0])


def _each(table: dict[str, list[Any]]) -> list[Change]:
    return [(tuple(place.split()), value) for place, values in table.items() for value in values]


def as_object(body: dict[str, Any]) -> KubeObject:
    metadata = body["metadata"]
    return KubeObject(ObjectRef(body["apiVersion"], body["kind"], metadata["namespace"], metadata["name"]), body)
