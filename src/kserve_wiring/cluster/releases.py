# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Which release of a project runs, as far as the facts show it."""

from __future__ import annotations

from kserve_wiring.cluster.facts import Facts

_FACTS = {
    "argocd": "argocd_version",
    "istio": "istio_version",
    "knative": "knative_version",
    "knative-operator": "knative_operator_version",
    "kserve": "kserve_version",
}


def release_of(project: str, facts: Facts) -> str:
    """The release of a project of kserve_wiring.schemas; "" if no fact shows it."""
    return str(getattr(facts, _FACTS[project])) if project in _FACTS else ""
