"""Istio reads the keys of these prefixes on Pods only, as the table of its API says."""

from __future__ import annotations

import re
import shutil

import pytest

from kserve_wiring.rules.injection import OF_PODS
from tools.upstream import modules

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="Go is missing, which downloads the sources")
TABLE = re.compile(r'Instance ?\{\s*Name:\s*"([^"]+)".*?Resources: \[\]ResourceTypes\{(.*?)\}', re.DOTALL)


@pytest.mark.parametrize("prefix", OF_PODS)
def test_a_prefix_is_of_pods(prefix: str) -> None:
    folder = modules.folder("schemas-new", "istio.io/api")
    texts = [(folder / file).read_text("utf-8") for file in ("annotation/annotations.gen.go", "label/labels.gen.go")]
    found = {name: resources.replace(",", " ").split() for name, resources in TABLE.findall("".join(texts))}
    kinds = {tuple(resources) for name, resources in found.items() if name.startswith(prefix)}
    assert kinds == {("Pod",)}
