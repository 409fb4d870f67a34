# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW513: values that a chart does not define (wire W13)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.charts import ChartUse, chart_uses, has_release, releases_with
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft


@rule("KW513")
def unknown_values(cluster: Cluster) -> Iterator[Draft]:
    """Helm and Argo CD ignore a value that the chart does not define (kserve/kserve#4335)."""
    for use in chart_uses(cluster):
        release = f"v{use.version.removeprefix('v')}"
        if not has_release(use.name, release):
            continue
        for value in use.values:
            others = releases_with(use.name, value) or []
            if release not in others:
                yield _unknown(use, release, value, others)


def _unknown(use: ChartUse, release: str, value: str, others: list[str]) -> Draft:
    setting = use.values[value]
    newer = next((other for other in others if _order(other) > _order(release)), "")
    older = others[-1] if others and not newer else ""
    reason = f"{newer} is the first to read it" if newer else f"{older} was the last to read it" if older else ""
    args = {"key": setting.key, "value": value, "chart": use.name, "release": release}
    args["reason"] = f"; {reason}" if reason else ""
    fix = f"upgrade to {use.name} {newer}, or remove {value}" if newer else ""
    return Draft(setting.obj, setting.path, args, fix=fix)


def _order(release: str) -> list[int]:
    return [int(part) for part in release.removeprefix("v").split(".")]
