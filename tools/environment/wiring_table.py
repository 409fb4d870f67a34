"""The wiring of an environment as a short table, read from its rendered objects.

Reads neither answers nor values files: the table shows what would reach the cluster.
"""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from kserve_wiring.manifests import yamltext
from tools.environment.render import Object

Path = tuple[str | int, ...]

# The ConfigMap in which our chart passes facts to the checker. Nothing in the cluster reads it.
CONTEXT = "kserve-environment"


@dataclass(frozen=True)
class Leaf:
    """One scalar of an object. JSON or YAML inside a string is split into its scalars."""

    kind: str
    object: str
    path: Path
    value: str

    @property
    def name(self) -> str:
        return self.object.rpartition("/")[2]

    @property
    def holder(self) -> str:
        """Name of the holder: of a ConfigMap its name, of any other object its kind."""
        return self.name if self.kind == "ConfigMap" and self.path != ("metadata", "name") else self.kind

    @property
    def key(self) -> str:
        """The last specific key: `name` alone is not. Empty for the object's own name."""
        keys = [step for step in self.path if isinstance(step, str) and step not in ("metadata", "name")]
        return keys[-1] if keys else ""


@dataclass(frozen=True)
class Row:
    """One line of the table: wire (W1 to W14, docs/wiring.md of an environment), name, value, and where it landed."""

    wire: str
    what: str
    value: str
    where: str


def rows(objects: Iterable[Object]) -> list[Row]:
    """The table. An unused wire has no row."""
    items = [item for item in objects if item.get("kind") != "CustomResourceDefinition"]
    leaves = [leaf for item in items for leaf in _leaves(item)]
    facts = _Facts(leaves)
    found = [
        *_images(leaves, facts),
        *_secrets(leaves, facts),
        *_storage(leaves, facts),
        *_gateways(items, leaves, facts),
    ]
    return sorted((row for row in found if row.value), key=lambda row: int(row.wire[1:]))


