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
_shared: list[_Shared] = []
"""The cluster that forked processes check."""


def drafts_of(cluster: Cluster, codes: Sequence[str]) -> Iterator[tuple[str, Draft]]:
    """The drafts of the rules with these codes, each with its code, in the order of the codes."""
    pool = forked(_MOST) if len(cluster.objects) >= MANY and _is_alone() else None
    if pool is None:
        yield from ((code, draft) for code in codes for draft in all_rules()[code](cluster))
        return
    _ = cluster.pods, cluster.images  # many rules need them, so they are made once
    shared = _Shared(cluster)
    _shared.append(shared)
    try:
        with pool:
            for code, found in zip(codes, pool.map(_run, codes), strict=True):
                yield from ((code, draft) for draft in shared.read(found))
    finally:
        _shared.remove(shared)


def _is_alone() -> bool:
    """False in one of several processes that check, and beside other threads of a program, where a fork is unsafe."""
    return multiprocessing.parent_process() is None and threading.active_count() == 1 and (os.cpu_count() or 1) > 1


def _run(code: str) -> bytes:
    shared = _shared[-1]
    return shared.written(list(all_rules()[code](shared.cluster)))


class _Shared:
    """A cluster, and the numbers of the objects that all processes have of it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.objects = [*cluster.everything, *(one.obj for one in cluster.values)]
        self.numbers = {id(obj): number for number, obj in enumerate(self.objects)}

    def written(self, drafts: list[Draft]) -> bytes:
        """Drafts for another process; nothing if there are none, as for most rules."""
        file = io.BytesIO()
        if drafts:
            _Pickler(file, self).dump(drafts)
        return file.getvalue()

    def read(self, text: bytes) -> list[Draft]:
        """The drafts that another process has written: two about one object have the same object again."""
        return _Unpickler(io.BytesIO(text), self).load() if text else []


class _Pickler(pickle.Pickler):
    """Writes the number of an object that all have instead of the object."""

    def __init__(self, file: io.BytesIO, shared: _Shared) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._shared = shared

    def persistent_id(self, obj: Any) -> int | None:
        """The number of an object; None for all else, which is written as it is."""
        return self._shared.numbers.get(id(obj)) if isinstance(obj, KubeObject) else None


class _Unpickler(pickle.Unpickler):
    """Reads what :class:`_Pickler` wrote."""

    def __init__(self, file: io.BytesIO, shared: _Shared) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, pid: int) -> KubeObject:
        """The object with a number."""
        return self._shared.objects[pid]
