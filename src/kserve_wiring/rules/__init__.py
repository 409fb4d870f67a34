# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The rules: one small function per code.

A rule reads a Cluster and yields drafts. Its identity, wording and fixtures are in rules/<CODE>/ of the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.rules.draft import Draft

RuleFunction = Callable[[Cluster], Iterator[Draft]]

_NO_RULES = ("catalogue", "draft")
_registered: dict[str, RuleFunction] = {}


def rule(code: str) -> Callable[[RuleFunction], RuleFunction]:
    """Register a function as the rule of a code. The checker adds the code to its drafts."""

    def register(function: RuleFunction) -> RuleFunction:
        if code in _registered:
            raise ValueError(f"{code} has two functions")
        _registered[code] = function
        return function

    return register


@cache
def all_rules() -> dict[str, RuleFunction]:
    """The functions by code, sorted. Imports every module of this package."""
    for module in iter_modules(__path__):
        if module.name not in _NO_RULES:
            import_module(f"{__name__}.{module.name}")
    return dict(sorted(_registered.items()))
