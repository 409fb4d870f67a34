# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW513: values that a chart does not know (wire W13)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.chart_values import ChartUse, chart_uses, knows_release, releases_with
from kserve_wiring.context import Context
from kserve_wiring.findings import Draft
from kserve_wiring.model import Model
from kserve_wiring.rules import rule


@rule("KW513")
def unknown_values(model: Model, context: Context) -> Iterator[Draft]:
    """Helm ignores a value that the chart does not know, and so does Argo CD (kserve/kserve#4335)."""
    for use in chart_uses(model):
        release = f"v{use.version.removeprefix('v')}"
        if not knows_release(use.name, release):
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
    return Draft("KW513", setting.obj, setting.path, args, fix=fix)


def _order(release: str) -> list[int]:
    return [int(part) for part in release.removeprefix("v").split(".")]
