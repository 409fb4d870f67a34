# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW2xx: every image comes from the registry, and every pod can pull it (wires W1, W5, W6, W7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kserve_wiring.context import Context
from kserve_wiring.findings import Draft
from kserve_wiring.image_uses import ImageUse
from kserve_wiring.images import auth_key_matches, is_below, parse_image, pull_problem
from kserve_wiring.model import Model
from kserve_wiring.objects import KubeObject, Setting
from kserve_wiring.pods import KNATIVE_GROUP, PodUse
from kserve_wiring.pull_secrets import (
    DOCKER_CONFIG,
    DOCKER_CONFIG_TYPE,
    SecretRef,
    auth_hosts,
    known_anywhere,
    names_of_pod,
    pull_secret_refs,
    secret_exists,
    secret_made_by,
)
from kserve_wiring.rules import rule
from kserve_wiring.rules.drafting import against, at, pair, show, single

_OVERRIDES = ("activator", "autoscaler", "autoscaler-hpa", "controller", "webhook", "migrate", "cleanup")
# Where an environment's pull Secret has one name; a workload may bring its own besides.
_WIRED_KINDS = ("KnativeServing", "ConfigMap")
_USER_KINDS = ("InferenceService", "InferenceGraph", "LLMInferenceService")
_QUEUE = "queue-sidecar-image"
_RELEASE_LABELS = ("serving.knative.dev/release", "app.kubernetes.io/version")
# Something fills it in before it is applied: IMAGE_URL and REPO_URL/image, ko://import/path of ko, ###ZARF_VAR_X###.
_PLACEHOLDER = re.compile(r"(?:^|[/:@])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?:$|[/:@])|^ko://|###[A-Z0-9_]+###")
_ISTIO_TEMPLATES = frozenset({"gateway", "sidecar", "grpc-agent", "grpc-simple", "waypoint", "kube-gateway"})


@rule("KW201")
def foreign_images(model: Model, context: Context) -> Iterator[Draft]:
    """An image from elsewhere than the private registry, where there is one."""
    if not context.registry:
        return
    for use in model.images:
        if not pull_problem(use.image) and not _is_mirrored(use, context):
            yield _foreign(Setting(use.image, use.setting.obj, use.setting.path), context, _foreign_level(use, context))
    server = model.knative.server
    wanted = context.offline or context.declared  # else Knative may well come from upstream
    if server is not None and wanted and not server.get("spec", "registry", "default"):
        overrides = server.mapping("spec", "registry", "override")
        for component in _OVERRIDES:
            if not overrides.get(component) and not overrides.get(f"{component}/{component}"):
                missing = Setting(None, server, ("spec", "registry", "override", component))
                yield _foreign(missing, context, _foreign_level(None, context))


def _is_mirrored(use: ImageUse, context: Context) -> bool:
    image = parse_image(use.image)
    project = "" if _is_users(use) else context.registry_project
    return is_below(image, context.registry, project)


def _is_users(use: ImageUse) -> bool:
    """A model may come from another project of the registry; the platform's images are all in one."""
    obj = use.setting.obj
    return obj.kind in _USER_KINDS or (obj.group == KNATIVE_GROUP and obj.kind == "Service")


def _foreign_level(use: ImageUse | None, context: Context) -> str:
    if context.offline or (context.declared and (use is None or not _is_users(use))):
        return ""
    return "info" if use is not None and _is_users(use) else "warning"


def _foreign(setting: Setting, context: Context, level: str) -> Draft:
    draft = against("KW201", setting, context, "registry", level=level)
    if context.registry_project:
        draft.args["other"] = f"{context.registry}/{context.registry_project.strip('/')}"
    return draft


@rule("KW202")
def malformed_images(model: Model, context: Context) -> Iterator[Draft]:
    """A reference that go-containerregistry or the kubelet refuses."""
    for use in model.images:
        reason = "" if _PLACEHOLDER.search(use.image) else pull_problem(use.image)
        if reason:
            yield single("KW202", Setting(use.image, use.setting.obj, use.setting.path), reason=reason)
    for pod in model.pods:
        yield from _left_to_istio(pod)


def _left_to_istio(pod: PodUse) -> Iterator[Draft]:
    """The image ``auto``, where Istio's webhook will not put another in its place (pkg/webhooks, inject.go)."""
    inject = pod.labels.get("sidecar.istio.io/inject", pod.annotations.get("sidecar.istio.io/inject"))
    templates = pod.annotations.get("inject.istio.io/templates")
    for path, container in pod.containers():
        if container.get("image") != "auto":
            continue
        if inject is not None and str(inject) != "true":
            reason = f"the label sidecar.istio.io/inject is {inject}, so Istio leaves it as it is"
        elif templates is not None and not set(str(templates).split(",")) & _ISTIO_TEMPLATES:
            reason = f"the annotation inject.istio.io/templates is {templates}, so Istio leaves it as it is"
        else:
            continue
        yield single("KW202", Setting("auto", pod.obj, (*path, "image")), reason=reason)


