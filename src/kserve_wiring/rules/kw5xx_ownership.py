# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW5xx: owners, namespaces, versions, rendered output and GitOps (wires W12, W13, W14)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.config_map_json import parse_json
from kserve_wiring.context import Context
from kserve_wiring.findings import Draft
from kserve_wiring.gostyle import version_tuple
from kserve_wiring.images import parse_image
from kserve_wiring.knative import DEFAULT_NAMESPACE, stock_service_namespace
from kserve_wiring.model import Model
from kserve_wiring.objects import KubeObject, Path, Setting, dig, mappings_of
from kserve_wiring.pods import pod_uses
from kserve_wiring.rules import rule
from kserve_wiring.rules.drafting import against, at, pair, show, single

_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_STOCK_GATEWAYS = ("knative-local-gateway", "knative-ingress-gateway")
_AUTOSCALER_NAMESPACE = "KNATIVE_CONFIG_AUTOSCALER_NAMESPACE"
_MODES = {"Knative": "Serverless", "Standard": "RawDeployment"}
_OLD_MODES = {old: new for new, old in _MODES.items()}
_MODES_RENAMED = (0, 16, 0)
_MINORS_IN_OPERATOR = 3  # beside its own; cmd/operator/kodata/knative-serving


# --- KW501 -----------------------------------------------------------------------------------------------


@rule("KW501")
def two_owners(model: Model, context: Context) -> Iterator[Draft]:
    """The same object in two releases, or one that the Knative operator makes and reverts by itself."""
    yield from _in_two_releases(model)
    if model.knative.server is not None:
        yield from _beside_the_operator(model, context, model.knative.server)


def _in_two_releases(model: Model) -> Iterator[Draft]:
    first: dict[tuple[str, str, str, str], KubeObject] = {}
    for obj in model.objects:
        if obj.source.partial or not obj.name:
            continue
        other = first.setdefault((obj.group, obj.kind, obj.namespace, obj.name), obj)
        if other is obj:
            continue
        owner, former = obj.source.release, other.source.release
        if owner and former and owner != former:
            yield _owned_twice(obj, f"release {owner}", other, f"release {former}")
        elif obj.source.file == other.source.file and obj.source.line and not (owner or former):
            places = (f"line {obj.source.line}", f"line {other.source.line}")
            yield _owned_twice(obj, places[0], other, places[1], level="warning")


def _owned_twice(obj: KubeObject, owner: str, other: KubeObject, former: str, level: str = "") -> Draft:
    args = {
        "key": f"the owner of {obj.ref}",
        "value": owner,
        "other_key": "the owner of the same object",
        "other": former,
    }
    path: Path = ("metadata", "name")
    return Draft("KW501", obj, path, args, ((other, path),), level)


def _beside_the_operator(model: Model, context: Context, server: KubeObject) -> Iterator[Draft]:
    """https://knative.dev/docs/install/operator/: it reverts what is set anywhere but in KnativeServing."""
    for name, obj in sorted(model.knative.config_maps.items()):
        if _is_written_by_hand(obj):
            yield _operators(obj, server, ("spec", "config", name))
    for obj in model.of_kind("Gateway"):
        stock = obj.name in _STOCK_GATEWAYS and obj.namespace == model.knative.namespace
        if stock and model.knative.uses_istio and _is_written_by_hand(obj):
            yield _operators(obj, server, ("spec", "ingress", "istio", obj.name))
    for obj in model.find("Service", stock_service_namespace(model.knative, context), _STOCK_GATEWAYS[0]):
        if model.knative.uses_istio and _is_written_by_hand(obj):
            yield _operators(obj, server, ("spec", "ingress", "istio", obj.name))


def _is_written_by_hand(obj: KubeObject) -> bool:
    """Not what the operator will make, nor what it made on a live cluster."""
    return not (
        obj.synthetic or obj.source.partial or obj.get("metadata", "uid") or obj.get("metadata", "ownerReferences")
    )


def _operators(obj: KubeObject, server: KubeObject, path: Path) -> Draft:
    args = {
        "key": f"the owner of {obj.ref}",
        "value": obj.source.release or "these manifests",
        "other_key": f"the owner of what {server.ref} installs",
        "other": "the Knative operator",
    }
    fix = f"remove the object and set {'.'.join(map(str, path))} of {server.ref}"
    return Draft("KW501", obj, ("metadata", "name"), args, ((server, path),), fix=fix)


