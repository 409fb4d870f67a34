# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The values that a release sets, and those that its chart reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject

Known = dict[str, Any] | None
"""The known keys of a mapping, each with the known keys below it; None where any key is read."""


@dataclass(frozen=True, slots=True)
class ReleaseValues:
    """A values file of a release. chart: its name and version. known: the values that it reads."""

    obj: KubeObject
    chart: str
    known: Known

    def unknown(self) -> Iterator[tuple[KeyPath, list[str]]]:
        """Path of each value that the chart does not read, and the keys that it reads in the same place."""
        yield from _unknown(self.obj.body, self.known, ())


def _unknown(values: Any, known: Known, path: KeyPath) -> Iterator[tuple[KeyPath, list[str]]]:
    if known is None or not isinstance(values, MAPPING):
        return
    for key, value in values.items():
        if key not in known:
            yield (*path, key), list(known)
        else:
            yield from _unknown(value, known[key], (*path, key))
