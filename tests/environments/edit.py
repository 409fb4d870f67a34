"""Changes values of an object, including values inside embedded JSON and YAML."""

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
    """Sets the value at a path; REMOVED removes the key.

    `put("data", "ingress", "json", "localGateway", value="a/b")` goes into the JSON text of a ConfigMap.
    """

    def edit(body: Body) -> None:
        _put(body, path, value)

    return edit


def every(*edits: Edit) -> Edit:
    """Applies all of these changes in order."""

    def edit(body: Body) -> None:
        for one in edits:
            one(body)

    return edit


def edited(body: Body, edit: Edit) -> Body:
    """Returns a changed copy. Raises AssertionError if the edit changes nothing."""
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
