"""helm runs once for equal input, because the environments of the tests share most of their renders."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pytest

from kserve_wiring.manifests.helm import content
from tools.environment import render
from tools.upstream.helm import Helm

_MOST_KEPT = 200  # texts of up to 5 MB


@contextmanager
def each_render_made_once() -> Iterator[None]:
    """The helm of tools.environment.render runs again only for another chart, other values or other options."""
    run = render._helm
    paths: dict[tuple[str, ...], tuple[Helm, tuple[str, ...]]] = {}

    @lru_cache(maxsize=_MOST_KEPT)
    def of(key: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        helm, arguments = paths[key]
        return run(helm, *arguments)

    def once(helm: Helm, *arguments: str) -> subprocess.CompletedProcess[str]:
        key = (helm.path, *map(_meaning, arguments))
        paths[key] = (helm, arguments)
        return of(key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "_helm", once)
        yield


def _meaning(argument: str) -> str:
    """A path's content, so that copies in other folders are equal."""
    path = Path(argument)
    return content(path) if path.is_absolute() and path.exists() else argument
