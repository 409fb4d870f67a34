# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The Python API: read, apply the rules, word the findings."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from kserve_wiring.catalogue import catalogue, fill
from kserve_wiring.context import Context, make_context
from kserve_wiring.findings import LEVELS, Draft, Finding, Place
from kserve_wiring.load import Loaded, Problem, load_path, load_values
from kserve_wiring.model import Model
from kserve_wiring.objects import KubeObject, show_path
from kserve_wiring.rules import all_rules
from kserve_wiring.waivers import Waived, split

Input = str | PathLike[str] | Mapping[str, Any] | KubeObject
"""A path (file, directory, environment folder, ``-``), a parsed manifest, or an object that was loaded already."""


@dataclass(slots=True)
class Report:
    """What a run says.

    findings: sorted by object. problems: what could not be read. notes: what was left out on purpose. waived: findings
    that the manifests waive. model: the index that the rules read.
    """

    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    objects: int = 0
    context: Context = field(default_factory=Context)
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

    inputs: paths, parsed manifests or loaded objects, together one cluster. context: facts by key, see
    kserve_wiring.context.Context. select and ignore: codes or their beginnings, such as ``KW4``. level: the mildest
    level wanted. charts: folder with upstream charts, for an environment folder. helm: its program.
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
    context_source: str = "the context",
) -> Report:
    """Like ``check``, together with what could not be read and what was left out."""
    with _without_collection():
        loaded = load_inputs(inputs, charts=charts, helm=helm)
        facts = make_context(loaded.objects, context, context_source)
        model = Model(loaded.objects, facts)
        drafts = run_rules(model, facts, select, ignore)
    allowed = LEVELS[: LEVELS.index(level) + 1]
    found = [finding for finding in word(drafts) if finding.level in allowed]
    findings, waived = split(found, loaded.objects)
    return Report(findings, loaded.problems, loaded.notes, len(loaded.objects), facts, waived, model)


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
        from kserve_wiring.render import render_environment

        return render_environment(Path(path), charts=charts, helm=helm)
    return load_path(path)


def run_rules(
    model: Model, context: Context, select: Collection[str] = (), ignore: Collection[str] = ()
) -> list[Draft]:
    """Apply the selected rules."""
    drafts: list[Draft] = []
    for code, function in all_rules().items():
        if _chosen(code, select, ignore):
            drafts += function(model, context)
    return drafts


def _chosen(code: str, select: Collection[str], ignore: Collection[str]) -> bool:
    selected = not select or any(code.startswith(prefix) for prefix in select)
    return selected and not any(code.startswith(prefix) for prefix in ignore)


def word(drafts: Sequence[Draft]) -> list[Finding]:
    """Findings of drafts: wording from the catalogue, lines from the text, equal ones once, sorted by object."""
    lines = _Lines()
    found: dict[tuple[Any, ...], Finding] = {}
    for draft in drafts:
        finding = _word_one(draft, lines)
        found.setdefault(
            (finding.code, finding.object, finding.path, finding.message, finding.file, finding.line), finding
        )
    return sorted(found.values(), key=_order)


def _order(finding: Finding) -> tuple[Any, ...]:
    ref = finding.object
    return (ref.kind, ref.namespace, ref.name, finding.file, finding.code, finding.path, finding.message)


def _word_one(draft: Draft, lines: _Lines) -> Finding:
    entry = catalogue()[draft.code]
    source = draft.obj.source
    return Finding(
        code=draft.code,
        level=draft.level or entry.level,
        object=draft.obj.ref,
        path=show_path(draft.path),
        message=fill(entry.message, draft.args),
        fix=draft.fix or fill(entry.fix, draft.args),
        file=source.file,
        line=lines.of(draft.obj, draft.path),
        url=entry.url,
        related=tuple(
            Place(obj.ref, show_path(path), obj.source.file, lines.of(obj, path)) for obj, path in draft.related
        ),
    )


class _Lines:
    """Lines of keys, found only for what a finding names."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, tuple[str | int, ...]], int] = {}

    def of(self, obj: KubeObject, path: tuple[str | int, ...]) -> int:
        """Line of a key in its file; 0 when the object was not read from text."""
        source = obj.source
        if not source.line:
            return 0
        key = (id(obj), path)
        if key not in self._known:
            from kserve_wiring.yamltext import line_of

            self._known[key] = source.line + line_of(source.text, (*source.prefix, *path)) - 1
        return self._known[key]
