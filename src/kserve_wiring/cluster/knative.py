# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Knative Serving's settings, from KnativeServing or ConfigMaps, and what the operator makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kserve_wiring.cluster.config_istio import GatewayConfig, parse_gateway_config
from kserve_wiring.manifests.objects import KubeObject, Setting, dig, mappings_of

DEFAULT_NAMESPACE = "knative-serving"
CONFIG_NAMES = [
    "deployment",
    "istio",
    "domain",
    "network",
    "features",
    "defaults",
    "autoscaler",
    "gc",
    "logging",
    "observability",
    "leader-election",
    "tracing",
    "certmanager",
    "gateway",
    "kourier",
    "contour",
]

_ONLY_SERVING = ("deployment", "istio", "domain", "network", "autoscaler", "gc")

# Keys of config-deployment that Knative still reads in camelCase (pkg/deployment/config.go); kebab-case wins.
LEGACY_KEYS = {
    "queue-sidecar-image": "queueSidecarImage",
    "registries-skipping-tag-resolving": "registriesSkippingTagResolving",
    "digest-resolution-timeout": "digestResolutionTimeout",
    "progress-deadline": "progressDeadline",
}
DEFAULT_SKIPPED = ("kind.local", "ko.local", "dev.local")


@dataclass(slots=True)
class Knative:
    """Knative Serving of one cluster: a KnativeServing object, ConfigMaps, or neither.

    server: the KnativeServing object, None without the operator. config_maps: ``config-*``, by name without the prefix.
    """

    server: KubeObject | None = None
    config_maps: dict[str, KubeObject] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """Namespace of the control plane; "" if unknown."""
        if self.server is not None:
            return self.server.namespace or DEFAULT_NAMESPACE
        for obj in self.config_maps.values():
            return obj.namespace
        return ""

    def known(self, config: str) -> bool:
        """True if the manifests show the content of a ConfigMap: then an absent key has its default."""
        return self.server is not None or config in self.config_maps

    def holder(self, config: str) -> tuple[KubeObject, tuple[str | int, ...]] | None:
        """Object and path that hold the keys of a ConfigMap."""
        if self.server is not None:
            name = config if self.server.mapping("spec", "config", config) else f"config-{config}"
            if not self.server.mapping("spec", "config", name):
                name = config
            return self.server, ("spec", "config", name)
        if config in self.config_maps:
            return self.config_maps[config], ("data",)
        return None

    def settings(self, config: str) -> dict[str, Setting]:
        """The keys of a ConfigMap. Under the operator ``config-istio`` wins over ``istio`` (config_maps.go)."""
        found: dict[str, Setting] = {}
        if config in self.config_maps:
            obj = self.config_maps[config]
            found |= _settings(obj, ("data",))
        if self.server is not None:
            chosen = f"config-{config}" if self.server.get("spec", "config", f"config-{config}") is not None else config
            found |= _settings(self.server, ("spec", "config", chosen))
        return found

    def setting(self, config: str, key: str) -> Setting | None:
        """One key, also in camelCase where Knative still reads that."""
        settings = self.settings(config)
        if key in settings:
            return settings[key]
        return settings.get(LEGACY_KEYS.get(key, ""))

    @property
    def uses_istio(self) -> bool:
        """True if the operator installs net-istio: ``spec.ingress`` is absent, or enables it (ingress.go)."""
        if self.server is None:
            return "istio" in self.config_maps
        if not isinstance(self.server.get("spec", "ingress"), Mapping):
            return True
        return self.server.get("spec", "ingress", "istio", "enabled") is True

    def gateways(self) -> GatewayConfig | None:
        """config-istio as net-istio parses it; None if the manifests do not show it."""
        if not self.uses_istio:
            return None
        holder = self.holder("istio")
        if holder is None:
            return None
        return parse_gateway_config(self.settings("istio"), *holder)


def _settings(obj: KubeObject, path: tuple[str | int, ...]) -> dict[str, Setting]:
    values = obj.mapping(*path)
    return {str(key): Setting(value, obj, (*path, str(key))) for key, value in values.items() if key != "_example"}


def find_knative(objects: Iterable[KubeObject]) -> Knative:
    """Find Knative Serving among the objects."""
    knative = Knative()
    candidates: list[KubeObject] = []
    for obj in objects:
        if obj.kind == "KnativeServing" and knative.server is None:
            knative.server = obj
        elif obj.kind == "ConfigMap" and obj.name.startswith("config-") and obj.name[7:] in CONFIG_NAMES:
            candidates.append(obj)
    namespace = knative.namespace or _namespace_of_config(candidates)
    if not namespace and knative.server is None:
        return knative
    for obj in candidates:
        if obj.namespace == namespace or not obj.namespace:
            knative.config_maps.setdefault(obj.name[7:], obj)
    return knative


def _namespace_of_config(candidates: list[KubeObject]) -> str:
    """Knative Serving's namespace. Its operator, Eventing and Tekton also have ConfigMaps such as config-logging."""
    for obj in candidates:
        if obj.labels.get("app.kubernetes.io/name") == "knative-serving" or obj.name[7:] in _ONLY_SERVING:
            return obj.namespace
    return DEFAULT_NAMESPACE if any(obj.namespace == DEFAULT_NAMESPACE for obj in candidates) else ""


def skip_list(knative: Knative) -> tuple[frozenset[str], Setting | None] | None:
    """Registries for which Knative does not resolve tags, and the setting that lists them.

    None if the manifests do not show it; (defaults, None) if the key is absent.
    """
    if not knative.known("deployment"):
        return None
    setting = knative.setting("deployment", "registries-skipping-tag-resolving")
    if setting is None or not isinstance(setting.value, str):
        return frozenset(DEFAULT_SKIPPED), None
    return frozenset(item.strip() for item in setting.value.split(",")), setting


def controller_environment(knative: Knative, objects: Iterable[KubeObject]) -> dict[str, Setting]:
    """Environment variables of the container ``controller``, from KnativeServing spec.workloads or a Deployment."""
    found: dict[str, Setting] = {}
    for obj in objects:
        if obj.kind == "Deployment" and obj.name == "controller" and obj.namespace == knative.namespace:
            for index, container in enumerate(obj.items("spec", "template", "spec", "containers")):
                found |= _env(container, obj, ("spec", "template", "spec", "containers", index, "env"), "env")
    if knative.server is not None:
        for section in ("deployments", "workloads"):
            for index, workload in enumerate(knative.server.items("spec", section)):
                if dig(workload, "name") != "controller":
                    continue
                for number, env in mappings_of(dig(workload, "env")):
                    path = ("spec", section, index, "env", number, "envVars")
                    if dig(env, "container") in (None, "controller"):
                        found |= _env(env, knative.server, path, "envVars")
    return found


def _env(holder: Any, obj: KubeObject, path: tuple[str | int, ...], key: str) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    values = dig(holder, key)
    for index, item in enumerate(values if isinstance(values, list) else []):
        name = dig(item, "name")
        if isinstance(name, str):
            found[name] = Setting(dig(item, "value"), obj, (*path, index, "value"))
    return found
