"""Reading a config_dump, and what of it leaves the cluster."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kserve_wiring.doctor.envoy import Envoy, read, reduced
from tests.unit.doctor.dumps import PRIVATE, listener, refused, routes, whole

ENTRIES = [
    listener(8080),
    listener(8443, waits=True),
    routes("http.8080", "a.b", "a.b:*"),
    refused("x", "no key"),
    refused("", "no key"),
]
READ = Envoy({8080}, {"http.8080": {"a.b", "a.b:*"}}, {"0.0.0.0_8443"}, {"x": "no key"})  # type: ignore[arg-type]


@pytest.mark.parametrize("configs", [ENTRIES, whole(*ENTRIES)], ids=["by resource", "whole"])
def test_read(configs: list[Any]) -> None:
    assert read(configs) == READ


@pytest.mark.parametrize("configs", [ENTRIES, whole(*ENTRIES)], ids=["by resource", "whole"])
def test_what_is_kept_has_no_key_and_is_enough(configs: list[Any]) -> None:
    kept = reduced(configs)
    assert PRIVATE.split()[3] not in json.dumps(kept)
    assert "TOKEN" not in json.dumps(kept)
    assert read(kept) == READ


@pytest.mark.parametrize("configs", [[], [None], [{"name": 1}], [{"dynamic_listeners": 3}], [{"route_config": []}]])
def test_odd_dumps(configs: list[Any]) -> None:
    assert read(reduced(configs)) == Envoy()