# --- KW502 -----------------------------------------------------------------------------------------------


@rule("KW502")
def namespaces_differ(model: Model, context: Context) -> Iterator[Draft]:
    """A component that looks for another one in a namespace where that one is not."""
    yield from _kserve_config(model)
    yield from _autoscaler_config(model)
    yield from _webhook_services(model, context)
    yield from _injected_certificates(model, context)
    yield from _certificate_names(model)
    yield from _role_subjects(model)
    yield from _istio_namespace(model)


def _namespace_of(obj: KubeObject) -> Setting:
    return Setting(obj.namespace, obj, ("metadata", "namespace"))


def _kserve_config(model: Model) -> Iterator[Draft]:
    """KServe reads its ConfigMap in the namespace of its pod (configmap.go)."""
    config = model.isvc_config
    for controller in model.kserve_controllers:
        if (
            config is not None
            and config.obj.namespace
            and controller.namespace
            and config.obj.namespace != controller.namespace
        ):
            yield pair("KW502", _namespace_of(config.obj), _namespace_of(controller))


def _autoscaler_config(model: Model) -> Iterator[Draft]:
    """KServe fails where config-autoscaler is not (https://github.com/kserve/kserve/issues/4517)."""
    namespace = model.knative.namespace
    if not namespace or not (model.kserve_controllers or model.isvc_config):
        return
    source = model.knative.server or next(iter(model.knative.config_maps.values()))
    wanted: Setting | None = None
    for pod in model.pods:
        if pod.obj in model.kserve_controllers:
            for path, container in pod.containers():
                for index, variable in mappings_of(container.get("env")):
                    if variable.get("name") == _AUTOSCALER_NAMESPACE:
                        wanted = Setting(variable.get("value"), pod.obj, (*path, "env", index, "value"))
    if wanted is not None and wanted.text() != namespace:
        yield pair("KW502", wanted, _namespace_of(source))
    elif wanted is None and namespace != DEFAULT_NAMESPACE:
        setting = _namespace_of(source)
        setting = Setting(namespace, setting.obj, setting.path)
        yield single(
            "KW502", setting, other_key=f"{_AUTOSCALER_NAMESPACE} of KServe's controller", other=DEFAULT_NAMESPACE
        )


def _webhook_services(model: Model, context: Context) -> Iterator[Draft]:
    for obj in model.of_kind(*_WEBHOOKS):
        for index, _ in mappings_of(obj.get("webhooks")):
            yield from _service_reference(model, context, obj, ("webhooks", index, "clientConfig", "service"))
    for obj in model.of_kind("CustomResourceDefinition"):
        yield from _service_reference(model, context, obj, ("spec", "conversion", "webhook", "clientConfig", "service"))
    for obj in model.of_kind("APIService"):
        yield from _service_reference(model, context, obj, ("spec", "service"))


def _service_reference(model: Model, context: Context, obj: KubeObject, path: Path) -> Iterator[Draft]:
    name, namespace = obj.get(*path, "name"), obj.get(*path, "namespace")
    if not (isinstance(name, str) and isinstance(namespace, str)):
        return
    if any(service.group == "" for service in model.find("Service", namespace, name)):
        return
    setting = Setting(f"{namespace}/{name}", obj, (*path, "namespace"))
    elsewhere = [service for service in model.named("Service", name) if service.group == "" and not service.synthetic]
    if elsewhere:
        shown = Setting(f"{elsewhere[0].namespace}/{name}", elsewhere[0], ("metadata", "namespace"))
        yield pair("KW502", setting, shown)
    elif _release_is_whole(context, obj):
        service = _likely_service(model, obj, namespace)
        if service is not None:
            shown = Setting(f"{service.namespace}/{service.name}", service, ("metadata", "name"))
            yield pair("KW502", Setting(setting.value, obj, (*path, "name")), shown)


def _release_is_whole(context: Context, obj: KubeObject) -> bool:
    return context.declared and bool(obj.source.release)


def _likely_service(model: Model, obj: KubeObject, namespace: str) -> KubeObject | None:
    """The webhook Service of the same release."""
    services = [
        item for item in model.of_kind("Service") if item.source.release == obj.source.release and item.group == ""
    ]
    services.sort(key=lambda item: ("webhook" not in item.name, item.namespace != namespace))
    return services[0] if services else None


