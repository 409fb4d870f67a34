# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The rules: one small function per code.

A rule reads a Cluster and yields drafts. Its identity, wording and fixtures are in rules/<CODE>/ of the repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.final import EXPRESSION
from kserve_wiring.rules.draft import Draft

RuleFunction = Callable[[Cluster], Iterator[Draft]]

_NO_RULES = ("catalogue", "draft")
# Text that something else fills in: Go templates and Jinja, shell and make variables, <NAME>, %NAME%, @NAME@, __NAME__.
_OPEN = re.compile(EXPRESSION + r"|<[^<>]+>|%\w+%|@\w+@|__\w+__")
_registered: dict[str, RuleFunction] = {}


def rule(
    code: str, *, reads_templates: bool = False, skips_open: bool = False
) -> Callable[[RuleFunction], RuleFunction]:
    """Register a function as the rule of a code. The checker adds the code to its drafts.

    reads_templates: the rule is about text that is not final. For other rules, drafts about such text are left out.
    skips_open: so are drafts about a text that something else than Helm fills in, such as ``${NAME}`` or ``<name>``.
    """

    def register(function: RuleFunction) -> RuleFunction:
        if code in _registered:
            raise ValueError(f"{code} has two functions")
        final = function if reads_templates else _about_final_text(function)
        _registered[code] = _without_open_text(final) if skips_open else final
        return function

    return register


def _about_final_text(function: RuleFunction) -> RuleFunction:
    def run(cluster: Cluster) -> Iterator[Draft]:
        for draft in function(cluster):
            if all(cluster.is_final(obj, path) for obj, path in ((draft.obj, draft.path), *draft.related)):
                yield draft

    return run


def _without_open_text(function: RuleFunction) -> RuleFunction:
    def run(cluster: Cluster) -> Iterator[Draft]:
        for draft in function(cluster):
            value = draft.obj.get(*draft.path)
            if not (isinstance(value, str) and _OPEN.search(value)):
                yield draft

    return run


@cache
def all_rules() -> dict[str, RuleFunction]:
    """The functions by code, sorted. Imports every module of this package."""
    for module in iter_modules(__path__):
        if module.name not in _NO_RULES:
            import_module(f"{__name__}.{module.name}")
    return dict(sorted(_registered.items()))
