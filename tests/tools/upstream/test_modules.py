"""The pinned Go modules: every one with its hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import stacks
from tools.console import ROOT, Stop
from tools.upstream import golang, modules


@pytest.mark.parametrize("stack", stacks.names())
def test_every_module_is_pinned_with_its_hash(stack: str) -> None:
    pins = golang.pinned(stacks.modules(stack) / "go.mod")
    assert set(golang.sums(stacks.modules(stack) / "go.sum")) == set(pins.items())
    assert {chart.module for chart in stacks.charts(stack)} | {"k8s.io/kubernetes"} <= set(pins)


def test_a_module_that_is_not_what_was_pinned_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = tmp_path / "modules" / "forged"
    pins.mkdir(parents=True)
    version = golang.pinned(stacks.modules(stacks.DEFAULT) / "go.mod")["knative.dev/operator"]
    (pins / "go.mod").write_text(f"module x\n\nrequire knative.dev/operator {version}\n", encoding="utf-8")
    (pins / "go.sum").write_text(f"knative.dev/operator {version} h1:forged=\n", encoding="utf-8")
    monkeypatch.setattr(stacks, "STACKS", tmp_path)
    with pytest.raises(Stop) as stop:
        modules.folder("forged", "knative.dev/operator")
    real = golang.sums(ROOT / "stacks" / "modules" / stacks.DEFAULT / "go.sum")
    assert str(stop.value) == (
        f"knative.dev/operator {version} is {real['knative.dev/operator', version]} but stacks/modules/forged/go.sum "
        "has h1:forged=: do not use it; if the pin was moved on purpose, run make pin"
    )