def table(found: Iterable[Row], width: int = 120) -> str:
    """The rows in columns. Wraps the last column to the width, in characters."""
    heads = ("wire", "what", "value", "where it landed")
    cells = [heads, *((row.wire, row.what, _shortened(row.value), row.where) for row in found)]
    sizes = [max(len(row[column]) for row in cells) for column in range(3)]
    lines = []
    for *first, where in cells:
        left = "  ".join(text.ljust(size) for text, size in zip(first, sizes, strict=True))
        indent = " " * (len(left) + 2)
        room = max(width, len(indent) + 30)
        wrapped = textwrap.wrap(where, room, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        lines += [left + wrapped[0][len(left) :], *wrapped[1:]]
    return "\n".join(lines)


# Rows ---------------------------------------------------------------------------------------------


class _Facts:
    """Single settings, by their object and the end of their path."""

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        self._by_place = {(leaf.name, leaf.path[-1]): leaf.value for leaf in leaves if leaf.path}

    def fact(self, key: str) -> str:
        return self._by_place.get((CONTEXT, key), "")

    def kserve(self, key: str) -> str:
        return self._by_place.get(("inferenceservice-config", key), "")

    def knative(self, key: str) -> str:
        return self._by_place.get(("knative-serving", key), "") or self._by_place.get(("config-deployment", key), "")


def _images(leaves: list[Leaf], facts: _Facts) -> Iterator[Row]:
    registry = facts.fact("registry")
    images = [leaf for leaf in leaves if leaf.path[-1] == "image" and leaf.value != "auto"]
    inside = [leaf for leaf in images if leaf.value.startswith(f"{registry}/")]
    objects = len({(leaf.kind, leaf.object) for leaf in inside})
    yield Row("W1", "registry", registry, f"{len(inside)} of {len(images)} images, in {objects} objects")
    skipped = facts.knative("registries-skipping-tag-resolving")
    where = _where(leaves, skipped) if skipped else "Knative resolves every tag at its registry"
    yield Row("W3", "digest policy", facts.fact("digest_policy"), where)
    queue = facts.knative("queue-sidecar-image")
    yield Row("W6", "queue-proxy", queue, _where(leaves, queue))
    for leaf in leaves:
        if leaf.path[-1] == "net-istio-controller/controller":
            yield Row(
                "W7", "net-istio", leaf.value, "KnativeServing (registry.override), next to serving's own controller"
            )


def _secrets(leaves: list[Leaf], facts: _Facts) -> Iterator[Row]:
    authority = facts.fact("registry_ca").rpartition("/")[2]
    yield Row("W4", "registry CA", authority, _where(leaves, authority))
    secret = facts.fact("pull_secret")
    holders = {(leaf.kind, leaf.object) for leaf in leaves if leaf.value == secret and leaf.name != CONTEXT}
    kinds = Counter(kind for kind, _ in holders)
    where = ", ".join(
        f"{count} {kind}s" if count > 1 else kind
        for kind, count in sorted(kinds.items(), key=lambda entry: (-entry[1], entry[0]))
    )
    yield Row("W5", "pull Secret", secret, where)


def _storage(leaves: list[Leaf], facts: _Facts) -> Iterator[Row]:
    image = next(
        (leaf.value for leaf in leaves if leaf.path[:2] == ("data", "storageInitializer") and leaf.path[-1] == "image"),
        "",
    )
    yield Row("W8", "storage initializer", image, _where(leaves, image))


def _gateways(items: list[Object], leaves: list[Leaf], facts: _Facts) -> Iterator[Row]:
    gateways = {
        f"{item['metadata'].get('namespace')}/{item['metadata']['name']}" for item in items if item["kind"] == "Gateway"
    }
    for wire, what, key in (("W9", "local gateway", "localGateway"), ("W10", "ingress gateway", "ingressGateway")):
        value = facts.kserve(key)
        exists = "Gateway" if value in gateways else "no Gateway of that name"
        yield Row(wire, what, value, f"{exists}, {_where(leaves, value)}, {_config_istio(leaves, value)}")
    service = facts.kserve("localGatewayService")
    yield Row("W9", "its Service", service, _where(leaves, service))
    domain = facts.kserve("ingressDomain")
    keys = ["config-domain"] if any(leaf.path[-1] == domain for leaf in leaves) else []
    yield Row("W10", "domain", domain, ", ".join([_where(leaves, domain), *keys]))
    cluster = facts.fact("cluster_domain")
    yield Row("W11", "cluster domain", cluster, _ending(leaves, f".svc.{cluster}"))
    yield Row("W13", "Knative", facts.knative("version"), "KnativeServing (version)")


def _config_istio(leaves: list[Leaf], value: str) -> str:
    """config-istio has namespace and name as two values."""
    namespace, _, name = value.partition("/")
    for leaf in leaves:
        if leaf.path[-1] == "name" and leaf.value == name and _sibling(leaves, leaf, "namespace") == namespace:
            listed = next((step for step in leaf.path if str(step).endswith("-gateways")), None)
            if listed:
                return f"config-istio ({listed})"
    return "not in config-istio"


def _sibling(leaves: list[Leaf], leaf: Leaf, key: str) -> str:
    wanted = (leaf.kind, leaf.object, (*leaf.path[:-1], key))
    return next((other.value for other in leaves if (other.kind, other.object, other.path) == wanted), "")


def _ending(leaves: list[Leaf], end: str) -> str:
    found = [leaf for leaf in leaves if leaf.value.endswith(end)]
    return f"{len(found)} hosts, in {len({(leaf.kind, leaf.object) for leaf in found})} objects"


def _where(leaves: Iterable[Leaf], value: str) -> str:
    """The places with exactly this value, grouped by holder, without the facts for the checker."""
    places: dict[str, list[str]] = {}
    for leaf in leaves:
        if leaf.value == value and leaf.name != CONTEXT:
            places.setdefault(leaf.holder, []).append(leaf.key)
    return ", ".join(_place(holder, keys) for holder, keys in places.items()) or "nowhere"


def _place(holder: str, keys: list[str]) -> str:
    named = [key for key in dict.fromkeys(keys) if key]
    count = f"{len(keys)} " if len(keys) > len(dict.fromkeys(keys)) else ""
    return (
        f"{count}{holder}{'s' if count else ''} ({', '.join(named)})"
        if named
        else f"{count}{holder}{'s' if count else ''}"
    )


# Leaves -------------------------------------------------------------------------------------------


def _leaves(item: Object) -> Iterator[Leaf]:
    metadata = item["metadata"]
    for path, value in _walk(item, ()):
        yield Leaf(item["kind"], f"{metadata.get('namespace', '')}/{metadata['name']}", path, value)


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _walk(child, (*path, str(key)))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _walk(child, (*path, index))
    elif isinstance(value, str) and (inner := _embedded(value, path)) is not None:
        yield from _walk(inner, path)
    elif value is not None:
        yield path, str(value)


def _embedded(text: str, path: Path) -> Any:
    """The value of a string that is JSON, or a YAML list as in config-istio; else None."""
    try:
        if text.startswith("{"):
            return json.loads(text)
        return yamltext.load_embedded(text) if text.startswith("- ") else None
    except (ValueError, yaml.YAMLError):
        return None


def _shortened(value: str, width: int = 46) -> str:
    """Shorten a long image reference to its distinctive parts: the registry if it fits, name, head of the digest."""
    if len(value) <= width:
        return value
    head, _, last = value.rpartition("/")
    name, _, digest = last.partition("@sha256:")
    short = f"{name}@sha256:{digest[:4]}…" if digest else last
    full = f"{head.split('/')[0]}/…/{short}"
    return full if len(full) <= width else f"…/{short}"
