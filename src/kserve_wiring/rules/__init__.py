# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The rules: one small function per code, registered under it.

A rule reads a Model and a Context and yields drafts. Identity and wording are in schemas/rules.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from kserve_wiring.checker.report import Draft
from kserve_wiring.cluster.cluster import Model
from kserve_wiring.cluster.facts import Context

RuleFunction = Callable[[Model, Context], Iterator[Draft]]

_NO_RULES = ("catalogue", "draft")

CHART_ONLY = frozenset({"KW107", "KW505"})
"""Codes that only values can violate: two values that write one setting, a list that repeats a name."""

_registered: dict[str, RuleFunction] = {}


def rule(code: str) -> Callable[[RuleFunction], RuleFunction]:
    """Register a function as the rule of a code."""

    def register(function: RuleFunction) -> RuleFunction:
        if code in _registered:
            raise ValueError(f"{code} has two functions")
        _registered[code] = function
        return function

    return register


@cache
def all_rules() -> dict[str, RuleFunction]:
    """The functions by code, sorted."""
    for module in iter_modules(__path__):
        if module.name not in _NO_RULES:
            import_module(f"{__name__}.{module.name}")
    return dict(sorted(_registered.items()))
