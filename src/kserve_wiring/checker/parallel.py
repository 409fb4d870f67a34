# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Run the rules of one large cluster on several processors.

Forked processes share the objects that were read. Of a draft they send what is new, and the numbers of those objects.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from kserve_wiring.checker.pool import forked
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.rules import all_rules
from kserve_wiring.rules.draft import Draft

MANY = 2_000
"""So many objects take longer than to start more processes."""
_MOST = 8
_shared: list[Cluster] = []
"""The cluster that forked processes check."""
_NOTHING = pickle.dumps([])


def drafts_of(cluster: Cluster, codes: Sequence[str]) -> Iterator[tuple[str, Draft]]:
    """The drafts of the rules with these codes, each with its code, in the order of the codes."""
    pool = forked(_MOST) if len(cluster.objects) >= MANY and _is_alone() else None
    if pool is None:
        yield from ((code, draft) for code in codes for draft in all_rules()[code](cluster))
        return
    _ = cluster.pods, cluster.images  # many rules need them, so they are made once
    _shared.append(cluster)
    try:
        with pool:
            for code, found in zip(codes, pool.map(_run, codes), strict=True):
                yield from ((code, draft) for draft in _Unpickler(io.BytesIO(found), cluster).load())
    finally:
        _shared.remove(cluster)


def _is_alone() -> bool:
    """False in one of several processes that check, and beside other threads of a program, where a fork is unsafe."""
    return multiprocessing.parent_process() is None and threading.active_count() == 1 and (os.cpu_count() or 1) > 1


def _run(code: str) -> bytes:
    cluster = _shared[-1]
    found = list(all_rules()[code](cluster))
    if not found:
        return _NOTHING
    file = io.BytesIO()
    _Pickler(file, cluster).dump(found)
    return file.getvalue()


def _objects(cluster: Cluster) -> list[KubeObject]:
    """What both sides have, in the same order."""
    return [*cluster.everything, *(one.obj for one in cluster.values)]


class _Pickler(pickle.Pickler):
    """Writes the number of an object of the cluster instead of the object."""

    def __init__(self, file: io.BytesIO, cluster: Cluster) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._numbers = {id(obj): number for number, obj in enumerate(_objects(cluster))}

    def persistent_id(self, obj: Any) -> int | None:
        """The number of an object; None for all else, which is written as it is."""
        return self._numbers.get(id(obj)) if isinstance(obj, KubeObject) else None


class _Unpickler(pickle.Unpickler):
    """Reads what :class:`_Pickler` wrote: two drafts about one object have the same object again."""

    def __init__(self, file: io.BytesIO, cluster: Cluster) -> None:
        super().__init__(file)
        self._objects = _objects(cluster)

    def persistent_load(self, pid: int) -> KubeObject:
        """The object with a number."""
        return self._objects[pid]
