# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW548: hosts of Services inside URLs, arguments, variables and annotations (wire W10).

A host NAME.NAMESPACE.svc is read by a program, so no controller reports one that does not exist. An argument
--predictor_host stays as it is (kserve v0.20.0 pkg/apis/serving/v1beta1/transformer_custom.go, explainer_custom.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.references import Reference, Row
from kserve_wiring.cluster.targets import Targets, targets_of
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_HOST = re.compile(r"(?<![\w.-])([a-z]([-a-z0-9]*[a-z0-9])?)\.([a-z0-9]([-a-z0-9]*[a-z0-9])?)\.svc\b[\w.-]*(?::(\d+))?")
_KINDS = (
    *("InferenceService", "InferenceGraph", "LLMInferenceService", "ServingRuntime", "ClusterServingRuntime"),
    *("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ScaledObject", "Secret", "ConfigMap"),
)
"""Kinds with texts for programs. The hosts in objects of Istio, webhooks and certificates have rules of their own."""
_OTHER_RULES = ("inferenceservice-config", "config-istio", "istio")
_PREDICTOR_HOST = "--predictor_host"
_BEFORE_PREDICTORS = ("transformer", "explainer")
_SERVICE = Row("", "", ("Service",), form="host", group="core", made=True)


@rule("KW548", skips_open=True)
def unknown_hosts(cluster: Cluster) -> Iterator[Draft]:
    """The name does not resolve, or another port answers with a refused connection."""
    targets = targets_of(cluster)
    for obj in cluster.of_kind(*_KINDS):
        if obj.name in _OTHER_RULES or not (obj.source.text == "" or ".svc" in obj.source.text):
            continue
        for path, text in _texts(obj.body):
            for found in _HOST.finditer(text):
                yield from _host(targets, Setting(text, obj, path), found)
    for obj in cluster.of_kind("InferenceService"):
        for component in _BEFORE_PREDICTORS:
            yield from _calls_itself(obj, component)


def _calls_itself(obj: KubeObject, component: str) -> Iterator[Draft]:
    """The address of a model as a whole leads to its transformer, which calls itself with it."""
    for index, container in mappings_of(obj.get("spec", component, "containers")):
        arguments = container.get("args")
        before = ""
        for number, argument in enumerate(arguments if isinstance(arguments, list) else ()):
            name, equals, value = str(argument).partition("=")
            host = value if equals and name == _PREDICTOR_HOST else str(argument) if before == _PREDICTOR_HOST else ""
            if host.rpartition("//")[2].split(".")[0] == obj.name:
                setting = Setting(argument, obj, ("spec", component, "containers", index, "args", number))
                reason = f"that is the address of the model as a whole, which leads to the {component}"
                yield because(setting, reason, "remove the argument: KServe adds it with the host of the predictor")
            before = str(argument)


def _texts(body: Mapping[str, Any]) -> list[tuple[KeyPath, str]]:
    """The texts with the name of a Service, except those of the status."""
    found: list[tuple[KeyPath, str]] = []
    _walk({key: value for key, value in body.items() if key != "status"}, (), found)
    return found


def _walk(value: Any, path: KeyPath, found: list[tuple[KeyPath, str]]) -> None:
    if isinstance(value, list):
        items: Iterable[tuple[Any, Any]] = enumerate(value)
    else:
        items = value.items() if isinstance(value, MAPPING) else ()
    for key, item in items:
        step = key if isinstance(key, int) else str(key)
        if isinstance(item, str):
            if ".svc" in item and key != "_example":
                found.append(((*path, step), item))
        elif isinstance(item, (list, *MAPPING)) and key != "_example":
            _walk(item, (*path, step), found)


def _host(targets: Targets, setting: Setting, found: re.Match[str]) -> Iterator[Draft]:
    name, namespace, port = found[1], found[3], found[5]
    ref = Reference(_SERVICE, setting.obj, setting.path, name, namespace, ("Service",), {})
    services = targets.find(ref)
    if services:
        if port:
            yield from _port(setting, services[0], found[0], port)
        return
    if targets.is_made(ref):
        return
    near, elsewhere = targets.near(ref), targets.elsewhere(ref)
    if elsewhere:
        other = f"{name}.{elsewhere[0].namespace}"
        reason = f"{elsewhere[0].ref} is in another namespace"
        yield _draft(setting, found[0], reason, other, elsewhere[0])
    elif near:
        reason = f"namespace {namespace} has no Service {name}, but {near}"
        yield _draft(setting, found[0], reason, f"{near}.{namespace}", None)


def _draft(setting: Setting, host: str, reason: str, better: str, other: KubeObject | None) -> Draft:
    shown = Setting(host, setting.obj, setting.path)
    places = (at(other, "metadata", "name"),) if other is not None else ()
    return because(shown, reason, f"write {better} for {'.'.join(host.split('.')[:2])}", *places)


def _port(setting: Setting, service: KubeObject, host: str, port: str) -> Iterator[Draft]:
    ports = [item.get("port") for _, item in mappings_of(service.get("spec", "ports"))]
    ordinary = service.get("spec", "type") != "ExternalName" and service.get("spec", "clusterIP") != "None"
    if ports and ordinary and int(port) not in ports:
        listed = ", ".join(map(str, ports))
        reason = f"{service.ref} has the port {listed}"
        fix = f"write the port {listed}" if len(ports) == 1 else "write one of these ports"
        yield because(Setting(host, setting.obj, setting.path), reason, fix, at(service, "spec", "ports"))
