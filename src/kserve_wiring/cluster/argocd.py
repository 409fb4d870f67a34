# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Argo CD Applications and the sources of their objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.manifests.objects import KeyPath, KubeObject, mappings_of


def spec_of(app: KubeObject) -> KeyPath:
    """Path of the spec of an Application, also of the one that an ApplicationSet makes."""
    return ("spec", "template", "spec") if app.kind == "ApplicationSet" else ("spec",)


def sources(app: KubeObject) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Path and source of each source of an Application, from spec.source and spec.sources."""
    spec = spec_of(app)
    source = app.get(*spec, "source")
    if isinstance(source, Mapping):
        yield (*spec, "source"), source
    for index, item in mappings_of(app.get(*spec, "sources")):
        yield (*spec, "sources", index), item


def chart_of(source: Mapping[str, Any]) -> str:
    """Name of the chart of a source, without the path of an OCI registry; "" if it has none."""
    return str(source.get("chart") or "").rpartition("/")[2]
