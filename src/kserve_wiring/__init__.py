# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Find the wiring mistake between KServe, Knative Serving, Istio and a private registry.

``check`` reads manifests and returns findings; ``Finding`` is one of them. Both are imported lazily, so
that ``import kserve_wiring`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kserve_wiring.data import __version__

if TYPE_CHECKING:
    from kserve_wiring.checker.inspect import Report, check, inspect
    from kserve_wiring.checker.report import Finding

__all__ = ["Finding", "Report", "__version__", "check", "inspect"]

_LAZY = {
    "check": "kserve_wiring.checker.inspect",
    "inspect": "kserve_wiring.checker.inspect",
    "Report": "kserve_wiring.checker.inspect",
    "Finding": "kserve_wiring.checker.report",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
