# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Find the wiring mistake between KServe, Knative Serving, Istio and a private registry.

``check`` reads manifests and returns findings. ``read`` and ``inspect`` are its two halves: ``read`` returns what was
loaded, ``inspect`` a Report on it. All names are imported lazily, so ``import kserve_wiring`` is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kserve_wiring.data import __version__

if TYPE_CHECKING:
    from kserve_wiring.checker.finding import Finding
    from kserve_wiring.checker.inspect import check, inspect
    from kserve_wiring.checker.options import Options
    from kserve_wiring.checker.report import Report
    from kserve_wiring.manifests.read import read

__all__ = ["Finding", "Options", "Report", "__version__", "check", "inspect", "read"]

_LAZY = {
    "Finding": "kserve_wiring.checker.finding",
    "Options": "kserve_wiring.checker.options",
    "Report": "kserve_wiring.checker.report",
    "check": "kserve_wiring.checker.inspect",
    "inspect": "kserve_wiring.checker.inspect",
    "read": "kserve_wiring.manifests.read",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
