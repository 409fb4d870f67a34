# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Facts that manifests may not show: the registry, whether there is internet access, which versions run.

Three sources, the first wins: the caller (flags, a facts file), the ConfigMap that the chart kserve-environment
renders, and the evidence in the manifests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from kserve_wiring.cluster.evidence import infer
from kserve_wiring.cluster.existing_gateways import Given, read_gateways
from kserve_wiring.cluster.existing_knative import read_asked
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.manifests.objects import KubeObject, Setting, Source

FACTS_LABEL = "kserve-wiring.io/context"


class FactsError(ValueError):
    """Facts that cannot be used: an unknown key, or a value of the wrong type."""


@dataclass(slots=True)
class Facts:
    """Facts about the environment. An empty string or None: unknown, and no rule may depend on it.

    registry: host[:port]. registry_caches: host[:port]/path of each pull-through cache. registry_ca: ``ConfigMap/name``
    or ``Secret/name``. digest_policy: ``pinned``, ``skip`` or ``resolve``. existing: ``Kind/namespace/name`` of objects
    that exist outside the manifests; None if unknown. existing_gateways: Istio gateways that exist outside the
    manifests. existing_knative: fields of spec of KnativeServing that others set, outside the manifests. complete: the
    ConfigMap of an environment was read, and all its releases were rendered, so the manifests are all of it. release:
    the one with that ConfigMap. unread: the releases that were not rendered. origin: the source of each known fact.
    disputed: facts on which the manifests disagree, which are therefore unknown. live: the objects are a running
    cluster's, of which perhaps not every kind was read.
    """

    registry: str = ""
    registry_project: str = ""
    registry_caches: tuple[str, ...] = ()
    offline: bool | None = None
    registry_plain_http: bool | None = None
    registry_ca: str = ""
    pull_secret: str = ""
    digest_policy: str = ""
    cluster_domain: str = ""
    knative_version: str = ""
    knative_operator_version: str = ""
    kserve_version: str = ""
    istio_version: str = ""
    argocd_version: str = ""
    existing: frozenset[str] | None = None
    existing_gateways: tuple[Given, ...] = ()
    existing_knative: Mapping[str, Any] = field(default_factory=dict)
    complete: bool = False
    live: bool = False
    release: str = ""
    unread: frozenset[str] = frozenset()
    origin: dict[str, Setting | str] = field(default_factory=dict)
    disputed: dict[str, list[Setting]] = field(default_factory=dict)

    def name_of(self, key: str) -> str:
        """Source of a fact, as a finding names it."""
        origin = self.origin.get(key, "")
        if isinstance(origin, Setting):
            return f"{origin.key} of {origin.obj.ref}"
        return origin or key

    def is_explicit(self, key: str) -> bool:
        """True for a fact about the whole cluster, from a flag, a file or an environment.

        Evidence about one component does not bind the others: upstream releases images of different versions together
        (KServe v0.13.1 with its agent v0.13.0), and Istio's gateways may lag behind istiod.
        """
        origin = self.origin.get(key, "")
        return origin.obj.labels.get(FACTS_LABEL) == "true" if isinstance(origin, Setting) else bool(origin)

    def place_of(self, key: str) -> tuple[tuple[KubeObject, tuple[str | int, ...]], ...]:
        """Object and path of a fact, for ``related`` of a finding."""
        origin = self.origin.get(key)
        return ((origin.obj, origin.path),) if isinstance(origin, Setting) else ()

    def exists(self, kind: str, namespace: str, name: str) -> bool:
        """True if the fact ``existing`` lists an object."""
        return self.existing is not None and f"{kind}/{namespace}/{name}" in self.existing

    def source_of(self, key: str) -> Source:
        """Where a fact was read; nowhere if it was not read from an object."""
        origin = self.origin.get(key)
        return origin.obj.source if isinstance(origin, Setting) else Source()

    @property
    def registries(self) -> tuple[str, ...]:
        """Hosts of the private registry and of its caches; empty if there is no private registry."""
        hosts = [self.registry, *(place.partition("/")[0] for place in self.registry_caches)]
        return tuple(dict.fromkeys(hosts)) if self.registry else ()

    def version(self, key: str) -> tuple[int, ...] | None:
        """A version fact as numbers; None if it is unknown."""
        return version_tuple(str(getattr(self, key)))


