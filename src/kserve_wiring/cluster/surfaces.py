# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What the pinned releases read: keys of labels and annotations, of Knative's ConfigMaps, arguments of model servers.

tools/generate/surfaces writes the data from upstream's source.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from typing import Any

from kserve_wiring.cluster.names import NearNames, is_one_edit
from kserve_wiring.data import carried

# Other releases than the pinned ones read these, ModelMesh does, or KServe under a name that is configured.
_ALSO_READ = (
    "serving.kserve.io/storageSecretName",
    "serving.kserve.io/secretKey",
    "serving.kserve.io/storage-initializer-image",
    "serving.kserve.io/enable-auth",
    "serving.kserve.io/canary-traffic-percent",
    "networking.knative.dev/ingress-provider",
    "networking.knative.dev/certificate-provider",
    "networking.knative.dev/ingress",
    "serving.knative.dev/visibility",
    "serving.knative.dev/release",
    "serving.knative.dev/controller",
    "sidecar.istio.io/bootstrapImage",
    "istio.io/config",
    "istio.io/owned-by",
)


class Keys:
    """The keys of labels and annotations, indexed by prefix and by name."""

    def __init__(self, known: list[str]) -> None:
        self.known = frozenset({*known, *_ALSO_READ})
        self._names: dict[str, set[str]] = defaultdict(set)
        self._prefixes: dict[str, set[str]] = defaultdict(set)
        for key in self.known:
            prefix, _, name = key.partition("/")
            self._names[prefix].add(name)
            self._prefixes[name].add(prefix)
        self._near: dict[str, str] = {}

    def meant(self, key: str) -> str:
        """The key that was probably meant: one edit away, or of another prefix of the same project; "" if none is."""
        if key in self.known:
            return ""
        if key not in self._near:
            self._near[key] = self._find(key)
        return self._near[key]

    def _find(self, key: str) -> str:
        prefix, _, name = key.partition("/")
        if prefix in self._names:
            near = NearNames(self._names[prefix]).near(name)
            if near:
                return f"{prefix}/{near}"
        for other in sorted(self._prefixes.get(name, ())):
            if _is_slip(prefix, other):
                return f"{other}/{name}"
        if prefix in self._names and _is_of_upstream(prefix):
            others = [other for other in self._prefixes.get(name, ()) if _project(other) == _project(prefix)]
            return f"{others[0]}/{name}" if len(others) == 1 and len(name) > _SHORTEST else ""
        return ""


_SHORTEST = 6


def _is_slip(prefix: str, other: str) -> bool:
    return is_one_edit(prefix, other) or prefix.lower() == other


def _project(prefix: str) -> str:
    return ".".join(prefix.split(".")[-2:])


def _is_of_upstream(prefix: str) -> bool:
    return "internal" not in prefix


@cache
def keys() -> Keys:
    """The keys of labels and annotations."""
    return Keys(_data()["annotations"])


@cache
def configurations() -> dict[str, dict[str, str]]:
    """The keys of each ConfigMap of Knative, such as ``config-network``, with the type of the value."""
    found: dict[str, dict[str, str]] = _data()["config"]
    return found


@cache
def near_keys(config: str) -> NearNames:
    """The keys of a ConfigMap of Knative, to find the one that was meant."""
    return NearNames(configurations()[config])


@cache
def server_arguments() -> dict[str, list[str]]:
    """The arguments of each model server of KServe, such as ``--model_name`` of ``sklearnserver``."""
    found: dict[str, list[str]] = _data()["servers"]
    return found


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(carried("surfaces.json").read_bytes())
    return found
