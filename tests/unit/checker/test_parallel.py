"""A large cluster is checked in several processes, with the same result."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from kserve_wiring.checker import parallel, pool
from kserve_wiring.checker.inspect import inspect
from kserve_wiring.checker.options import Options
from kserve_wiring.formats.json import as_json
from kserve_wiring.manifests.load import Loaded
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.manifests.read import read
from tools.console import ROOT

FACTS = {"registry": "harbor.corp.local", "pull_secret": "harbor-pull", "offline": True}


@pytest.fixture(scope="module")
def broken() -> Loaded:
    """The bad files of all rules, as one cluster."""
    return read(sorted(ROOT.glob("rules/KW*/bad*.yaml")))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[KubeObject]:
    """Every set of objects is large. The objects of the drafts that other processes send."""
    found: list[KubeObject] = []
    load = parallel._Unpickler.persistent_load

    def seen(self: Any, pid: int) -> KubeObject:
        found.append(load(self, pid))
        return found[-1]

    monkeypatch.setattr(parallel, "MANY", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(parallel, "_is_alone", lambda: True)  # a process of pytest-xdist has another thread
    monkeypatch.setattr(parallel._Unpickler, "persistent_load", seen)
    return found


@pytest.mark.parametrize("facts", [{}, FACTS])
def test_the_findings_are_the_same(
    broken: Loaded, facts: Mapping[str, Any], sent: list[KubeObject], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = inspect(broken, Options(facts=facts))
    monkeypatch.setattr(parallel, "MANY", 1_000_000)
    assert as_json(together) == as_json(inspect(broken, Options(facts=facts)))
    assert {id(obj) for obj in sent} <= {id(obj) for obj in together.cluster.everything}  # type: ignore[union-attr]
    assert len({obj.ref for obj in sent}) > 100


def test_without_semaphores(broken: Loaded, sent: list[KubeObject], monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container without /dev/shm."""

    def refused(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(pool, "ProcessPoolExecutor", refused)
    assert inspect(broken).findings
    assert sent == []


def test_no_fork_beside_other_threads() -> None:
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        assert not parallel._is_alone()
    finally:
        done.set()
        other.join()
