# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The options of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from kserve_wiring.manifests.objects import KubeObject


@dataclass(slots=True)
class Options:
    """What to check, and the facts that manifests do not show.

    select and ignore: codes or prefixes of codes, such as ``KW4``; an empty select means all. level: the lowest level
    to report. facts: by key, see kserve_wiring.cluster.facts.Facts. origins: for each fact the name of its source in a
    finding, such as ``--registry``. configuration: the configuration file, whose ``ignore`` is part of ignore; KW002
    reports its entries that ignore nothing.
    """

    select: Collection[str] = ()
    ignore: Collection[str] = ()
    level: str = "info"
    facts: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    configuration: KubeObject | None = None