def _injected_certificates(model: Model, context: Context) -> Iterator[Draft]:
    """cert-manager copies the CA of a Certificate that the annotation names as <namespace>/<name>."""
    for obj in model.of_kind(*_WEBHOOKS, "CustomResourceDefinition", "APIService"):
        path: Path = ("metadata", "annotations", "cert-manager.io/inject-ca-from")
        value = obj.get(*path)
        if not isinstance(value, str) or "{{" in value:
            continue
        namespace, _, name = value.partition("/")
        if model.find("Certificate", namespace, name):
            continue
        others = model.named("Certificate", name) or (
            [item for item in model.of_kind("Certificate") if item.source.release == obj.source.release]
            if _release_is_whole(context, obj)
            else []
        )
        if others:
            shown = Setting(f"{others[0].namespace}/{others[0].name}", others[0], ("metadata", "namespace"))
            yield pair("KW502", Setting(value, obj, path), shown)


def _certificate_names(model: Model) -> Iterator[Draft]:
    """A webhook certificate is valid for the host of its Service."""
    for obj in model.of_kind("Certificate"):
        for index, name in enumerate(obj.items("spec", "dnsNames")):
            parts = str(name).split(".")
            if len(parts) < 3 or parts[2] != "svc" or model.find("Service", parts[1], parts[0]):
                continue
            services = [item for item in model.named("Service", parts[0]) if item.group == "" and not item.synthetic]
            if services:
                yield pair("KW502", Setting(name, obj, ("spec", "dnsNames", index)), _namespace_of(services[0]))


def _role_subjects(model: Model) -> Iterator[Draft]:
    """A binding that gives its rights to a ServiceAccount in another namespace than where it is."""
    for obj in model.of_kind("ClusterRoleBinding", "RoleBinding"):
        for index, subject in mappings_of(obj.get("subjects")):
            name, namespace = subject.get("name"), subject.get("namespace")
            if subject.get("kind") != "ServiceAccount" or not (isinstance(name, str) and isinstance(namespace, str)):
                continue
            accounts = [
                item for item in model.named("ServiceAccount", name) if item.source.release == obj.source.release
            ]
            if name == "default" or not accounts or model.find("ServiceAccount", namespace, name):
                continue
            yield pair("KW502", Setting(namespace, obj, ("subjects", index, "namespace")), _namespace_of(accounts[0]))


def _istio_namespace(model: Model) -> Iterator[Draft]:
    """Injected pods look for istiod where the injector's values and the mesh configuration say it is."""
    istiod = [obj for obj in model.of_kind("Service") if obj.name == "istiod" and obj.group == ""]
    for obj in model.of_kind("ConfigMap"):
        if obj.name.startswith("istio-sidecar-injector"):
            try:
                namespace = dig(parse_json(str(obj.get("data", "values"))), "global", "istioNamespace")
            except ValueError:
                continue
            if isinstance(namespace, str) and obj.namespace and namespace != obj.namespace:
                setting = Setting(namespace, obj, ("data", "values", "global", "istioNamespace"))
                yield pair("KW502", setting, _namespace_of(obj))
        elif obj.name == "istio" and isinstance(obj.get("data", "mesh"), str):
            match = re.search(r"discoveryAddress:\s*istiod\.([a-z0-9-]+)\.svc", str(obj.get("data", "mesh")))
            if match and istiod and all(service.namespace != match.group(1) for service in istiod):
                setting = Setting(match.group(1), obj, ("data", "mesh", "discoveryAddress"))
                yield pair("KW502", setting, _namespace_of(istiod[0]))


# --- KW503 -----------------------------------------------------------------------------------------------


@rule("KW503")
def wrong_version(model: Model, context: Context) -> Iterator[Draft]:
    """A spelling, an image or a chart of another version than the environment's."""
    yield from _modes(model, context)
    yield from _knative_version(model, context)
    yield from _image_versions(model, context)
    yield from _chart_versions(model, context)


