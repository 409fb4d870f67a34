"""Changes values of an object, also inside the JSON and YAML texts that settings are written in."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import yaml

Body = dict[str, Any]
Edit = Callable[[Body], None]
# A step of a path: a key or an index, `json` or `yaml` for going into a text of that format.
Step = str | int

REMOVED = object()


def put(*path: Step, value: Any) -> Edit:
    """Sets the value at a path; REMOVED takes the key away.

    `put("data", "ingress", "json", "localGateway", value="a/b")` goes into the JSON text of a ConfigMap.
    """

    def edit(body: Body) -> None:
        _put(body, path, value)

    return edit


def every(*edits: Edit) -> Edit:
    """All of these changes, one after the other."""

    def edit(body: Body) -> None:
        for one in edits:
            one(body)

    return edit


def edited(body: Body, edit: Edit) -> Body:
    """A changed copy; AssertionError when the edit changes nothing."""
    copy = deepcopy(body)
    edit(copy)
    assert copy != body, "the edit changes nothing"
    return copy


def _put(holder: Any, path: tuple[Step, ...], value: Any) -> None:
    step, rest = path[0], path[1:]
    if not rest:
        if value is REMOVED:
            del holder[step]
        else:
            holder[step] = value
    elif rest[0] == "json":
        inner = json.loads(holder[step])
        _put(inner, rest[1:], value)
        holder[step] = json.dumps(inner)
    elif rest[0] == "yaml":
        inner = yaml.safe_load(holder[step])
        _put(inner, rest[1:], value)
        holder[step] = yaml.safe_dump(inner)
    else:
        _put(holder[step], rest, value)
