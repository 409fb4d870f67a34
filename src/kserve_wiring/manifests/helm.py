# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Render a chart with helm. Calls that give the same output are made once."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

from kserve_wiring.manifests.folders import State, state_of
from kserve_wiring.manifests.load import Loaded, Problem, load_text
from kserve_wiring.manifests.repeated_keys import load_unique

_TIMEOUT_SECONDS = 300
_MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class HelmCall:
    """One `helm template` or `helm lint` of an environment, as its Makefile makes it.

    chart: folder or archive. values: files, of which later ones win. part: value of that name of our own chart, to
    render something else than the release's own part.
    """

    release: str
    namespace: str
    chart: Path
    values: tuple[Path, ...] = ()
    part: str = ""

    @property
    def file(self) -> str:
        """The name under which findings show the output."""
        return f"rendered/{self.release}{'-' if self.part else ''}{self.part}.yaml"

    @property
    def arguments(self) -> list[str]:
        """What follows the name of the release, for every verb of helm."""
        values = [word for path in self.values for word in ("--values", str(path))]
        part = ["--set", f"part={self.part}"] if self.part else []
        return [str(self.chart), "--namespace", self.namespace, *values, *part]


_Key = tuple[str, ...]
_kept: OrderedDict[_Key, Loaded] = OrderedDict()
_lock = Lock()


def render(call: HelmCall, *, helm: str) -> Loaded:
    """The objects of a release. Environments share most of their renders, so the last ones are kept."""
    key = (helm, *_same_output(call))
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    loaded = _render(call, helm=helm)
    if loaded.problems:
        return loaded
    with _lock:
        _kept[key] = loaded
        if len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return loaded


def _same_output(call: HelmCall) -> _Key:
    """Equal for calls that give the same output, whatever the folders of chart and values files."""
    values = tuple(map(content, call.values))
    return call.release, call.namespace, call.part, content(call.chart), *values


def content(path: Path) -> str:
    """What helm reads of a chart's folder or a values file."""
    return _digest(path, state_of(path)) if path.is_dir() else _values_of(path)


def _values_of(file: Path) -> str:
    """The content of a values file without its comments, which differ between environments."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        return json.dumps(load_unique(text), sort_keys=True)
    except (OSError, ValueError, TypeError):
        return str(file.absolute())


@lru_cache(maxsize=512)
def _digest(chart: Path, state: State) -> str:
    """The content of a chart, wherever it is."""
    digest = hashlib.sha256()
    for name, size, _ in state:
        digest.update(f"{Path(name).relative_to(chart)} {size}\n".encode())
        digest.update(Path(name).read_bytes())
    return digest.hexdigest()


def _render(call: HelmCall, *, helm: str) -> Loaded:
    file = call.file
    command = [helm, "template", call.release, *call.arguments, "--include-crds"]
    try:
        done = _run(command)
    except OSError as error:
        return Loaded(problems=[Problem(file, 0, f"cannot run {helm}: {error.strerror}")])
    except subprocess.TimeoutExpired:
        return Loaded(problems=[Problem(file, 0, f"helm took longer than {_TIMEOUT_SECONDS} s")])
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        message = "\n".join(line for line in lines if line and "Use --debug" not in line)
        return Loaded(problems=[Problem(file, 0, f"helm template {call.release} failed: {message}")])
    text = done.stdout.decode("utf-8", "replace")
    return load_text(text, file, release=call.release, partial=bool(call.part), namespace=call.namespace)


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """The output of helm. Raises OSError and subprocess.TimeoutExpired."""
    # helm ends before its memory matters, so collecting garbage costs it a sixth of its time.
    environment = {"GOGC": "400", **os.environ}
    return subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS, env=environment)
