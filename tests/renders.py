"""helm runs once for equal input in all processes of the tests: the environments share most of their renders."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kserve_wiring.manifests import helm as product
from kserve_wiring.manifests.helm import content
from tools.console import BUILD
from tools.environment import render

KEPT = BUILD / "cache" / "renders"
_LARGEST_SCRIPT = 1_000_000  # bytes
Done = subprocess.CompletedProcess[Any]
Run = Callable[[Sequence[str]], Done]


@contextmanager
def each_render_made_once() -> Iterator[None]:
    """The helm of both renderers runs again only for another chart, other values, other options or another helm."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (render, product):
            patch.setattr(module, "_run", _once(module._run))
        yield


def _once(run: Run) -> Run:
    def once(command: Sequence[str]) -> Done:
        key = "\0".join([run.__module__, *map(_meaning, command)])
        file = KEPT / hashlib.sha256(key.encode()).hexdigest()
        if file.exists():
            kept: Done = pickle.loads(zlib.decompress(file.read_bytes()))  # noqa: S301 (written below)
            return kept
        done = run(command)
        # An error may name a file of its own test, and a script that stands in for helm may say something else.
        if done.returncode == 0 and Path(command[0]).stat().st_size > _LARGEST_SCRIPT:
            _keep(file, zlib.compress(pickle.dumps(done), level=1))
        return done

    return once


def _keep(file: Path, data: bytes) -> None:
    """Written beside it and moved: another process never reads a half of it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=KEPT, delete=False) as partial:
        partial.write(data)
    Path(partial.name).replace(file)


def _meaning(word: str) -> str:
    """What helm reads at a path, so that copies in other folders are equal; another file by its size and time."""
    path = Path(word)
    if path.suffix in (".yaml", ".json") or (path / "Chart.yaml").exists():
        return content(path)
    if "/" not in word or not path.exists():
        return word
    state = path.stat()
    return f"{path.absolute()} {state.st_size} {state.st_mtime_ns}"
