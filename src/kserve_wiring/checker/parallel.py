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
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.rules import all_rules
from kserve_wiring.rules.draft import Draft

MANY = 2_000
"""So many objects take longer than to start more processes."""
_PROCESSES = min(os.cpu_count() or 1, 8)
_shared: list[Cluster] = []
"""The cluster that forked processes check."""
_NOTHING = pickle.dumps([])


def drafts_of(cluster: Cluster, codes: Sequence[str]) -> Iterator[tuple[str, Draft]]:
    """The drafts of the rules with these codes, each with its code, in the order of the codes."""
    if len(cluster.objects) < MANY or not _can_fork():
        yield from ((code, draft) for code in codes for draft in all_rules()[code](cluster))
        return
    _ = cluster.pods, cluster.images  # many rules need them, so they are made once
    _shared.append(cluster)
    try:
        with ProcessPoolExecutor(_PROCESSES, multiprocessing.get_context("fork")) as pool:
            for code, found in zip(codes, pool.map(_run, codes), strict=True):
                yield from ((code, draft) for draft in _Unpickler(io.BytesIO(found), cluster).load())
    finally:
        _shared.remove(cluster)


def _can_fork() -> bool:
    """False where nothing is gained, and beside other threads of a program that uses the API: a fork is unsafe."""
    alone = multiprocessing.parent_process() is None and threading.active_count() == 1
    return alone and _PROCESSES > 1 and "fork" in multiprocessing.get_all_start_methods()


def _run(code: str) -> bytes:
    cluster = _shared[-1]
    found = list(all_rules()[code](cluster))
    if not found:
        return _NOTHING
    file = io.BytesIO()
    _Pickler(file, cluster).dump(found)
    return file.getvalue()


class _Pickler(pickle.Pickler):
    """Writes the number of an object of the cluster instead of the object."""

    def __init__(self, file: io.BytesIO, cluster: Cluster) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._numbers = {id(obj): number for number, obj in enumerate(cluster.everything)}

    def persistent_id(self, obj: Any) -> int | None:
        """The number of an object; None for all else, which is written as it is."""
        return self._numbers.get(id(obj)) if isinstance(obj, KubeObject) else None


class _Unpickler(pickle.Unpickler):
    """Reads what :class:`_Pickler` wrote: two drafts about one object have the same object again."""

    def __init__(self, file: io.BytesIO, cluster: Cluster) -> None:
        super().__init__(file)
        self._cluster = cluster

    def persistent_load(self, pid: int) -> KubeObject:
        """The object with a number."""
        return self._cluster.everything[pid]
