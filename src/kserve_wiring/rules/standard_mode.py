# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW426, KW427 and KW429: what Standard mode needs, ignores and does not serve (wire W10)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kserve_wiring.cluster.apis import is_absent
from kserve_wiring.cluster.cluster import MODE, STANDARD_MODES, Cluster
from kserve_wiring.cluster.pods import KSERVE_GROUP
from kserve_wiring.cluster.standard import (
    LOCAL,
    VISIBILITY,
    domain,
    host,
    is_internal,
    makes_routes,
    routes_by_gateway_api,
    standard_services,
    uses_standard,
)
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, instead, rename, set_to, single

_KNATIVE_MODES = ("Knative", "Serverless")
_KNATIVE_VISIBILITY = "networking.knative.dev/visibility"
_SCALER = "serving.kserve.io/autoscalerClass"
_LONGEST_LABEL = 63
_SERVICE_HOST = re.compile(r"(?<![\w.-])([a-z0-9]+(?:-[a-z0-9]+)*)\.([a-z0-9]+(?:-[a-z0-9]+)*)\.svc(?![\w-])")
_HOST = re.compile(r"[a-z0-9][a-z0-9.-]*[a-z0-9]")
_LONGEST_VALUE = 2048


@rule("KW426")
def missing_apis(cluster: Cluster) -> Iterator[Draft]:
    """KServe asks for these CRDs when it starts, or for each object, and goes without or stops."""
    if cluster.shows_all("CustomResourceDefinition"):
        yield from _apis_of_the_configuration(cluster)
        yield from _apis_of_services(cluster)
        yield from _apis_of_llm(cluster)


def _apis_of_the_configuration(cluster: Cluster) -> Iterator[Draft]:
    config = cluster.isvc_config
    if config is None:
        return
    gateway_api = config.setting("ingress", "enableGatewayApi")
    namespace, _, name = config.text("ingress", "kserveIngressGateway").rpartition("/")
    of_others = cluster.facts.exists("Gateway", namespace, name)
    if gateway_api is not None and gateway_api.value is True and not of_others:
        yield from _absent(cluster, gateway_api, "httproutes", "gateway.networking.k8s.io", "KServe's controller exits")
    caches = config.setting("localModel", "enabled")
    if caches is not None and caches.value is True and not cluster.named(*_crd("localmodelcaches.serving.kserve.io")):
        reason = "the CRD localmodelcaches.serving.kserve.io is not installed, so the webhook refuses every model"
        yield single(caches, reason=reason, suggestion=f"set {caches.key} to false, or install kserve-localmodel-crd")
    mode = config.setting("deploy", "defaultDeploymentMode")
    if mode is not None and mode.text() in _KNATIVE_MODES:
        yield from _without_knative(cluster, mode)
    if uses_standard(cluster) and not config.is_true("ingress", "disableIstioVirtualHost"):
        switch = config.place("ingress", "disableIstioVirtualHost", "false")
        effect = "KServe writes a warning for each InferenceService"
        for draft in _absent(cluster, switch, "virtualservices", "networking.istio.io", effect):
            yield instead(draft, set_to(switch, True), "warning")


def _crd(name: str) -> tuple[str, str]:
    return "CustomResourceDefinition", name


def _absent(cluster: Cluster, setting: Setting, plural: str, group: str, effect: str) -> Iterator[Draft]:
    if is_absent(cluster, plural, group):
        reason = f"the CRD {plural}.{group} is not installed, so {effect}"
        yield single(setting, reason=reason, suggestion=f"install it, or change {setting.key}")


def _without_knative(cluster: Cluster, setting: Setting) -> Iterator[Draft]:
    if cluster.facts.is_explicit("knative_version"):
        return  # an environment names the version that others install from Knative's YAML
    if cluster.knative.server is None and is_absent(cluster, "knativeservings", "operator.knative.dev"):
        effect = "KServe rejects the mode (ServerlessModeRejected)"
        for draft in _absent(cluster, setting, "services", "serving.knative.dev", effect):
            yield instead(draft, set_to(setting, "Standard"))


def _apis_of_services(cluster: Cluster) -> Iterator[Draft]:
    for obj in cluster.of_kind("InferenceService"):
        mode = at(obj, "metadata", "annotations", MODE)
        if obj.group == KSERVE_GROUP and mode.text() in _KNATIVE_MODES:
            yield from _without_knative(cluster, mode)
    for obj in standard_services(cluster):
        scaler = at(obj, "metadata", "annotations", _SCALER)
        if scaler.text() == "keda":
            effect = "the component stays at ReconcileFailed"
            yield from _absent(cluster, scaler, "scaledobjects", "keda.sh", effect)


def _apis_of_llm(cluster: Cluster) -> Iterator[Draft]:
    for obj in cluster.of_kind("LLMInferenceService"):
        effect = "KServe creates nothing for the service"
        for path in (("spec", "worker"), ("spec", "prefill", "worker")):
            if obj.get(*path) is not None:
                setting = Setting("set", obj, path)
                yield from _absent(cluster, setting, "leaderworkersets", "leaderworkerset.x-k8s.io", effect)
        if obj.get("spec", "router", "scheduler") is not None:
            setting = Setting("set", obj, ("spec", "router", "scheduler"))
            yield from _absent(cluster, setting, "inferencepools", "inference.networking.k8s.io", effect)


