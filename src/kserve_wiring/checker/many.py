# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Check several clusters, each on its own, on all processors."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kserve_wiring.checker.inspect import inspect
from kserve_wiring.checker.options import Options
from kserve_wiring.checker.origins import with_origins
from kserve_wiring.checker.pool import forked
from kserve_wiring.checker.report import Report
from kserve_wiring.manifests.clusters import ClusterPaths
from kserve_wiring.manifests.read import read

_FEW = 4
"""So many clusters take less time than starting more processes."""


def inspect_clusters(
    clusters: Sequence[ClusterPaths],
    options: Options,
    *,
    charts: str | None = None,
    helm: str = "helm",
    exclude: Collection[str] = (),
) -> list[Report]:
    """One report for each cluster, in the same order. exclude: patterns of the files and folders that are not read."""
    if len(clusters) > 1:
        # Whether an entry of the configuration ignores nothing shows only in all reports together.
        options = replace(options, configuration=None)
    check = partial(_check, options=options, charts=charts, helm=helm, exclude=exclude)
    reports = [check(one) for one in clusters[:_FEW]]
    return [*reports, *_in_parallel(check, clusters[_FEW:])]


def _in_parallel(check: partial[Report], clusters: Sequence[ClusterPaths]) -> Iterator[Report]:
    """Forked processes already have the renders of the first clusters, which most clusters share."""
    pool = forked() if clusters else None
    if pool is None:
        yield from map(check, clusters)
        return
    with pool:
        yield from pool.map(partial(_without_cluster, check), clusters, chunksize=_FEW)


def _without_cluster(check: partial[Report], cluster: ClusterPaths) -> Report:
    """A report that is small enough to be sent to another process."""
    report = replace(check(cluster), cluster=None)
    gc.collect()
    return report


def _check(
    cluster: ClusterPaths, *, options: Options, charts: str | None, helm: str, exclude: Collection[str]
) -> Report:
    report = inspect(read(cluster.paths, charts=charts, helm=helm, exclude=exclude), options)
    if report.environment and report.findings:
        folder = Path(report.environment)
        report.findings = with_origins(report.findings, folder, charts=charts, helm=helm)
    return report