@rule("KW203")
def pods_without_secret(model: Model, context: Context) -> Iterator[Draft]:
    """What pulls from the private registry names its pull Secret, or its ServiceAccount does."""
    if not (context.registry and context.pull_secret):
        return
    private = _private_objects(model, context)
    accounts = set()
    for account in model.tenant_accounts:
        named = {item.get("name") for item in account.items("imagePullSecrets") if isinstance(item, dict)}
        if not named:
            accounts.add((account.namespace, account.name))
            yield _without(at(account, "imagePullSecrets"), context)
    for pod in model.pods:
        if _pulls_privately(model, pod, private) and (pod.namespace, pod.service_account) not in accounts:
            names = names_of_pod(model, pod)
            if names is not None and not _can_pull(model, context, pod.namespace, names):
                yield _without(Setting(sorted(names), pod.obj, (*pod.path, "imagePullSecrets")), context)
    yield from _components_without_secret(model, context, private)
    yield from _missing_accounts(model, context)


def _missing_accounts(model: Model, context: Context) -> Iterator[Draft]:
    """A pod under a ServiceAccount that is not there is never made; the one with the Secret has another name."""
    tenants: dict[str, list[KubeObject]] = {}
    for account in model.tenant_accounts:
        tenants.setdefault(account.namespace, []).append(account)
    for pod in model.pods:
        name = pod.service_account
        others = tenants.get(pod.namespace)
        if not others or name == "default" or model.find("ServiceAccount", pod.namespace, name):
            continue
        setting = Setting(name, pod.obj, (*pod.path, "serviceAccountName"))
        fix = f"set {setting.key} to {others[0].name}, or create the ServiceAccount {name}"
        yield pair("KW203", setting, Setting(others[0].name, others[0], ("metadata", "name")), fix=fix)


def _private_objects(model: Model, context: Context) -> set[int]:
    """Ids of the objects that name an image of the registry."""
    found = set()
    for use in model.images:
        if not pull_problem(use.image) and is_below(parse_image(use.image), context.registry):
            found.add(id(use.setting.obj))
    return found


def _pulls_privately(model: Model, pod: PodUse, private: set[int]) -> bool:
    if pod.runtime:
        return False  # it has no pods of its own; theirs are the InferenceService's
    if id(pod.obj) in private:
        return True
    if pod.injected_by_istio:
        return any(
            id(obj) in private and obj.name.startswith("istio-sidecar-injector") for obj in model.of_kind("ConfigMap")
        )
    queue = model.knative.setting("deployment", _QUEUE)
    return pod.obj.group in (KNATIVE_GROUP, "serving.kserve.io") and queue is not None and id(queue.obj) in private


def _can_pull(model: Model, context: Context, namespace: str, names: set[str]) -> bool:
    return any(name == context.pull_secret or secret_exists(model, context, namespace, name) for name in names) or any(
        not known_anywhere(model, context, name) for name in names
    )


def _components_without_secret(model: Model, context: Context, private: set[int]) -> Iterator[Draft]:
    server = model.knative.server
    if server is not None and id(server) in private and not server.items("spec", "registry", "imagePullSecrets"):
        yield _without(at(server, "spec", "registry", "imagePullSecrets"), context)
    config = model.isvc_config
    if config is None:
        return
    router = config.text("router", "image")
    named = config.setting("router", "imagePullSecrets")
    private_router = router and not pull_problem(router) and is_below(parse_image(router), context.registry)
    if private_router and (named is None or not named.value):
        yield _without(Setting(None, config.obj, ("data", "router", "imagePullSecrets")), context)


def _without(setting: Setting, context: Context) -> Draft:
    value = ", ".join(map(str, setting.value)) if isinstance(setting.value, list) else None
    return against("KW203", Setting(value, setting.obj, setting.path), context, "pull_secret")


@rule("KW204")
def missing_secrets(model: Model, context: Context) -> Iterator[Draft]:
    """A pull Secret that is named where it does not exist. Nothing is said of one that could exist unseen."""
    for ref in pull_secret_refs(model):
        if _differs(ref, context):
            continue
        for namespace in _lacking(model, context, ref):
            yield single("KW204", ref.setting, namespace=namespace)


@rule("KW208")
def different_secrets(model: Model, context: Context) -> Iterator[Draft]:
    """A pull Secret of another name than the environment's, which is not there either."""
    for ref in pull_secret_refs(model):
        if not _differs(ref, context):
            continue
        wired = context.declared and ref.setting.obj.kind in _WIRED_KINDS
        unseen = not ref.namespaces and context.declared and not known_anywhere(model, context, ref.name)
        if wired or unseen or any(_lacking(model, context, ref)):
            yield against("KW208", ref.setting, context, "pull_secret")


def _differs(ref: SecretRef, context: Context) -> bool:
    return bool(context.pull_secret) and ref.name != context.pull_secret


def _lacking(model: Model, context: Context, ref: SecretRef) -> list[str]:
    if context.existing is None and not known_anywhere(model, context, ref.name):
        return []
    return [namespace for namespace in ref.namespaces if not secret_exists(model, context, namespace, ref.name)]


