# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW201, KW202, KW206 and KW207: every image comes from the private registry (wires W1, W6, W7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.final import is_placeholder, is_replaced
from kserve_wiring.cluster.image_uses import ImageUse
from kserve_wiring.cluster.llm import services
from kserve_wiring.cluster.model_uris import image_of, llm_uris, model_uris
from kserve_wiring.cluster.pods import KNATIVE_GROUP, PodUse
from kserve_wiring.cluster.pull_secrets import PUBLIC_REGISTRIES
from kserve_wiring.grammar.image import is_below, parse_image, pull_problem
from kserve_wiring.manifests.objects import Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, against, at, pair, single

_OVERRIDES = ("activator", "autoscaler", "autoscaler-hpa", "controller", "webhook", "migrate", "cleanup")
_USER_KINDS = ("InferenceService", "InferenceGraph", "LLMInferenceService")
_QUEUE = "queue-sidecar-image"
_RELEASE_LABELS = ("serving.knative.dev/release", "app.kubernetes.io/version")
_ISTIO_TEMPLATES = frozenset({"gateway", "sidecar", "grpc-agent", "grpc-simple", "waypoint", "kube-gateway"})


@rule("KW201")
def foreign_images(cluster: Cluster) -> Iterator[Draft]:
    """An image from another registry than the private one, if there is one."""
    if not cluster.facts.registry:
        return
    for use in cluster.images:
        if not pull_problem(use.image) and not _is_mirrored(use, cluster.facts):
            yield _foreign(
                Setting(use.image, use.setting.obj, use.setting.path), cluster.facts, _foreign_level(use, cluster.facts)
            )
    if cluster.facts.offline:
        yield from _public_models(cluster)
    server = cluster.knative.server
    wanted = cluster.facts.offline or cluster.facts.complete  # else Knative may come from upstream
    if server is not None and wanted and not server.get("spec", "registry", "default"):
        overrides = server.mapping("spec", "registry", "override")
        for component in _OVERRIDES:
            if not overrides.get(component) and not overrides.get(f"{component}/{component}"):
                missing = Setting(None, server, ("spec", "registry", "override", component))
                yield _foreign(missing, cluster.facts, _foreign_level(None, cluster.facts))


def _public_models(cluster: Cluster) -> Iterator[Draft]:
    """Models that are images of a public registry. Another registry may be in reach."""
    registry = cluster.facts.registry
    for uri in (*model_uris(cluster), *(uri for obj in services(cluster) for uri in llm_uris(obj))):
        image = image_of(uri.text())
        if image and _is_public(image) and not _is_below(image, cluster.facts, ""):
            scheme = uri.text().partition("://")[0]
            fix = f"copy the image to {registry}, and set {uri.key} to {scheme}:// and the copy"
            yield against(uri, cluster.facts, "registry", fix=fix)


def _is_public(reference: str) -> bool:
    return not pull_problem(reference) and parse_image(reference).registry in PUBLIC_REGISTRIES


def _is_mirrored(use: ImageUse, facts: Facts) -> bool:
    return _is_below(use.image, facts, "" if _is_users(use) else facts.registry_project)


def _is_below(reference: str, facts: Facts, project: str) -> bool:
    image = parse_image(reference)
    if is_below(image, facts.registry, project):
        return True
    return any(is_below(image, host, path) for host, _, path in map(_parted, facts.registry_caches))


def _parted(place: str) -> tuple[str, str, str]:
    return place.partition("/")


def _is_users(use: ImageUse) -> bool:
    """Images of models may be in another project of the registry; the platform's are all in one."""
    obj = use.setting.obj
    return obj.kind in _USER_KINDS or (obj.group == KNATIVE_GROUP and obj.kind == "Service")


def _foreign_level(use: ImageUse | None, facts: Facts) -> str:
    if facts.offline or (facts.complete and (use is None or not _is_users(use))):
        return ""
    return "info" if use is not None and _is_users(use) else "warning"


def _foreign(setting: Setting, facts: Facts, level: str) -> Draft:
    draft = against(setting, facts, "registry", level=level)
    if facts.registry_project:
        draft.args["other"] = f"{facts.registry}/{facts.registry_project.strip('/')}"
    return draft