def _modes(model: Model, context: Context) -> Iterator[Draft]:
    config = model.isvc_config
    settings = [config.setting("deploy", "defaultDeploymentMode")] if config else []
    for obj in model.of_kind("InferenceService"):
        annotated = at(obj, "metadata", "annotations", "serving.kserve.io/deploymentMode")
        settings.append(annotated if annotated.value else None)
    version = context.version("kserve_version")
    for setting in settings:
        if setting is None or setting.text() == "ModelMesh":
            continue
        mode = setting.text()
        if mode not in _MODES and mode not in _OLD_MODES:
            args = {"other_key": "what KServe knows", "other": "Knative, Standard and ModelMesh"}
            yield single(
                "KW503", setting, **args, reason="the names are case-sensitive", suggestion=_nearest_mode(mode)
            )
        elif version is not None and (mode in _MODES) != (version >= _MODES_RENAMED):
            reason = "v0.16 renamed Serverless and RawDeployment to Knative and Standard"
            suggestion = _MODES.get(mode) or _OLD_MODES[mode]
            level = "warning" if version >= _MODES_RENAMED else ""  # the old names still work there
            yield against(
                "KW503", setting, context, "kserve_version", reason=reason, suggestion=suggestion, level=level
            )


def _nearest_mode(mode: str) -> str:
    return next((known for known in (*_MODES, *_OLD_MODES) if known.lower() == mode.lower()), "Knative")


def _knative_version(model: Model, context: Context) -> Iterator[Draft]:
    server = model.knative.server
    if server is None or not server.get("spec", "version"):
        return
    setting = at(server, "spec", "version")
    version, wanted = version_tuple(setting.text()), context.version("knative_version")
    if version is None:
        return
    if wanted is not None and version[: _precision(setting.text())] != wanted[: _precision(setting.text())]:
        reason = "the images and settings of this environment are for the latter"
        yield against("KW503", setting, context, "knative_version", reason=reason, suggestion=context.knative_version)
    operator = context.version("knative_operator_version")
    if operator is None:
        return
    oldest = operator[1] - _MINORS_IN_OPERATOR
    if version[0] != operator[0] or not oldest <= version[1] <= operator[1]:
        carried = f"{operator[0]}.{oldest} to {operator[0]}.{operator[1]}"
        reason, suggestion = f"this operator carries Knative {carried}", f"a version of {carried}"
        yield against("KW503", setting, context, "knative_operator_version", reason=reason, suggestion=suggestion)


def _precision(version: str) -> int:
    """``1.21`` means any 1.21.x."""
    return min(3, version.removeprefix("knative-").removeprefix("v").count(".") + 1)


# Which version an image of upstream has to have, by the end of its repository.
_KSERVE_IMAGES = frozenset(
    {
        "agent",
        "art-explainer",
        "kserve-controller",
        "kserve-localmodel-controller",
        "kserve-localmodelnode-agent",
        "llmisvc-controller",
        "router",
        "storage-initializer",
    }
)
_ISTIO_IMAGES = frozenset({"proxyv2", "pilot", "install-cni", "ztunnel"})
_RELEASE_TAG = re.compile(r"^v?\d+\.\d+\.\d+$")


def _image_versions(model: Model, context: Context) -> Iterator[Draft]:
    for use in model.images:
        try:
            image = parse_image(use.image)
        except ValueError:
            continue
        if not _RELEASE_TAG.match(image.tag) or image.digest:
            continue
        fact = _fact_of_image(image.repository)
        wanted = context.version(fact) if fact else None
        if fact and wanted is not None and version_tuple(image.tag) != wanted:
            setting = Setting(use.image, use.setting.obj, use.setting.path)
            reason = "this image is released together with the others"
            suggestion = f"the image of {getattr(context, fact)}"
            yield against("KW503", setting, context, fact, reason=reason, suggestion=suggestion, level="warning")


def _fact_of_image(repository: str) -> str:
    folder, _, name = repository.rpartition("/")
    if name in _KSERVE_IMAGES and folder.rpartition("/")[2] == "kserve":
        return "kserve_version"
    if name in _ISTIO_IMAGES and "istio" in folder:
        return "istio_version"
    return ""


def _chart_versions(model: Model, context: Context) -> Iterator[Draft]:
    for app in _applications(model):
        for path, source in _sources(app):
            chart, revision = source.get("chart"), source.get("targetRevision")
            fact = _fact_of_chart(str(chart or ""), str(source.get("repoURL") or ""))
            wanted = context.version(fact) if fact else None
            version = version_tuple(str(revision))
            if fact and wanted is not None and version is not None and version != wanted:
                setting = Setting(revision, app, (*path, "targetRevision"))
                reason = f"chart {chart} is released with it"
                suggestion = getattr(context, fact)
                yield against("KW503", setting, context, fact, reason=reason, suggestion=suggestion)


