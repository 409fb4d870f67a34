# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Values of a release that the template sets, which a local file, values/<release>.local.yaml, must not set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from kserve_wiring.data import carried
from kserve_wiring.manifests.known_values import ReleaseValues
from kserve_wiring.manifests.lines import line_of
from kserve_wiring.manifests.load import Problem
from kserve_wiring.manifests.objects import MAPPING, KeyPath, show_path
from kserve_wiring.manifests.yamltext import load

_LOCAL = ".local"
_OWN = "kserve-environment"
_Keys = tuple[str, ...]
_GATEWAY = ("gateways", "ingress", "name")
_CERTIFICATE = ("gateways", "ingress", "tlsSecret")

# What the template sets as a good default, and nothing else depends on, with all below it.
_SIZE = ("replicaCount", "podDisruptionBudget", "topologySpreadConstraints")
FREE = {
    ("istiod", "autoscaleEnabled"),
    ("local-gateway", "autoscaling", "enabled"),
    ("ingress-gateway", "autoscaling", "enabled"),
    ("ingress-gateway", "service", "type"),
    ("kserve-environment", "storage", "s3", "useVirtualBucket"),
    ("kserve-resources", "kserve", "controller", "imagePullPolicy"),
    ("kserve-resources", "kserve", "controller", "resources"),
    *((release, key) for release in ("local-gateway", "ingress-gateway", "cert-manager") for key in _SIZE),
    *(("istiod", key) for key in _SIZE if key != "podDisruptionBudget"),  # its own default
    *(("cert-manager", part, key) for part in ("webhook", "cainjector") for key in _SIZE),
}
"""Values by release and keys that a local file may set although the template sets them."""


def is_local(file: str) -> bool:
    """Whether a values file is the user's own, which copier update never changes."""
    return file.endswith(f"{_LOCAL}.yaml")


def answers_for(release: str, path: KeyPath) -> list[str]:
    """The questions of the template that set a value of a release."""
    keys = _keys(path)
    for pattern, answers in _patterns(release):
        if len(pattern) == len(keys) and _overlap(pattern, keys):
            return answers
    return []


def refused(every: Iterable[ReleaseValues]) -> Iterator[Problem]:
    """Each value of a local file that the template sets, with the answers to change instead."""
    files = {values.obj.name: values for values in every}
    for name, local in files.items():
        if name.endswith(_LOCAL):
            release = name.removesuffix(_LOCAL)
            generated = [_keys(path) for path in _leaves(files[release].obj.body)] if release in files else []
            places = {path: _keys(path) for path in _leaves(local.obj.body)}
            raw = {} if release != _OWN else dict(_raw(local.obj.body))
            raw = {path: owner for path, owner in raw.items() if not _is_of_others(owner, generated)}
            for path, keys in {**places, **raw}.items():
                yield from _refusal(local, release, (path, keys), generated)


def _is_of_others(owner: _Keys, generated: list[_Keys]) -> bool:
    """Whether it describes a gateway that the environment does not have: then others serve the models, or nobody."""
    return owner == _CERTIFICATE and bool(generated) and _GATEWAY not in generated


def _refusal(
    local: ReleaseValues, release: str, place: tuple[KeyPath, _Keys], generated: list[_Keys]
) -> Iterator[Problem]:
    """The problem of a place of a local file, if the template sets the value of these keys."""
    path, keys = place
    if any((release, *keys)[: len(free)] == free for free in FREE):
        return
    answers = {one for pattern, names in _patterns(release) if _overlap(pattern, keys) for one in names}
    if answers:
        named = f"answer{'s' if len(answers) > 1 else ''} {', '.join(sorted(answers))}"
        reason = f"is set by the {named}; remove it and change the answer with copier update"
    elif any(_overlap(one, keys) for one in generated):
        reason = f"must be as in values/{release}.yaml, because other settings depend on it; remove it"
    else:
        return
    source = local.obj.source
    yield Problem(source.file, line_of(source.text, path), f"{show_path(path)} {reason}")


def _raw(body: Any) -> Iterator[tuple[KeyPath, _Keys]]:
    """Each field of the chart's raw configuration that a value of the chart sets, with the keys of that value."""
    for path, names in _named(body):
        for field, owner in _wired():
            if names[: len(field)] == field:
                rest = names[len(field) :] if owner[-1] == "*" else ()
                yield path[: len(field) + len(rest)], (*owner[:-1], *rest) if rest else owner


def _named(value: Any, path: KeyPath = (), names: _Keys = ()) -> Iterator[tuple[KeyPath, _Keys]]:
    """Each value with the names of the steps to it. The name of a list's item is its container or name."""
    if isinstance(value, MAPPING):
        for key, item in value.items():
            yield from _named(item, (*path, key), (*names, str(key)))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            name = (item.get("container") or item.get("name")) if isinstance(item, MAPPING) else index
            yield from _named(item, (*path, index), (*names, str(name)))
    else:
        yield path, names


def _overlap(pattern: _Keys, keys: _Keys) -> bool:
    """Whether one is the other or above it."""
    return all(step in ("*", key) for step, key in zip(pattern, keys, strict=False))


def _keys(path: KeyPath) -> _Keys:
    return tuple(str(step) for step in path if not isinstance(step, int))


def _patterns(release: str) -> Iterator[tuple[_Keys, list[str]]]:
    for pattern, answers in _answers().get(release, {}).items():
        yield tuple(pattern.split(".")), answers


@cache
def _answers() -> dict[str, dict[str, list[str]]]:
    data: dict[str, dict[str, list[str]]] = load(carried("values-answers.yaml").read_text(encoding="utf-8"))
    return data


@cache
def _wired() -> list[tuple[_Keys, _Keys]]:
    """The fields of the chart's raw configuration that it wires, each with the value that sets it."""
    file = carried("wired-keys.yaml", "charts/kserve-environment/files/wired-keys.yaml")
    data: dict[str, dict[str, str]] = load(file.read_text(encoding="utf-8"))
    return [
        (tuple(f"{base}.{field}".split(".")), tuple(owner.split(".")))
        for base, fields in data.items()
        for field, owner in fields.items()
    ]


def _leaves(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Path of each value that helm replaces as a whole. It merges mappings, so an empty one sets nothing."""
    if isinstance(value, MAPPING):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif path:
        yield path