@rule("KW427")
def settings_of_another_mode(cluster: Cluster) -> Iterator[Draft]:
    """Settings of ingress that Standard mode serves wrongly or not at all."""
    config = cluster.isvc_config
    if config is None or not makes_routes(cluster):
        return
    template = config.setting("ingress", "pathTemplate")
    if routes_by_gateway_api(cluster):
        if template is not None:
            reason = "with enableGatewayApi the route of each model takes every path of the domain, and none removes it"
            yield single(template, reason=reason, suggestion=f"remove {template.key}")
    elif cluster.deployment_mode in STANDARD_MODES and not _some_on_knative(cluster):
        for setting in (template, config.setting("ingress", "additionalIngressDomains")):
            if setting is not None and setting.value != []:
                reason = "in Standard mode KServe reads it only with enableGatewayApi"
                yield single(setting, reason=reason, suggestion=f"remove {setting.key}")


def _some_on_knative(cluster: Cluster) -> bool:
    return any(cluster.runs_on_knative(obj) for obj in cluster.of_kind("InferenceService") if obj.group == KSERVE_GROUP)


@rule("KW429")
def unserved_names(cluster: Cluster) -> Iterator[Draft]:
    """Names of Knative mode, and hosts that are no domain name."""
    routed = makes_routes(cluster)
    for obj in standard_services(cluster):
        yield from _visibility(obj)
        if routed and not is_internal(obj):
            yield from _too_long(cluster, obj)
    yield from _knative_hosts(cluster)


def _visibility(obj: KubeObject) -> Iterator[Draft]:
    setting = at(obj, "metadata", "labels", _KNATIVE_VISIBILITY)
    if setting.value == LOCAL and obj.labels.get(VISIBILITY) != LOCAL:
        reason = "only Knative reads this label, so in Standard mode the model gets a route to the outside"
        yield single(setting, reason=reason, suggestion=rename(setting, VISIBILITY), level="warning")


def _too_long(cluster: Cluster, obj: KubeObject) -> Iterator[Draft]:
    own = [part for part in ("predictor", "transformer", "explainer") if obj.get("spec", part)]
    if obj.get("spec", "predictor", "name"):
        own.remove("predictor")  # its Service has that name
    for name in (*(f"{obj.name}-{part}" for part in reversed(own)), obj.name):
        text = host(cluster, name, obj.namespace, domain(cluster).text()) if obj.namespace else ""
        label = max(text.split("."), key=len)
        if len(label) > _LONGEST_LABEL:
            size = f"{len(label)} characters, and a label of a name has at most {_LONGEST_LABEL}"
            reason = f"its host {text} has a part of {size}"
            suggestion = f"shorten the name or the namespace by {len(label) - _LONGEST_LABEL} characters"
            yield single(at(obj, "metadata", "name"), reason=reason, suggestion=suggestion)
            return


def _knative_hosts(cluster: Cluster) -> Iterator[Draft]:
    """``<model>.<namespace>.svc`` is a Service of Knative mode; here it is ``<model>-predictor``."""
    standard = {(obj.name, obj.namespace): obj for obj in standard_services(cluster)}
    if not standard:
        return
    outside = _external_hosts(cluster, standard.values())
    for setting in _texts(cluster):
        yield from _external_of_knative(setting, outside)
        for match in _SERVICE_HOST.finditer(setting.value) if len(setting.value) <= _LONGEST_VALUE else ():
            model = standard.get((match[1], match[2]))
            if model is None or cluster.find("Service", match[2], match[1]):
                continue
            entry = "transformer" if model.get("spec", "transformer") else "predictor"
            fixed = f"{setting.value[: match.end(1)]}-{entry}{setting.value[match.end(1) :]}"
            reason = f"{model.ref} runs in Standard mode, which has no Service {match[1]}"
            draft = single(setting, reason=reason, suggestion=set_to(setting, fixed))
            yield replace(draft, related=((model, ("metadata", "name")),))
            break


def _external_hosts(cluster: Cluster, models: Iterable[KubeObject]) -> dict[str, tuple[KubeObject, str]]:
    """Knative's external hosts of models, with the model and its host in Standard mode, where that differs."""
    if not makes_routes(cluster):
        return {}
    suffix = domain(cluster).text()
    found = {}
    for model in models:
        other, own = f"{model.name}.{model.namespace}.{suffix}", host(cluster, model.name, model.namespace, suffix)
        if own and own != other:
            found[other] = (model, own)
    return found


def _external_of_knative(setting: Setting, outside: Mapping[str, tuple[KubeObject, str]]) -> Iterator[Draft]:
    for match in _HOST.finditer(setting.value) if outside and len(setting.value) <= _LONGEST_VALUE else ():
        if match[0] in outside:
            model, own = outside[match[0]]
            fixed = f"{setting.value[: match.start()]}{own}{setting.value[match.end() :]}"
            reason = f"{model.ref} runs in Standard mode, and its host is {own}"
            draft = single(setting, reason=reason, suggestion=set_to(setting, fixed))
            yield replace(draft, related=((model, ("metadata", "name")),))
            return


def _texts(cluster: Cluster) -> Iterator[Setting]:
    """Texts in which clients name the host of a model."""
    for pod in cluster.pods:
        for path, container in pod.containers():
            yield from _texts_of(pod.obj, path, container)
    for graph in cluster.of_kind("InferenceGraph"):
        for node, value in graph.mapping("spec", "nodes").items():
            for index, step in mappings_of(dig(value, "steps")):
                if isinstance(step.get("serviceUrl"), str):
                    place: KeyPath = ("spec", "nodes", str(node), "steps", index, "serviceUrl")
                    yield Setting(step["serviceUrl"], graph, place)


def _texts_of(obj: KubeObject, path: KeyPath, container: Mapping[str, Any]) -> Iterator[Setting]:
    for name in ("args", "command"):
        for index, text in enumerate(strings_of(container.get(name))):
            yield Setting(text, obj, (*path, name, index))
    for index, variable in mappings_of(container.get("env")):
        if isinstance(variable.get("value"), str):
            yield Setting(variable["value"], obj, (*path, "env", index, "value"))