def _fact_of_chart(chart: str, repository: str) -> str:
    if chart.rpartition("/")[2].startswith("kserve-") and chart != "kserve-environment":
        return "kserve_version"
    if chart in ("base", "istiod", "gateway", "cni", "ztunnel") and "istio" in repository:
        return "istio_version"
    return "knative_operator_version" if chart == "knative-operator" else ""


# --- KW504 -----------------------------------------------------------------------------------------------

# What templates leave behind in a value when they go wrong, and what to do about it.
_ARTEFACTS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"^map\[.*\]$"), "a template printed a map where a string belongs", "give the chart a list of strings"),
    (re.compile(r"<no value>|%!\w\("), "a template printed a value that is not there", "set the value it takes"),
    (re.compile(r"^[^\s:]+:[0-9.]+e\+[0-9]+$"), "a tag was read as a number", "quote the tag"),
)
_TOKENS = ("map[", "<no value>", "%!", "e+", "Error:", "{{", "{%")
_FALLBACK = re.compile(r"^(?:docker\.io/)?kserve/[a-z-]+:latest$")


@rule("KW504")
def broken_output(model: Model, context: Context) -> Iterator[Draft]:
    """Values that a chart did not render as they were written; helm reports none of these."""
    for obj in model.objects:
        if obj.kind == "CustomResourceDefinition" or not _is_suspect(obj):
            continue
        if "Error" in obj.body:
            reason = "a value broke the YAML of a patch, and the chart went on without it"
            suggestion = "remove quotes and --- from the values of this chart"
            yield single("KW504", Setting("set", obj, ("Error",)), reason=reason, suggestion=suggestion)
        yield from _artefacts(obj)
        yield from _unrendered(obj)
    yield from _fallback_images(model, context)


def _is_suspect(obj: KubeObject) -> bool:
    text = obj.source.text
    return not text or any(token in text for token in _TOKENS)


def _artefacts(obj: KubeObject) -> Iterator[Draft]:
    if obj.kind == "Secret":
        return
    for path, text in _short_strings(obj.body, (), set()):
        for pattern, reason, suggestion in _ARTEFACTS:
            if pattern.search(text):
                yield single("KW504", Setting(text, obj, path), reason=reason, suggestion=suggestion)


def _short_strings(value: Any, path: Path, seen: set[int]) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if len(value) < 512 and "\n" not in value:
            yield path, value
    elif isinstance(value, (Mapping, list)) and id(value) not in seen:
        seen.add(id(value))
        steps = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in steps:
            yield from _short_strings(item, (*path, key if isinstance(key, (int, str)) else str(key)), seen)


def _unrendered(obj: KubeObject) -> Iterator[Draft]:
    for path in (("metadata", "name"), ("metadata", "namespace")):
        text = obj.get(*path)
        if isinstance(text, str) and ("{{" in text or "{%" in text):
            yield single(
                "KW504", Setting(text, obj, path), reason="a template was not rendered", suggestion="render it first"
            )
    for pod in pod_uses(obj):
        for container_path, container in pod.containers():
            text = container.get("image")
            if isinstance(text, str) and ("{{" in text or "{%" in text):
                setting = Setting(text, obj, (*container_path, "image"))
                yield single("KW504", setting, reason="a template was not rendered", suggestion="render it first")


def _fallback_images(model: Model, context: Context) -> Iterator[Draft]:
    """KServe's charts drop a patch that is not YAML, and the images of their base stay."""
    if not context.kserve_version:
        return
    for use in model.images:
        if _FALLBACK.match(use.image):
            reason = "that is the base of KServe's chart, whose patch was dropped"
            suggestion = "remove quotes and --- from the values of this chart"
            setting = Setting(use.image, use.setting.obj, use.setting.path)
            yield single("KW504", setting, reason=reason, suggestion=suggestion)


# --- KW506 -----------------------------------------------------------------------------------------------


