"""The oldest Kubernetes of a stack is the one with which the controllers of its Knative start."""

from __future__ import annotations

import re

import pytest
import yaml

from tools import stacks
from tools.upstream import modules


@pytest.mark.parametrize("stack", stacks.names())
def test_the_oldest_kubernetes_is_that_of_knative(stack: str) -> None:
    stated = yaml.safe_load((stacks.STACKS / f"{stack}.yaml").read_text(encoding="utf-8"))["kubernetes"]
    folder = modules.folder(stack, "knative.dev/pkg")
    text = (folder / "version" / "version.go").read_text(encoding="utf-8")
    assert re.search(r'(?:defaultMinimumVersion|DefaultKubernetesMinVersion) += "(v[0-9.]+)"', text)[1] == stated
