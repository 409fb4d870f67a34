# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The values files of an environment's releases, as objects with a file and lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.chart import known_values, name_of
from kserve_wiring.manifests.helm import HelmCall
from kserve_wiring.manifests.known_values import ReleaseValues
from kserve_wiring.manifests.load import Problem, conflict_in
from kserve_wiring.manifests.objects import MAPPING, KubeObject, ObjectRef, Source
from kserve_wiring.manifests.repeated_keys import RepeatedKeyError, load_unique


def repeated(values: ReleaseValues) -> list[Problem]:
    """A duplicate key in a values file, of which helm uses the last."""
    source = values.obj.source
    try:
        load_unique(source.text)
    except RepeatedKeyError as error:
        text = f"{error}, first on line {error.first_line}: helm would use the last"
        return [Problem(source.file, error.line, text)]
    return []


def read_values(calls: Iterable[HelmCall]) -> list[ReleaseValues]:
    """The values files of all calls, once each, without those that `unreadable_values` reports."""
    found: dict[Path, ReleaseValues] = {}
    for call in calls:
        for file in call.values:
            if file not in found and not unreadable_values(file):
                found[file] = _read(file, call)
    return list(found.values())


def _read(file: Path, call: HelmCall) -> ReleaseValues:
    text = file.read_text(encoding="utf-8-sig")
    value = yamltext.parse(text)[0]
    body: Mapping[str, Any] = value if isinstance(value, MAPPING) else {}
    obj = KubeObject(ObjectRef("", "values", "", file.stem), body, Source(str(file), 1, text, release=call.release))
    return ReleaseValues(obj, name_of(call.chart), known_values(call.chart))


def unreadable_values(file: Path) -> Problem | None:
    """Why a values file cannot be read; None if it can. An empty one sets nothing."""
    value, problem = _parsed(file)
    if problem is None and value is not None and not isinstance(value, MAPPING):
        return Problem(str(file), 0, "not a mapping of values; write KEY: VALUE")
    return problem


def unreadable(file: Path) -> Problem | None:
    """Why a YAML file of an environment cannot be read; None if it can."""
    return _parsed(file)[1]


def _parsed(file: Path) -> tuple[Any, Problem | None]:
    """The value of a YAML file, or why it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        conflict = conflict_in(text, str(file))
        return (None, conflict) if conflict else (yamltext.parse(text)[0], None)
    except OSError as error:
        return None, Problem(str(file), 0, error.strerror or str(error))
    except UnicodeDecodeError:
        return None, Problem(str(file), 0, "not UTF-8 text")
    except yamltext.YamlError as error:
        return None, Problem(str(file), error.line, f"not YAML: {error}")