# As version 0.1 spelled them; remove in 0.3.
_OLD_SPELLINGS = {"registry_insecure": "registry_plain_http"}
_BOOLEANS = ("offline", "registry_plain_http")
_INTERNAL = ("complete", "live", "release", "unread", "origin", "disputed")
KEYS = tuple(item.name for item in fields(Facts) if item.name not in _INTERNAL)


def make_facts(
    objects: Iterable[KubeObject],
    given: Mapping[str, Any] | None = None,
    origins: Mapping[str, str] | None = None,
    unread: Iterable[str] = (),
) -> Facts:
    """Collect the facts about a set of objects.

    given: facts from flags or a file, by key; None means unknown. origins: the source of each given fact, as findings
    name it, such as ``--offline``. unread: releases of the environment that were not rendered. Raises FactsError when a
    key is unknown or a value has the wrong type.
    """
    facts = Facts(unread=frozenset(unread))
    objects = list(objects)
    for key, value in (given or {}).items():
        if value is not None:
            _set(facts, _OLD_SPELLINGS.get(key, key), value, (origins or {}).get(key, f"fact {key}"))
    for obj in objects:
        if obj.kind == "ConfigMap" and obj.labels.get(FACTS_LABEL) == "true":
            _read_config_map(facts, obj)
            break
    _infer(facts, objects)
    return facts


def _read_config_map(facts: Facts, obj: KubeObject) -> None:
    facts.complete = not facts.unread
    facts.live = obj.get("metadata", "uid") is not None  # only the API server sets it
    facts.release = obj.source.release
    for key, value in obj.mapping("data").items():
        fact = _OLD_SPELLINGS.get(key, key)
        if fact in KEYS and fact not in facts.origin:
            try:
                _set(facts, fact, value, Setting(value, obj, ("data", key)))
            except FactsError:
                continue  # a newer chart may render facts that this version does not know
    if facts.unread:
        facts.existing = None  # what is missing may be in a release that was not rendered
        facts.origin.pop("existing", None)
    elif facts.existing is None:
        facts.existing = frozenset()
        facts.origin["existing"] = Setting(None, obj, ("data", "existing"))


def _set(facts: Facts, key: str, value: Any, origin: Setting | str) -> None:
    if key not in KEYS:
        raise FactsError(f"unknown key {key!r}; valid keys: {', '.join(KEYS)}")
    if key in _BOOLEANS:
        value = _boolean(key, value)
    elif key == "existing":
        value = frozenset(_lines(key, value, "Kind/namespace/name"))
    elif key == "existing_gateways":
        value = _in_form(value, read_gateways)
    elif key == "existing_knative":
        value = _in_form(value, read_asked)
    elif key == "registry_caches":
        value = tuple(_lines(key, value, "host[:port]/path"))
    elif isinstance(value, (Mapping, list)):
        raise FactsError(f"{key} must be text")
    else:
        value = str(value)
    if value in ("", (), {}):
        return
    setattr(facts, key, value)
    facts.origin[key] = origin


def _boolean(key: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise FactsError(f"{key} must be true or false, not {value!r}")


def _lines(key: str, value: Any, form: str) -> list[str]:
    lines = value.splitlines() if isinstance(value, str) else value
    if not isinstance(lines, (list, tuple, set, frozenset)):
        raise FactsError(f"{key} must be a list of {form}")
    return [str(line).strip() for line in lines if str(line).strip()]


def _in_form(value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(value) if value else ""
    except ValueError as error:
        raise FactsError(str(error)) from error


def _infer(facts: Facts, objects: list[KubeObject]) -> None:
    """Add the evidence of the manifests, for facts without another source."""
    agreed, disputed = infer(objects)
    for key, setting in agreed.items():
        if key not in facts.origin:
            setattr(facts, key, setting.text())
            facts.origin[key] = setting
    facts.disputed = {key: settings for key, settings in disputed.items() if key not in facts.origin}
