"""A value of the chart's raw configuration, at a field of files/wired-keys.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from tests.chart.conftest import CHART

WIRED: dict[str, dict[str, str]] = yaml.safe_load((CHART / "files" / "wired-keys.yaml").read_text("utf-8"))
_NAMES = {"deployments": "name", "workloads": "name", "env": "container", "envVars": "name"}


def nested(steps: Sequence[str], value: Any) -> Any:
    """A value at these steps. A step below a list is the name of an item."""
    if not steps:
        return value
    head, rest = steps[0], steps[1:]
    if head in _NAMES:
        return {head: [{_NAMES[head]: rest[0], **(nested(rest[1:], value) if rest[1:] else {"value": value})}]}
    return {head: nested(rest, value)}
