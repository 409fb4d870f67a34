"""Processes that are forked leave Ctrl-C to the first one."""

from __future__ import annotations

import multiprocessing
import os
import signal

import pytest

from kserve_wiring.checker.pool import forked


def _interrupted(_: int) -> int:
    os.kill(os.getpid(), signal.SIGINT)
    return os.getpid()


def test_an_interrupt_is_left_to_the_first_process() -> None:
    pool = forked(2)
    assert pool is not None
    with pool:
        found = set(pool.map(_interrupted, range(4)))
    assert os.getpid() not in found


def test_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert forked() is None
