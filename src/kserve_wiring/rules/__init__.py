# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The rules: one small function per code, registered under it.

A rule reads a Model and a Context and yields drafts. Identity and wording are in schemas/rules.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module

from kserve_wiring.context import Context
from kserve_wiring.findings import Draft
from kserve_wiring.model import Model

RuleFunction = Callable[[Model, Context], Iterator[Draft]]

_MODULES = (
    "kw0xx_waivers",
    "kw1xx_digests",
    "kw2xx_registry",
    "kw2xx_secrets",
    "kw3xx_storage",
    "kw3xx_config",
    "kw3xx_authority",
    "kw3xx_workloads",
    "kw4xx_gateways",
    "kw4xx_listeners",
    "kw4xx_domains",
    "kw4xx_tls",
    "kw4xx_mesh",
    "kw5xx_namespaces",
    "kw5xx_ownership",
    "kw5xx_versions",
    "kw5xx_fields",
    "kw5xx_argocd",
    "kw5xx_charts",
)

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
    for module in _MODULES:
        import_module(f"{__name__}.{module}")
    return dict(sorted(_registered.items()))
