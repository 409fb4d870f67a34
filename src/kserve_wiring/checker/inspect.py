# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The Python API of the checker: from loaded objects to a report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from os import PathLike
from typing import Any

from kserve_wiring.checker.apply import apply_rules, chosen
from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.known import disputes, facts_of, relevant, several_clusters, unknown
from kserve_wiring.checker.options import Options
from kserve_wiring.checker.report import Report
from kserve_wiring.checker.wording import Lines
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import make_facts
from kserve_wiring.data import LEVELS
from kserve_wiring.manifests.clusters import clusters
from kserve_wiring.manifests.load import Loaded
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.manifests.read import Input, read


def check(
    inputs: Input | Iterable[Input],
    *,
    context: Mapping[str, Any] | None = None,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    level: str = "info",
    charts: str | None = None,
    helm: str = "helm",
) -> list[Finding]:
    """Read manifests and return the findings.

    inputs: paths, parsed manifests or loaded objects, together one cluster, except that each environment among or below
    the paths is a cluster of its own. context: facts by key, see
    kserve_wiring.cluster.facts.Facts. select and ignore: codes or prefixes of codes, such as ``KW4``. level: the lowest
    level to return. charts: folder with upstream charts, for an environment folder. helm: the helm program.
    Raises FactsError when a fact has an unknown key. Skips what it cannot read; ``inspect`` reports that too.
    """
    options = Options(select=select, ignore=ignore, level=level, facts=context or {})
    found = [inspect(read(one, charts=charts, helm=helm), options).findings for one in _clusters(inputs)]
    return [finding for findings in found for finding in findings]


def _clusters(inputs: Input | Iterable[Input]) -> list[list[Input]]:
    """The inputs of each cluster. What is not a path belongs to the manifests that are in no environment."""
    items = [inputs] if isinstance(inputs, (str, PathLike, Mapping, KubeObject)) else list(inputs)
    found = clusters(str(item) for item in items if isinstance(item, (str, PathLike)))
    groups: list[list[Input]] = [[*one.paths] for one in found]
    if len(found) > 1 and found[-1].environment:
        groups.append([])
    groups[-1] += [item for item in items if not isinstance(item, (str, PathLike))]
    return [group for group in groups if group]


def inspect(loaded: Loaded, options: Options | None = None) -> Report:
    """Check what was loaded. Raises FactsError when a fact has an unknown key."""
    options = options or Options()
    lines = Lines()
    facts = make_facts(loaded.objects, options.facts, options.origins, loaded.unread)
    cluster = Cluster(loaded.objects, facts, loaded.values)
    findings, waived = apply_rules(cluster, options, lines, complete=not loaded.problems)
    findings = [replace(finding, environment=loaded.environment) for finding in findings]
    waived = [replace(item, finding=replace(item.finding, environment=loaded.environment)) for item in waived]
    allowed = LEVELS[: LEVELS.index(options.level) + 1]
    missing = unknown(facts, chosen(options.select, options.ignore))
    return Report(
        findings=[finding for finding in findings if finding.level in allowed],
        waived=[item for item in waived if item.finding.level in allowed],
        problems=loaded.problems,
        notes=[*loaded.notes, *several_clusters(loaded.objects), *disputes(facts, lines.of)],
        objects=len(loaded.objects),
        facts=facts_of(facts, lines.of),
        unknown=missing,
        checked_less=relevant(cluster, missing),
        cluster=cluster,
        environment=loaded.environment,
        releases=loaded.releases,
        unread=loaded.unread,
    )