@rule("KW202")
def malformed_images(cluster: Cluster) -> Iterator[Draft]:
    """A reference that go-containerregistry or the kubelet refuses."""
    placeholders: list[Setting] = []
    for use in cluster.images:
        reason = pull_problem(use.image)
        setting = Setting(use.image, use.setting.obj, use.setting.path)
        if not reason or is_replaced(use.image):
            continue
        if is_placeholder(use.image):
            placeholders.append(setting)
        else:
            yield single(setting, reason=reason)
    yield from _placeholders(placeholders)
    for pod in cluster.pods:
        yield from _left_to_istio(pod)


def _placeholders(found: list[Setting]) -> Iterator[Draft]:
    """All images that somebody still has to fill in, as one finding."""
    if found:
        others = f", and so are {len(found) - 1} more images" if len(found) > 1 else ""
        draft = single(found[0], reason=f"it is a placeholder{others}", fix="write the real image", level="warning")
        yield replace(draft, related=tuple((one.obj, one.path) for one in found[1:]))


def _left_to_istio(pod: PodUse) -> Iterator[Draft]:
    """The image ``auto`` where Istio's webhook does not replace it (pkg/webhooks, inject.go)."""
    inject = pod.labels.get("sidecar.istio.io/inject", pod.annotations.get("sidecar.istio.io/inject"))
    templates = pod.annotations.get("inject.istio.io/templates")
    for path, container in pod.containers():
        if container.get("image") != "auto":
            continue
        if inject is not None and str(inject) != "true":
            reason = f"the label sidecar.istio.io/inject is {inject}, so Istio does not replace it"
        elif templates is not None and not set(str(templates).split(",")) & _ISTIO_TEMPLATES:
            reason = f"the annotation inject.istio.io/templates is {templates}, so Istio does not replace it"
        else:
            continue
        yield single(Setting("auto", pod.obj, (*path, "image")), reason=reason)


@rule("KW206")
def queue_proxy(cluster: Cluster) -> Iterator[Draft]:
    """The operator does not apply its registry override to queue-sidecar-image (knative/operator#2313)."""
    server = cluster.knative.server
    if server is None:
        yield from _empty_queue_proxy(cluster)
        return
    queue = cluster.knative.setting("deployment", _QUEUE)
    holder = cluster.knative.holder("deployment")
    override = at(server, "spec", "registry", "override", "queue-proxy")
    if queue is not None and queue.value:
        if override.value and override.value != queue.value and "/qpext" not in queue.text():
            yield pair(queue, override)
        return
    if holder is None:
        return
    missing = Setting(None, holder[0], (*holder[1], _QUEUE))
    default = at(server, "spec", "registry", "default")
    if override.value or default.value:
        fix = "" if override.value else f"set {missing.key} to the mirrored queue-proxy image"
        yield pair(missing, override if override.value else default, fix=fix)
    elif cluster.facts.registry and (cluster.facts.offline or cluster.facts.complete):
        fix = f"set {missing.key} to the mirrored queue-proxy image"
        yield against(missing, cluster.facts, "registry", fix=fix)


def _empty_queue_proxy(cluster: Cluster) -> Iterator[Draft]:
    """The webhook refuses the ConfigMap without the image (knative/serving pkg/deployment/config.go)."""
    obj = cluster.knative.config_maps.get("deployment")
    if obj is None or obj.source.partial:
        return
    setting = cluster.knative.setting("deployment", _QUEUE)
    complete = any(str(label).startswith(_RELEASE_LABELS) for label in obj.labels)  # not a patch of the real one
    if (setting is None and complete) or (setting is not None and not setting.text().strip()):
        missing = Setting(None, obj, ("data", _QUEUE))
        other = {"other_key": "the value that Knative's webhook requires", "other": "an image"}
        yield single(missing, **other, fix=f"set {missing.key} to the queue-proxy image")


@rule("KW207")
def net_istio_images(cluster: Cluster) -> Iterator[Draft]:
    """net-istio's containers have the names of serving's, so the operator applies serving's images to them."""
    server = cluster.knative.server
    if server is None or not cluster.knative.uses_istio:
        return
    overrides = server.mapping("spec", "registry", "override")
    default = server.get("spec", "registry", "default")
    for component in ("controller", "webhook"):
        own_path = ("spec", "registry", "override", f"net-istio-{component}/{component}")
        own = Setting(overrides.get(own_path[-1]), server, own_path)
        serving = at(server, "spec", "registry", "override", component)
        if (own.value and own.value == serving.value) or (not own.value and serving.value):
            yield pair(own, serving, component=component)
        elif not own.value and isinstance(default, str) and default:
            yield pair(own, at(server, "spec", "registry", "default"), component=component)