@rule("KW205")
def wrong_credentials(model: Model, context: Context) -> Iterator[Draft]:
    """The pull Secret is of the right type and has a key for the registry (credentialprovider/keyring.go)."""
    named = {ref.name for ref in pull_secret_refs(model)} | ({context.pull_secret} if context.pull_secret else set())
    for secret in model.of_kind("Secret"):
        if secret.name in named and not secret.source.partial:
            yield from _wrong_secret(secret, context)
    for external in model.of_kind("ExternalSecret"):
        target = secret_made_by(external)
        kind = external.get("spec", "target", "template", "type")
        if target in named and kind != DOCKER_CONFIG_TYPE:
            yield _wrong(
                at(external, "spec", "target", "template", "type"), "the type of a pull Secret", DOCKER_CONFIG_TYPE
            )
        keys = [item.get("secretKey") for item in external.items("spec", "data") if isinstance(item, dict)]
        if (
            target in named
            and keys
            and DOCKER_CONFIG not in keys
            and not external.get("spec", "target", "template", "data")
        ):
            yield _wrong(
                Setting(keys[0], external, ("spec", "data", 0, "secretKey")), "the key of a pull Secret", DOCKER_CONFIG
            )


def _wrong_secret(secret: KubeObject, context: Context) -> Iterator[Draft]:
    if secret.get("type") != DOCKER_CONFIG_TYPE:
        yield _wrong(at(secret, "type"), "the type of a pull Secret", DOCKER_CONFIG_TYPE)
        return
    part = "stringData" if secret.get("stringData") else "data"
    try:
        hosts = auth_hosts(secret)
    except ValueError as error:
        setting = Setting(f"unusable: {error}", secret, (part, DOCKER_CONFIG))
        yield _wrong(setting, "what Kubernetes reads from it", '{"auths": {...}}')
        return
    if not context.registry:
        return
    try:
        wanted = parse_image(f"{context.registry}/{context.registry_project.strip('/') or 'any'}/image")
    except ValueError:
        return
    if not any(auth_key_matches(host, wanted) for host in hosts):
        key = Setting(", ".join(hosts) or None, secret, (part, DOCKER_CONFIG, "auths"))
        yield against("KW205", key, context, "registry")


def _wrong(setting: Setting, other_key: str, other: str) -> Draft:
    args = {"key": setting.key, "value": show(setting.value), "other_key": other_key, "other": other}
    return Draft("KW205", setting.obj, setting.path, args, fix=f"set {setting.key} to {other}")


@rule("KW206")
def queue_proxy(model: Model, context: Context) -> Iterator[Draft]:
    """The operator's registry override does not reach queue-sidecar-image (knative/operator#2313)."""
    server = model.knative.server
    if server is None:
        yield from _empty_queue_proxy(model)
        return
    queue = model.knative.setting("deployment", _QUEUE)
    holder = model.knative.holder("deployment")
    override = at(server, "spec", "registry", "override", "queue-proxy")
    if queue is not None and queue.value:
        if override.value and override.value != queue.value and "/qpext" not in queue.text():
            yield pair("KW206", queue, override)
        return
    if holder is None:
        return
    missing = Setting(None, holder[0], (*holder[1], _QUEUE))
    default = at(server, "spec", "registry", "default")
    if override.value or default.value:
        fix = "" if override.value else f"set {missing.key} to the mirrored queue-proxy image"
        yield pair("KW206", missing, override if override.value else default, fix=fix)
    elif context.registry and (context.offline or context.declared):
        fix = f"set {missing.key} to the mirrored queue-proxy image"
        yield against("KW206", missing, context, "registry", fix=fix)


def _empty_queue_proxy(model: Model) -> Iterator[Draft]:
    """Without the image the webhook refuses the ConfigMap (knative/serving pkg/deployment/config.go)."""
    obj = model.knative.config_maps.get("deployment")
    if obj is None or obj.source.partial:
        return
    setting = model.knative.setting("deployment", _QUEUE)
    whole = any(str(label).startswith(_RELEASE_LABELS) for label in obj.labels)  # not a patch of the real one
    if (setting is None and whole) or (setting is not None and not setting.text().strip()):
        missing = Setting(None, obj, ("data", _QUEUE))
        other = {"other_key": "what Knative's webhook takes", "other": "an image, not empty and not unset"}
        yield single("KW206", missing, **other, fix=f"set {missing.key} to the queue-proxy image")


@rule("KW207")
def net_istio_images(model: Model, context: Context) -> Iterator[Draft]:
    """net-istio's containers have the names of serving's, so the operator takes serving's images for them."""
    server = model.knative.server
    if server is None or not model.knative.uses_istio:
        return
    overrides = server.mapping("spec", "registry", "override")
    default = server.get("spec", "registry", "default")
    for component in ("controller", "webhook"):
        own_path = ("spec", "registry", "override", f"net-istio-{component}/{component}")
        own = Setting(overrides.get(own_path[-1]), server, own_path)
        serving = at(server, "spec", "registry", "override", component)
        if (own.value and own.value == serving.value) or (not own.value and serving.value):
            yield pair("KW207", own, serving, component=component)
        elif not own.value and isinstance(default, str) and default:
            yield pair("KW207", own, at(server, "spec", "registry", "default"), component=component)
