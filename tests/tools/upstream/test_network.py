"""Asking hosts on the network."""

from __future__ import annotations

import time

import pytest

from tools.upstream import network
from tools.upstream.modules import Unavailable


def test_a_host_that_never_answers_costs_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_ask", lambda origin: time.sleep(60) or "")
    start = time.monotonic()
    network.probe([f"oci://silent{number}.example/charts" for number in range(4)])
    assert time.monotonic() - start < network.SECONDS + 2
    with pytest.raises(Unavailable) as unavailable:
        network.require("oci://silent1.example/charts")
    assert str(unavailable.value) == "silent1.example: no answer"
