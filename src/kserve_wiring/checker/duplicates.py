# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Inputs that look like more than one cluster: then everything is compared with everything, and little of it is so."""

from __future__ import annotations

from collections.abc import Iterable

from kserve_wiring.manifests.objects import KubeObject


def several_clusters(objects: Iterable[KubeObject]) -> list[str]:
    """A note when two files hold the same object with different content. KW501 judges releases and single files."""
    first: dict[tuple[str, str, str, str], KubeObject] = {}
    twice: list[tuple[KubeObject, KubeObject]] = []
    for obj in objects:
        if not obj.name or obj.source.partial:
            continue
        other = first.setdefault((obj.group, obj.kind, obj.namespace, obj.name), obj)
        apart = obj.source.file != other.source.file and obj.source.release == other.source.release
        if apart and obj.body != other.body:
            twice.append((other, obj))
    if not twice:
        return []
    former, latter = twice[0]
    more = f", and {len(twice) - 1} more do so" if len(twice) > 1 else ""
    return [
        f"{latter.ref} stands in {former.source.file} and in {latter.source.file} with different content{more}: "
        "if these are two clusters or two variants, check them one by one"
    ]
