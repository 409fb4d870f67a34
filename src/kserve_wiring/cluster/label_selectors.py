# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Label selectors of Kubernetes (apimachinery v0.34.4 pkg/apis/meta/v1/helpers.go, LabelSelectorAsSelector)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kserve_wiring.manifests.objects import mappings_of, strings_of

NAME_LABEL = "kubernetes.io/metadata.name"
"""Every namespace has it (kubernetes pkg/registry/core/namespace/strategy.go)."""

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def matches(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """True if a selector with matchLabels, matchExpressions or neither selects what has these labels."""
    wanted = selector.get("matchLabels")
    plain = wanted.items() if isinstance(wanted, Mapping) else ()
    return all(labels.get(key) == value for key, value in plain) and all(
        _fits(item, labels) for _, item in mappings_of(selector.get("matchExpressions"))
    )


def _fits(item: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, operator, values = str(item.get("key")), item.get("operator"), strings_of(item.get("values"))
    found = labels.get(key) in values if operator in ("In", "NotIn") else key in labels
    return found if operator in ("In", "Exists") else operator in ("NotIn", "DoesNotExist") and not found


def is_valid(selector: Mapping[str, Any]) -> bool:
    """False if it has an operator that Kubernetes refuses, so that nobody knows what it is to select."""
    return all(item.get("operator") in _OPERATORS for _, item in mappings_of(selector.get("matchExpressions")))


def asked_keys(selector: Mapping[str, Any]) -> set[str]:
    """The labels that a selector looks at."""
    plain = selector.get("matchLabels")
    listed = {str(item.get("key")) for _, item in mappings_of(selector.get("matchExpressions"))}
    return listed | ({str(key) for key in plain} if isinstance(plain, Mapping) else set())
