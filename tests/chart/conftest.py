"""Renders the chart with a real helm, each set of values once per session."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.console import ROOT
from tools.upstream.helm import Helm

CHART = ROOT / "charts" / "kserve-environment"
VALUES = Path(__file__).parent / "values"
# A tenth of the time of the one in Python, where PyYAML has it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Object = dict[str, Any]
Values = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """The result of `helm template`: the manifest or an error."""

    manifest: str
    error: str

    @property
    def objects(self) -> list[Object]:
        """The objects of the manifest; fails the test if helm failed."""
        assert not self.error, self.error
        return [document for document in yaml.load_all(self.manifest, LOADER) if document]

    @property
    def findings(self) -> list[str]:
        """The lines of the chart's validation; fails the test if the chart rendered."""
        assert "the values disagree:" in self.error, self.error or "the values were accepted"
        return [line for line in self.error.splitlines() if line.startswith("[")]

    @property
    def faults(self) -> list[str]:
        """The lines about single values; fails the test if the chart rendered, or if values disagree."""
        assert "the values are invalid:" in self.error, self.error or "the values were accepted"
        return [line for line in self.error.splitlines() if line.startswith("values: ")]


class Chart:
    """The chart, rendered by one helm."""

    def __init__(self, helm: str) -> None:
        self.helm = helm
        self._outcomes: dict[str, Outcome] = {}

    def render(self, values: Values, namespace: str = "kserve") -> Outcome:
        """Renders the chart with these values over its defaults."""
        key = json.dumps([values, namespace])
        if key not in self._outcomes:
            self._outcomes[key] = self._render(values, namespace)
        return self._outcomes[key]

    def _render(self, values: Values, namespace: str) -> Outcome:
        command = [self.helm, "template", "env", str(CHART), "--namespace", namespace, "--values", "-"]
        # JSON, because YAML of one reader is not that of another: 1e6 is text here and a number to helm.
        done = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)
        return Outcome(done.stdout, done.stderr if done.returncode else "")


def merged(base: Values, over: Values) -> Values:
    """Merges like helm: maps by key, everything else is replaced."""
    both_maps = {key for key, value in over.items() if isinstance(value, dict) and isinstance(base.get(key), dict)}
    return base | over | {key: merged(base[key], over[key]) for key in both_maps}


def named(name: str, **over: Any) -> Values:
    """The values file with this name, with some values changed."""
    return merged(yaml.safe_load((VALUES / f"{name}.yaml").read_text("utf-8")), over)


def only(objects: list[Object], kind: str, name: str | None = None, namespace: str | None = None) -> Object:
    """The one object of this kind, name and namespace."""
    found = [
        item
        for item in objects
        if item["kind"] == kind
        and name in (None, item["metadata"]["name"])
        and namespace in (None, item["metadata"].get("namespace"))
    ]
    assert len(found) == 1, f"{len(found)} of {kind} {namespace}/{name}"
    return found[0]


def identities(objects: list[Object]) -> list[str]:
    """The objects as sorted Kind/namespace/name."""
    return sorted(f"{o['kind']}/{o['metadata'].get('namespace', '')}/{o['metadata']['name']}" for o in objects)


@pytest.fixture(scope="session")
def chart(newest_helm: Helm) -> Chart:
    """The chart, rendered by the newest helm."""
    return Chart(newest_helm.path)


@pytest.fixture(scope="session")
def wiring(chart: Chart) -> Callable[[Values], list[Object]]:
    """Objects of part=wiring."""
    return lambda values: chart.render(values | {"part": "wiring"}).objects
