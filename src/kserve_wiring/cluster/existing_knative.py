# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Knative that others run: what its owner must set, of which the facts are all that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.knative import CONFIG_NAMES, DEFAULT_NAMESPACE, Knative
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, Source, dig

FORM = "fields of spec of KnativeServing, with config: {<ConfigMap without config->: {key: text}}"


def read_asked(value: Any) -> Mapping[str, Any]:
    """The fields of a fact, a mapping or YAML text. Raises ValueError for another form."""
    try:
        fields = yamltext.load_embedded(value) if isinstance(value, str) else value
    except yamltext.YamlError as error:
        raise ValueError(f"existing_knative must be {FORM}: {error}") from error
    config = fields.get("config") if isinstance(fields, Mapping) else None
    if not isinstance(config, Mapping) or not all(map(_is_config_map, config.items())):
        raise ValueError(f"existing_knative must be {FORM}")
    return dict(fields)


def _is_config_map(item: tuple[Any, Any]) -> bool:
    name, data = item
    return name in CONFIG_NAMES and isinstance(data, Mapping) and all(isinstance(text, str) for text in data.values())


def asked_config_maps(asked: Mapping[str, Any], source: Source) -> Iterator[KubeObject]:
    """The ConfigMaps of Knative with the keys that its owner must set. Other keys are unknown."""
    for name, data in (dig(asked, "config") or {}).items():
        meta = {"namespace": DEFAULT_NAMESPACE, "name": f"config-{name}"}
        ref = ObjectRef("v1", "ConfigMap", DEFAULT_NAMESPACE, f"config-{name}")
        yield KubeObject(ref, {"metadata": meta, "data": dict(data)}, source)


def add_asked(knative: Knative, asked: Mapping[str, Any], source: Source) -> None:
    """Add those ConfigMaps to a Knative of which the manifests do not show them."""
    if knative.server is None:
        for obj in asked_config_maps(asked, source):
            knative.config_maps.setdefault(obj.name.removeprefix("config-"), obj)
