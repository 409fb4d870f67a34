# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What a run is told besides its paths: flags, a context file and the configuration file ``.kserve-wiring.yaml``.

A flag goes before the context file, which goes before the configuration file.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kserve_wiring.cli.arguments import FACTS, FILE, LEVELS
from kserve_wiring.cli.exit import UsageError
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, Source


@dataclass(slots=True)
class Settings:
    """select and ignore: codes or their beginnings. context: facts by key. origins: where each of them was said.

    configuration: the configuration file, for findings about what it ignores.
    """

    select: list[str] = field(default_factory=list)
    ignore: list[str] = field(default_factory=list)
    level: str = "warning"
    context: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    configuration: KubeObject | None = None


def settings_of(options: argparse.Namespace) -> Settings:
    """What flags and files say together. Raises UsageError."""
    settings = _configured(options.config)
    settings.select = options.select or settings.select
    settings.ignore = [*settings.ignore, *options.ignore]
    settings.level = options.level or settings.level
    if options.context:
        _say(settings, _mapping(options.context, "facts"), options.context)
    for name in (*FACTS, "offline", "registry-insecure"):
        key = name.replace("-", "_")
        if getattr(options, key) is not None:
            settings.context[key] = getattr(options, key)
            settings.origins[key] = f"--{name}"
    _known_codes([*settings.select, *settings.ignore])
    return settings


def _configured(path: str | None) -> Settings:
    if path is None and not Path(FILE).is_file():
        return Settings()
    name = path or FILE
    data = _mapping(name, "settings")
    known = ("select", "ignore", "level", "context")
    for key in data:
        if key not in known:
            raise UsageError(f"{name}: unknown key {key!r}; known are {', '.join(known)}")
    level = data.get("level", "warning")
    if level not in LEVELS:
        raise UsageError(f"{name}: level must be one of {', '.join(LEVELS)}, not {level!r}")
    context = data.get("context") or {}
    if not isinstance(context, Mapping):
        raise UsageError(f"{name}: context must be a mapping of facts")
    settings = Settings(_codes(name, data, "select"), _codes(name, data, "ignore"), str(level))
    settings.configuration = KubeObject(ObjectRef("", "configuration", "", name), data, Source(name, 1, _text(name)))
    _say(settings, context, name, "context.")
    return settings


def _say(settings: Settings, facts: Mapping[Any, Any], file: str, prefix: str = "") -> None:
    """Add the facts of a file. Raises UsageError."""
    from kserve_wiring.cluster.facts import ContextError, make_context

    try:
        make_context((), facts)
    except ContextError as error:
        raise UsageError(f"{file}: {error}") from None
    settings.context |= facts
    settings.origins |= {key: f"{prefix}{key} of {file}" for key in facts}


def _codes(name: str, data: Mapping[Any, Any], key: str) -> list[str]:
    """A list of codes, or a mapping of codes to reasons."""
    value = data.get(key) or []
    if not isinstance(value, (list, Mapping)) or not all(isinstance(code, str) for code in value):
        raise UsageError(f"{name}: {key} must be a list of codes, or of CODE: reason")
    return list(value)


def _mapping(path: str, of_what: str) -> dict[Any, Any]:
    from kserve_wiring.manifests.repeated_keys import load_unique
    from kserve_wiring.manifests.yamltext import YamlError

    try:
        value = load_unique(_text(path))
    except YamlError as error:
        raise UsageError(f"{path}:{error.line}: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(f"{path}: not a mapping of {of_what}")
    return value


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: {error}") from None


def _known_codes(codes: list[str]) -> None:
    from kserve_wiring.rules.catalogue import catalogue

    for code in codes:
        if not any(known.startswith(code) for known in catalogue()):
            raise UsageError(f"no rule {code}; `kserve-wiring rules` lists them")
