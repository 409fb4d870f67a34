# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What an environment needs to know of itself: its objects, their releases, and what others provide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kserve_wiring.cluster.facts import Facts, make_facts
from kserve_wiring.manifests.environment import OWN_RELEASE, read_releases, render_environment
from kserve_wiring.manifests.extra import EXTRA
from kserve_wiring.manifests.load import Loaded
from kserve_wiring.manifests.objects import KubeObject, dig

_HOOK = "helm.sh/hook"


class Unusable(Exception):
    """The folder is no environment that can be rendered. A line for each reason."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment. created: the objects of its releases. patched: parts of objects that others create.

    namespaces: that of each release. values: of the chart kserve-environment. unread: releases without a chart.
    applied: releases whose objects kubectl applies.
    """

    created: list[KubeObject]
    patched: list[KubeObject]
    facts: Facts
    namespaces: Mapping[str, str]
    values: Mapping[str, Any]
    unread: list[str]
    applied: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The answer environment_name."""
        return str(self.value("environment") or "")

    def value(self, *path: str) -> Any:
        """A value of the chart kserve-environment; None if it is not set."""
        return dig(self.values, *path)

    def exists(self, component: str) -> bool:
        """Whether others have installed a component: certManager or istio."""
        return bool(self.value("components", component) == "existing")

    @property
    def used_namespaces(self) -> list[str]:
        """The namespaces of all objects."""
        return sorted({obj.namespace for obj in self.created if obj.namespace})


def read_environment(folder: Path, *, charts: str | None, helm: str) -> Environment:
    """Render an environment. Raises Unusable."""
    loaded = render_environment(folder, charts=charts, helm=helm)
    if loaded.problems:
        raise Unusable("\n".join(str(problem) for problem in loaded.problems))
    releases = read_releases(folder / "releases.yaml")
    namespaces = {release.name: release.namespace for release in releases}
    namespaces.setdefault(EXTRA, namespaces.get(OWN_RELEASE, ""))
    own = [obj for obj in loaded.objects if obj.source.release in namespaces and _HOOK not in obj.annotations]
    return Environment(
        [obj for obj in own if not obj.source.partial],
        [obj for obj in own if obj.source.partial],
        make_facts(loaded.objects, unread=loaded.unread),
        namespaces,
        _values(loaded),
        loaded.unread,
        frozenset(release.name for release in releases if release.applied),
    )


def _values(loaded: Loaded) -> Mapping[str, Any]:
    found = [one.obj.body for one in loaded.values if one.obj.name == OWN_RELEASE]
    return found[0] if found else {}
