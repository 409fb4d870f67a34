# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW541, KW542 and KW552: what the webhooks of KServe, Knative and Istio refuse, as far as no schema shows it (W13)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateway_chain import chains
from kserve_wiring.cluster.istio_webhook import refused_by_istio
from kserve_wiring.cluster.knative_webhook import refused_annotations, refused_in_container, refused_in_pod
from kserve_wiring.cluster.kserve_webhook import FRAMEWORKS, refused_by_kserve
from kserve_wiring.cluster.llm_webhook import refused_by_llm_webhook
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse
from kserve_wiring.cluster.refusals import Refusal
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, because

_SCALING = "autoscaling.knative.dev/"
_KPA = "kpa.autoscaling.knative.dev"
_OF_ISTIO = (
    "Gateway",
    "VirtualService",
    "DestinationRule",
    "ServiceEntry",
    "PeerAuthentication",
    "RequestAuthentication",
    "AuthorizationPolicy",
)
_TEMPLATE = ("spec", "template", "metadata", "annotations")


@rule("KW541", skips_open=True)
def refused_models(cluster: Cluster) -> Iterator[Draft]:
    """KServe's webhook answers with an error, and the API server stores nothing."""
    for obj in cluster.of_kind("InferenceService"):
        if _is_whole(obj) and isinstance(obj.get("spec", "predictor"), MAPPING):
            yield from _drafts(obj, refused_by_kserve(obj))
    for obj in cluster.of_kind("LLMInferenceService"):
        if _is_whole(obj):
            yield from _drafts(obj, refused_by_llm_webhook(obj))


def _is_whole(obj: KubeObject) -> bool:
    """True unless it may be a patch of another object."""
    return obj.group == KSERVE_GROUP and not (obj.source.partial or obj.source.unlisted)


@rule("KW552", skips_open=True)
def refused_by_the_mesh(cluster: Cluster) -> Iterator[Draft]:
    """istiod's webhook answers with an error; without the webhook, istiod leaves the object out."""
    read = {id(obj) for obj in cluster.objects}
    ingress = {id(chain.gateway) for chain in chains(cluster) if chain.role == "ingress"}
    for obj in cluster.of_kind(*_OF_ISTIO):
        if id(obj) in read and not (obj.source.partial or obj.source.unlisted):
            refused = refused_by_istio(obj)
            is_judged = id(obj) in ingress  # by KW413
            yield from _drafts(obj, (one for one in refused if not (is_judged and "tls" in one.path)))


@rule("KW542", skips_open=True)
def refused_revisions(cluster: Cluster) -> Iterator[Draft]:
    """Knative's webhook answers with an error: for an InferenceService only KServe's controller reads it."""
    for pod in cluster.pods:
        obj = pod.obj
        if obj.source.partial or obj.source.unlisted or pod.runtime or pod.path[-1] == "workerSpec":
            continue
        if obj.group == KNATIVE_GROUP and obj.kind in ("Service", "Configuration"):
            yield from _drafts(obj, refused_in_pod(pod.spec, pod.path))
            yield from _drafts(obj, refused_annotations(obj.mapping(*_TEMPLATE), _TEMPLATE, _default_class(cluster)))
            yield from _custom_metric(obj, _TEMPLATE, _default_class(cluster))
        elif obj.kind == "InferenceService" and obj.group == KSERVE_GROUP and cluster.shows_knative(obj):
            yield from _drafts(obj, _in_component(pod))
    for obj in cluster.of_kind("InferenceService"):
        if _is_whole(obj) and cluster.shows_knative(obj):
            path = ("metadata", "annotations")
            yield from _drafts(obj, refused_annotations(obj.annotations, path, _default_class(cluster)))
            yield from _custom_metric(obj, path, _default_class(cluster))


def _custom_metric(obj: KubeObject, path: KeyPath, default_class: str) -> Iterator[Draft]:
    """Knative passes any other metric on as one of Pods (pkg/reconciler/autoscaling/hpa/resources/hpa.go)."""
    metric = Setting(obj.get(*path, f"{_SCALING}metric"), obj, (*path, f"{_SCALING}metric"))
    class_ = obj.get(*path, f"{_SCALING}class") or default_class
    if class_ == f"hpa.{_SCALING[:-1]}" and metric.value in ("concurrency", "rps"):
        reason = "a HorizontalPodAutoscaler gets it from an adapter, and Knative has none"
        yield because(metric, reason, f"write cpu or memory, or set {_SCALING}class to {_KPA}", level="warning")


def _in_component(pod: PodUse) -> Iterator[Refusal]:
    """KServe adds a port to a predictor's own container and nothing else; a model gets its container from a runtime."""
    yield from (
        refusal for refusal in refused_in_pod(pod.spec, pod.path) if refusal.path[-1] != "ports" or _has_ports(pod)
    )
    for name in FRAMEWORKS:
        model = pod.spec.get(name)
        if isinstance(model, MAPPING):
            yield from refused_in_container(model, (*pod.path, name), serves=True)


def _has_ports(pod: PodUse) -> bool:
    return any(container.get("ports") for _, container in pod.containers())


def _default_class(cluster: Cluster) -> str:
    """The class of a template without the annotation."""
    setting = cluster.knative.setting("autoscaler", "pod-autoscaler-class")
    return setting.text() if setting else _KPA


def _drafts(obj: KubeObject, refusals: Iterator[Refusal]) -> Iterator[Draft]:
    for refusal in refusals:
        value = obj.get(*refusal.path)
        shown = "set" if isinstance(value, (list, *MAPPING)) else value
        yield because(Setting(shown, obj, refusal.path), refusal.reason, refusal.suggestion)
