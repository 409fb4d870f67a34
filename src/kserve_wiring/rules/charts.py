# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW513 and KW518: charts that a release does not have, and values that a chart does not define (wire W13)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from kserve_wiring.cluster.charts import (
    ChartUse,
    chart_uses,
    has_release,
    is_published,
    name_in,
    published_charts,
    releases_with,
)
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.manifests.known_values import ReleaseValues
from kserve_wiring.manifests.objects import KeyPath, show_path
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, set_to, single

_UPSTREAM = "ghcr.io/kserve/charts"
_EXACT = re.compile(r"v?\d+\.\d+\.\d+(?:-rc\d+)?")
# Registries that serve charts only as OCI artifacts.
_OCI_HOSTS = re.compile(r"^https?://(?:ghcr\.io|quay\.io|docker\.io|registry-1\.docker\.io|public\.ecr\.aws)(?:/|$)")


@rule("KW513")
def unknown_values(cluster: Cluster) -> Iterator[Draft]:
    """Helm and Argo CD ignore a value that the chart does not define (kserve/kserve#4335)."""
    for use in chart_uses(cluster.objects):
        release = f"v{use.version.removeprefix('v')}"
        if not has_release(use.name, release):
            continue
        for value in use.values:
            others = releases_with(use.name, value) or []
            if release not in others:
                yield _unknown(use, release, value, others)
    for values in cluster.values:
        for path, read in values.unknown():
            yield _unknown_key(values, path, read)


def _unknown_key(values: ReleaseValues, path: KeyPath, read: list[str]) -> Draft:
    *above, key = path
    names = [str(name) for name in read]
    # difflib finds `httsp` nearer to `http` than to `https`, in which two letters have changed places.
    swapped = [name for name in names if sorted(name) == sorted(str(key))]
    near = swapped[:1] or difflib.get_close_matches(str(key), names, n=1, cutoff=0.5)
    meant = show_path((*above, *near))
    name, _, version = values.chart.partition(" ")
    args = {"key": f"values/{values.obj.name}.yaml", "value": show_path(path), "chart": name, "release": version}
    args["reason"] = f"; did you mean {meant}?" if near else ""
    fix = f"rename {show_path(path)} to {meant}" if near else ""
    return Draft(values.obj, path, args, fix=fix)


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


@rule("KW518")
def unpublished_charts(cluster: Cluster) -> Iterator[Draft]:
    """The chart cannot be pulled: it has another name in this release, or its address another form."""
    for use in chart_uses(cluster.objects):
        yield from _release_without(use)
        yield from _addresses(use)
    yield from _helm_repositories(cluster)


def _release_without(use: ChartUse) -> Iterator[Draft]:
    upstream = _UPSTREAM in use.repository
    version = version_tuple(use.version) if _EXACT.fullmatch(use.version) else None
    if use.name not in published_charts():
        near = difflib.get_close_matches(use.name, published_charts(), n=1, cutoff=0.8) if upstream else []
        if near:
            yield _renamed(use, f"{_UPSTREAM} has no such chart", near[0], "")
        return
    if version is None:
        return
    if not is_published(use.name, version):
        other = name_in(use.name, version)
        reason = f"KServe {use.version} has no chart {use.name}" + (f", it was renamed to {other}" if other else "")
        yield _renamed(use, reason, other, "" if upstream else "warning")
    elif upstream and not use.version.startswith("v"):
        reason = f"the tags of {_UPSTREAM} begin with v"
        yield single(use.version_at, reason=reason, suggestion=f"set {use.version_at.key} to v{use.version}")


def _renamed(use: ChartUse, reason: str, other: str, level: str) -> Draft:
    whole = use.name_at.text()
    name = f"{whole.removesuffix(use.name)}{other}"
    suggestion = set_to(use.name_at, name) if other else f"use a release that has {use.name}"
    return single(use.name_at, reason=reason, suggestion=suggestion, level=level)


def _addresses(use: ChartUse) -> Iterator[Draft]:
    """How Argo CD spells the registry of a chart."""
    obj, path = use.name_at.obj, use.name_at.path
    if obj.group != "argoproj.io" or path[-1] != "chart":
        return
    address = at(obj, *path[:-1], "repoURL")
    if use.repository.startswith("oci://"):
        reason = "with chart, Argo CD expects the registry without oci://"
        plain = use.repository.removeprefix("oci://")
        yield single(address, reason=reason, suggestion=set_to(address, plain), level="warning")
    elif _OCI_HOSTS.match(use.repository):
        reason = (
            "this registry has no index of charts; for an OCI registry, Argo CD expects the address without a scheme"
        )
        plain = use.repository.partition("://")[2]
        yield single(address, reason=reason, suggestion=set_to(address, plain), level="warning")
    elif _ends_with_chart(use, at(obj, *path).text()):
        reason = f"Argo CD appends the chart and asks for {use.repository.rstrip('/')}/{use.name}"
        plain = use.repository.rstrip("/").removesuffix(f"/{use.name}")
        yield single(address, reason=reason, suggestion=set_to(address, plain), level="warning")


def _ends_with_chart(use: ChartUse, chart: str) -> bool:
    """True if the address of an OCI registry already has the chart below host and organisation."""
    address = use.repository.rstrip("/")
    return chart == use.name and "://" not in address and address.count("/") > 1 and address.endswith(f"/{chart}")


def _helm_repositories(cluster: Cluster) -> Iterator[Draft]:
    """Flux: the type oci and the scheme oci:// belong together."""
    for obj in cluster.of_kind("HelmRepository"):
        address, kind = at(obj, "spec", "url"), obj.get("spec", "type")
        text = address.text()
        if text.startswith("oci://") and kind != "oci":
            setting = at(obj, "spec", "type")
            yield single(setting, reason=f"the address is {text}", suggestion=set_to(setting, "oci"))
        elif kind == "oci" and text and not text.startswith("oci://"):
            reason = "for the type oci, Flux expects an address with oci://"
            yield single(
                address, reason=reason, suggestion=f"set {address.key} to oci://{text.partition('://')[2] or text}"
            )
