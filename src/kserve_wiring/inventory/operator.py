# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The images that the Knative operator installs. Only its embedded manifests name them, not those of the user.

The data is stacks/operator/<version>.yaml, written by tools/generate/operator_images.py from
cmd/operator/kodata of the operator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from kserve_wiring.cluster.facts import Facts
from kserve_wiring.data import carried
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.inventory.found import Found, canonical
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.manifests.yamltext import load

QUEUE_SIDECAR = "config-deployment/queue-sidecar-image"
INGRESSES = ("istio", "kourier", "contour", "gateway-api")


@cache
def operators() -> dict[str, dict[str, Any]]:
    """The images embedded in each operator release, newest first.

    {operator version: {serving: {version: {key: image}}, ingress: {minor: {class: {key: image}}}}}. A key is what
    spec.registry.override of a KnativeServing calls the image: <object>/<container>, or the name of a caching Image.
    """
    folder = carried("operator", "stacks/operator")
    files = sorted(folder.glob("*.yaml"), key=lambda file: version_tuple(file.stem) or (), reverse=True)
    return {file.stem: load(file.read_text(encoding="utf-8")) for file in files}


def embedded_images(objects: Iterable[KubeObject], facts: Facts) -> tuple[list[Found], list[str]]:
    """The images that the operator will install for KnativeServing objects, after spec.registry, and notes."""
    found: list[Found] = []
    notes: list[str] = []
    for obj in objects:
        if obj.kind == "KnativeServing" and obj.group == "operator.knative.dev":
            wanted = str(obj.get("spec", "version") or "latest")
            release = _release(wanted, facts.knative_operator_version)
            if release is None:
                notes.append(f"{obj.ref}: the images that the operator embeds for Knative {wanted} are unknown")
            else:
                found += _of(obj, *release)
    return found, notes


def _release(wanted: str, operator: str) -> tuple[str, str] | None:
    """Operator and Knative version: of the given operator, else of the newest one that has the version."""
    given = operator.removeprefix("v")
    for name, data in operators().items():
        if given in operators() and name != given:
            continue
        versions = sorted(data["serving"], key=lambda version: version_tuple(version) or (), reverse=True)
        for version in versions:
            # "1.21" and "latest" mean the newest (knative/operator pkg/reconciler/common/releases.go).
            if wanted.removeprefix("v") in (version, version.rpartition(".")[0], "latest"):
                return name, version
    return None


def _of(server: KubeObject, operator: str, version: str) -> Iterator[Found]:
    data = operators()[operator]
    images = dict(data["serving"][version])
    for ingress in _ingresses(server):
        images |= data["ingress"].get(version.rpartition(".")[0], {}).get(ingress, {})
    why = f"embedded in the operator {operator} for Knative {version}"
    for key, image in images.items():
        pulled, reason = _after_registry(server, key, image)
        if pulled:
            yield Found(canonical(pulled), f"{why} ({key}){reason}", "W6" if key == QUEUE_SIDECAR else "W7")


def _ingresses(server: KubeObject) -> list[str]:
    """The enabled ones; net-istio if there is no spec.ingress (pkg/reconciler/knativeserving/ingress/ingress.go)."""
    if not isinstance(server.get("spec", "ingress"), Mapping):
        return ["istio"]
    return [name for name in INGRESSES if server.get("spec", "ingress", name, "enabled") is True]


def _after_registry(server: KubeObject, key: str, image: str) -> tuple[str, str]:
    """The image after spec.registry (pkg/reconciler/common/images.go); nothing if an override names another one,
    which the image finder reads there."""
    if key == QUEUE_SIDECAR:
        # The operator does not apply spec.registry to a ConfigMap.
        for config in ("deployment", "config-deployment"):
            if server.get("spec", "config", config, "queue-sidecar-image"):
                return "", ""
        return image, ""
    overrides = server.mapping("spec", "registry", "override")
    if key in overrides or key.rpartition("/")[2] in overrides:
        return "", ""
    default = server.get("spec", "registry", "default")
    if isinstance(default, str) and default:
        name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
        return default.replace("${NAME}", name), f", through spec.registry.default of {server.ref}"
    return image, ""
