# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The Python API: read, apply the rules, word the findings."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from kserve_wiring.checker.apply import apply_rules, chosen
from kserve_wiring.checker.duplicates import several_clusters
from kserve_wiring.checker.known import Fact, disputes, facts_of, unknown
from kserve_wiring.checker.report import LEVELS, Finding
from kserve_wiring.checker.waivers import Waived
from kserve_wiring.checker.wording import Lines
from kserve_wiring.cluster.cluster import Model
from kserve_wiring.cluster.facts import make_context
from kserve_wiring.manifests.load import Loaded, Problem, load_path, load_values
from kserve_wiring.manifests.objects import KubeObject

Input = str | PathLike[str] | Mapping[str, Any] | KubeObject
"""A path (file, directory, environment folder, ``-``), a parsed manifest, or an object that was loaded already."""


@dataclass(slots=True)
class Report:
    """What a run says.

    findings: sorted by object. problems: what could not be read. notes: what was left out or not decided. facts: what
    was known beside the manifests. unknown: the codes that checked less, by the fact that they lacked. waived: findings
    that the manifests waive. model: the index that the rules read.
    """

    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    objects: int = 0
    facts: list[Fact] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    waived: list[Waived] = field(default_factory=list)
    model: Model | None = field(default=None, repr=False)


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
    """Findings about manifests.

    inputs: paths, parsed manifests or loaded objects, together one cluster. context: facts by
    key, see kserve_wiring.cluster.facts.Context. select and ignore: codes or their beginnings, such as ``KW4``. level:
    the mildest level wanted. charts: folder with upstream charts, for an environment folder. helm: its program.
    Raises ContextError for a context with an unknown key. What cannot be read is left out; see ``inspect``.
    """
    report = inspect(inputs, context=context, select=select, ignore=ignore, level=level, charts=charts, helm=helm)
    return report.findings


def inspect(
    inputs: Input | Iterable[Input],
    *,
    context: Mapping[str, Any] | None = None,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    level: str = "info",
    charts: str | None = None,
    helm: str = "helm",
    origins: Mapping[str, str] | None = None,
    configuration: KubeObject | None = None,
) -> Report:
    """Like ``check``, together with what could not be read, what was left out and what was known.

    origins: where each fact of the context was said, as a finding is to name it. configuration: the file whose
    ``ignore`` is a part of ignore; KW002 names what of it is of no use.
    """
    allowed = LEVELS[: LEVELS.index(level) + 1]
    lines = Lines()
    with _without_collection():
        loaded = load_inputs(inputs, charts=charts, helm=helm)
        facts = make_context(loaded.objects, context, origins)
        model = Model(loaded.objects, facts, complete=not loaded.problems)
        findings, waived = apply_rules(model, select, ignore, configuration, lines)
    return Report(
        findings=[finding for finding in findings if finding.level in allowed],
        waived=[item for item in waived if item.finding.level in allowed],
        problems=loaded.problems,
        notes=[*loaded.notes, *several_clusters(loaded.objects), *disputes(facts, lines.of)],
        objects=len(loaded.objects),
        facts=facts_of(facts, lines.of),
        unknown=unknown(facts, chosen(select, ignore)),
        model=model,
    )


@contextmanager
def _without_collection() -> Iterator[None]:
    """No garbage collection meanwhile: all that is read stays, and looking through it again and again takes long."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def load_inputs(inputs: Input | Iterable[Input], *, charts: str | None = None, helm: str = "helm") -> Loaded:
    """Read everything. An environment folder (it has a releases.yaml) is rendered with helm."""
    loaded = Loaded()
    single = isinstance(inputs, (str, PathLike, Mapping, KubeObject))
    for item in [inputs] if single else inputs:  # type: ignore[union-attr]
        if isinstance(item, KubeObject):
            loaded.objects.append(item)
        elif isinstance(item, Mapping):
            loaded.objects += load_values([item])
        else:
            loaded.add(_load_one(str(item), charts, helm))
    return loaded


def _load_one(path: str, charts: str | None, helm: str) -> Loaded:
    if path != "-" and (Path(path) / "releases.yaml").is_file():
        from kserve_wiring.manifests.environment import render_environment

        return render_environment(Path(path), charts=charts, helm=helm)
    loaded = load_path(path)
    if not (loaded.objects or loaded.problems or loaded.notes):
        where = "standard input" if path == "-" else path
        loaded.notes.append(f"no manifest in {where}: nothing there has an apiVersion and a kind")
    return loaded
