# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""ConfigMap config-istio, as net-istio parses it (pkg/reconciler/ingress/config/istio.go)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kserve_wiring.grammar import go_json as config_map_json
from kserve_wiring.grammar.values import is_dns1123_subdomain
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting

STRUCTURED_KEYS = {"ingress": "external-gateways", "local": "local-gateways"}
LEGACY_PREFIXES = {"ingress": "gateway.", "local": "local-gateway."}
_DEFAULTS = {
    "ingress": ("knative-ingress-gateway", "istio-ingressgateway.istio-system.svc.cluster.local"),
    "local": ("knative-local-gateway", "knative-local-gateway.istio-system.svc.cluster.local"),
}


@dataclass(frozen=True, slots=True)
class GatewayEntry:
    """One gateway entry of config-istio.

    role: ``local`` or ``ingress``. namespace and name: of the Istio Gateway object. service: host of the Service of
    its pods. path: of the entry in ``obj``. structured: written in the list format. selector: labelSelector, None for
    the default entry. builtin: net-istio's own default, which applies because the key is absent.
    """

    role: str
    namespace: str
    name: str
    service: str
    obj: KubeObject
    path: KeyPath
    structured: bool
    selector: Any = None
    builtin: bool = False

    @property
    def gateway(self) -> str:
        """``namespace/name`` of the Gateway object."""
        return f"{self.namespace}/{self.name}"

    def where(self, part: str) -> KeyPath:
        """Path of a part of the entry: ``name``, ``namespace`` or ``service``."""
        return (*self.path, part) if self.structured and not self.builtin else self.path


@dataclass(frozen=True, slots=True)
class GatewayProblem:
    """Why net-istio refuses the ConfigMap."""

    setting: Setting
    reason: str
    suggestion: str


@dataclass(slots=True)
class GatewayConfig:
    """The parsed ConfigMap. ingress and local: entries in the order of the ConfigMap, else the builtin one."""

    ingress: list[GatewayEntry] = field(default_factory=list)
    local: list[GatewayEntry] = field(default_factory=list)
    problems: list[GatewayProblem] = field(default_factory=list)

    def default(self, role: str) -> GatewayEntry | None:
        """The entry that serves Routes without special labels; None if net-istio refuses the ConfigMap."""
        entries: list[GatewayEntry] = getattr(self, role)
        if self.problems:
            return None
        return next((entry for entry in entries if entry.selector is None), None)


def parse_gateway_config(settings: Mapping[str, Setting], holder: KubeObject, path: KeyPath) -> GatewayConfig:
    """Parse the keys of config-istio. holder and path: where absent keys would be."""
    config = GatewayConfig()
    legacy = [key for key in settings if key.startswith(tuple(LEGACY_PREFIXES.values()))]
    structured = [key for key in STRUCTURED_KEYS.values() if key in settings]
    if legacy and structured:
        problem = GatewayProblem(
            settings[structured[0]],
            'invalid configmap: "local-gateways" or "external-gateways" can not be defined simultaneously with '
            + legacy[0],
            f"remove {legacy[0]}",
        )
        config.problems.append(problem)
    for role in ("ingress", "local"):
        entries = _structured(role, settings, config) or ([] if structured else _legacy(role, settings, config))
        if not entries and not _is_empty_list(settings.get(STRUCTURED_KEYS[role])):
            entries = [_builtin(role, holder, path)]
        setattr(config, role, entries)
    return config


def _is_empty_list(setting: Setting | None) -> bool:
    return setting is not None and setting.text().strip() == "[]"


def _builtin(role: str, holder: KubeObject, path: KeyPath) -> GatewayEntry:
    name, service = _DEFAULTS[role]
    return GatewayEntry(
        role, "knative-serving", name, service, holder, (*path, STRUCTURED_KEYS[role]), True, builtin=True
    )


def _structured(role: str, settings: Mapping[str, Setting], config: GatewayConfig) -> list[GatewayEntry]:
    setting = settings.get(STRUCTURED_KEYS[role])
    if setting is None or not setting.text().strip():
        return []
    key = STRUCTURED_KEYS[role]
    try:
        value = yamltext.load_embedded(setting.text())
    except yamltext.YamlError as error:
        _problem(config, setting, f'failed to parse "{key}" gateways: {error}', "write a YAML list of gateways")
        return []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        reason = f'failed to parse "{key}" gateways: failed to unmarshal: it is not a list of gateways'
        _problem(config, setting, reason, "write a YAML list of {name, namespace, service}")
        return []
    entries = [_entry(role, item, setting, index) for index, item in enumerate(value)]
    for entry in entries:
        _validate(config, entry)
    _count_defaults(config, role, entries, setting)
    return entries


def _entry(role: str, item: Mapping[str, Any], setting: Setting, index: int) -> GatewayEntry:
    name, namespace, service = (
        _go_string(config_map_json.field(item, key)) for key in ("name", "namespace", "service")
    )
    selector = config_map_json.field(item, "labelSelector")
    return GatewayEntry(role, namespace, name, service, setting.obj, (*setting.path, index), True, selector)


def _go_string(value: Any) -> str:
    """A YAML scalar as sigs.k8s.io/yaml puts it into a Go string: an unquoted ``on`` becomes "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, (Mapping, list)) else str(value)


def _legacy(role: str, settings: Mapping[str, Setting], config: GatewayConfig) -> list[GatewayEntry]:
    prefix = LEGACY_PREFIXES[role]
    entries = []
    for key in sorted(key for key in settings if key.startswith(prefix)):
        namespace, dot, name = key.removeprefix(prefix).partition(".")
        if not dot:
            namespace, name = "knative-serving", namespace
        setting = settings[key]
        entries.append(GatewayEntry(role, namespace, name, setting.text(), setting.obj, setting.path, False))
        _validate(config, entries[-1])
    return entries


def _validate(config: GatewayConfig, entry: GatewayEntry) -> None:
    label = "local gateway" if entry.role == "local" else "gateway"
    for part in ("namespace", "name", "service"):
        if not getattr(entry, part):
            reason = f"invalid configuration: invalid {label} {entry.gateway}: missing {part}"
            _problem(config, Setting(entry.gateway, entry.obj, entry.path), reason, f"give the entry a {part}")
            return
    if not is_dns1123_subdomain(entry.service.removesuffix(".")):
        reason = "invalid gateway service format: it is not a host name in lower case without scheme and port"
        _problem(
            config,
            Setting(entry.service, entry.obj, entry.where("service")),
            reason,
            "write <service>.<namespace>.svc.<domain>",
        )


def _count_defaults(config: GatewayConfig, role: str, entries: list[GatewayEntry], setting: Setting) -> None:
    count = sum(entry.selector is None for entry in entries)
    if entries and count != 1:
        reason = f"exactly one {role} gateway with no selector can be defined, but there are {count}"
        _problem(config, setting, reason, "leave exactly one entry without labelSelector")


def _problem(config: GatewayConfig, setting: Setting, reason: str, suggestion: str) -> None:
    config.problems.append(GatewayProblem(setting, reason, suggestion))