@rule("KW506")
def compared_by_argocd(model: Model, context: Context) -> Iterator[Draft]:
    """An Application that undoes, again and again, what a controller writes into its objects."""
    for app in _applications(model):
        releases = set(_release_names(app))
        charts = {str(source.get("chart") or "") for _, source in _sources(app)}
        own = [obj for obj in model.objects if obj.source.release in releases and not obj.source.partial]
        seen: set[tuple[str, str]] = set()
        for kind, field, other, level in (*_rewritten(own), *_rewritten_by_chart(charts, own)):
            if (kind, field) not in seen and not _ignores(app, kind, field):
                seen.add((kind, field))
                yield _compared(app, kind, field, other, level)


def _applications(model: Model) -> Iterator[KubeObject]:
    return (obj for obj in model.of_kind("Application") if obj.group == "argoproj.io")


def _sources(app: KubeObject) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    source = app.get("spec", "source")
    if isinstance(source, Mapping):
        yield ("spec", "source"), source
    for index, item in mappings_of(app.get("spec", "sources")):
        yield ("spec", "sources", index), item


def _release_names(app: KubeObject) -> Iterator[str]:
    yield app.name
    for _, source in _sources(app):
        name = dig(source, "helm", "releaseName")
        if isinstance(name, str):
            yield name


def _rewritten(objects: list[KubeObject]) -> Iterator[tuple[str, str, KubeObject | None, str]]:
    """Kind, field and object of what another controller rewrites, and how sure that is."""
    for obj in objects:
        if obj.kind in _WEBHOOKS:
            for index, webhook in mappings_of(obj.get("webhooks")):
                istio = str(dig(webhook, "clientConfig", "service", "name") or "").startswith("istiod")
                injected = "cert-manager.io/inject-ca-from" in obj.annotations
                if istio and webhook.get("failurePolicy") == "Ignore" and obj.kind == _WEBHOOKS[1]:
                    yield obj.kind, "failurePolicy", obj, ""
                if (istio or injected) and not index:
                    written = bool(dig(webhook, "clientConfig", "caBundle"))
                    yield obj.kind, "caBundle", obj, "" if written else "warning"
        elif obj.kind == "CustomResourceDefinition" and obj.get("spec", "conversion", "webhook"):
            written = bool(obj.get("spec", "conversion", "webhook", "clientConfig", "caBundle"))
            yield obj.kind, "caBundle", obj, "" if written else "warning"


def _rewritten_by_chart(charts: set[str], own: list[KubeObject]) -> Iterator[tuple[str, str, KubeObject | None, str]]:
    """The same for Istio's charts when they were not rendered."""
    if own:
        return
    if charts & {"base", "istiod"}:
        yield _WEBHOOKS[1], "failurePolicy", None, "warning"


def _ignores(app: KubeObject, kind: str, field: str) -> bool:
    group = "apiextensions.k8s.io" if kind == "CustomResourceDefinition" else "admissionregistration.k8s.io"
    for _, entry in mappings_of(app.get("spec", "ignoreDifferences")):
        if entry.get("group") not in (group, "*") or entry.get("kind") not in (kind, "*"):
            continue
        if entry.get("managedFieldsManagers"):
            return True
        paths = [str(path) for key in ("jsonPointers", "jqPathExpressions") for path in entry.get(key) or ()]
        if any(field in path or path.strip("./[]?") == "webhooks" for path in paths):
            return True
    return False


def _compared(app: KubeObject, kind: str, field: str, other: KubeObject | None, level: str) -> Draft:
    crd = kind == "CustomResourceDefinition"
    expression = {
        "failurePolicy": ".webhooks[]?.failurePolicy",
        "caBundle": ".spec.conversion.webhook.clientConfig.caBundle" if crd else ".webhooks[]?.clientConfig.caBundle",
    }[field]
    group = "apiextensions.k8s.io" if crd else "admissionregistration.k8s.io"
    setting = at(app, "spec", "ignoreDifferences")
    args = {
        "key": setting.key,
        "value": f"without {field} of {kind}" if setting.value else "not set",
        "other_key": f"{field} of {other.ref if other else kind}",
        "other": "rewritten by its controller",
        "suggestion": show(f"{{group: {group}, kind: {kind}, jqPathExpressions: [{expression}]}}"),
    }
    related: tuple[tuple[KubeObject, Path], ...] = ((other, ("metadata", "name")),) if other else ()
    return Draft("KW506", app, setting.path, args, related, level)
