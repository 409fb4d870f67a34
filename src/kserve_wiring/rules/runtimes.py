# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW314, KW315 and KW317: the runtime of a model, its priority, and containers that are known by name (wire W8).

kserve pkg/controller/v1beta1/inferenceservice/components/predictor.go, pkg/apis/serving/v1beta1/predictor_model.go and
pkg/webhook/admission/pod; knative/serving pkg/apis/serving/k8s_validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse
from kserve_wiring.cluster.runtimes import FRAMEWORKS, RUNTIMES, runtimes_named
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, because, set_to, show, single

_SERVED = "kserve-container"
_PROTOCOLS = ("v1", "v2", "grpc-v1", "grpc-v2")
# Formats for which KServe sets protocol v2 itself.
_V2_FORMATS = ("triton", "vLLM")
_MORE_FORMATS = ("mlflow", "catboost", "vLLM", "autogluon", "predictive")
"""Formats of upstream's runtimes besides those with a field of their own."""
_INJECTED = {
    "storage-initializer": "KServe then injects no container that downloads the model",
    "agent": "KServe then injects neither logger nor batcher",
    "queue-proxy": "Knative reserves it",
}


@rule("KW314", skips_open=True)
def unserved_models(cluster: Cluster) -> Iterator[Draft]:
    """NoSupportingRuntime, RuntimeDisabled: the InferenceService never gets Pods."""
    for obj in cluster.of_kind("InferenceService"):
        for name in ("model", *FRAMEWORKS):
            model = obj.get("spec", "predictor", name)
            if obj.group == KSERVE_GROUP and isinstance(model, Mapping):
                yield from _spelling(cluster, obj, name)
                yield from _served(cluster, obj, name)


def _served(cluster: Cluster, obj: KubeObject, name: str) -> Iterator[Draft]:
    named = at(obj, "spec", "predictor", name, "runtime")
    form = at(obj, "spec", "predictor", name, "modelFormat", "name")
    if name != "model":
        form = Setting(name, obj, ("spec", "predictor", name))
    if isinstance(named.value, str) and named.value:
        found = runtimes_named(cluster, obj.namespace, named.value)
        if len(found) == 1:
            yield from _named(found[0], named, form, name)
    elif isinstance(form.value, str) and form.value:
        yield from _chosen(cluster, form, name)


def _named(runtime: KubeObject, named: Setting, form: Setting, name: str) -> Iterator[Draft]:
    """What the controller checks of a runtime that the model names, in this order."""
    obj, place = named.obj, ((runtime, ("spec", "supportedModelFormats")),)
    formats = [item for _, item in mappings_of(runtime.get("spec", "supportedModelFormats"))]
    version = at(obj, "spec", "predictor", name, "modelFormat", "version")
    known = {str(item.get("name")) for item in formats}
    if runtime.get("spec", "disabled") is True:
        switch = set_to(at(runtime, "spec", "disabled"), False, elsewhere=True)
        yield _draft(named, f"{runtime.ref} is disabled", switch, ((runtime, ("spec", "disabled")),))
    yield from _protocol(runtime, obj, name, form)
    yield from _image(runtime, at(obj, "spec", "predictor", name, "image"), named)
    if not isinstance(form.value, str):
        return  # KW508 reports it
    if formats and name == "model" and form.value not in known:
        reason = f"{runtime.ref} serves {', '.join(sorted(known))}"
        near = near_name(form.value, known) or (next(iter(known)) if len(known) == 1 else "")
        yield _draft(form, reason, set_to(form, near) if near else "name a runtime of that format", place)
    elif formats and name == "model" and version.value is not None:
        versions = {str(item["version"]) for item in formats if item.get("name") == form.value and "version" in item}
        if version.text() not in versions:
            served = f"serves version {', '.join(sorted(versions))}" if versions else "names no version"
            reason = f"{runtime.ref} {served} of {form.text()}, and KServe compares the text"
            fix = set_to(version, min(versions)) if versions else f"remove {version.key}"
            yield _draft(version, reason, fix, place)


def _spelling(cluster: Cluster, obj: KubeObject, name: str) -> Iterator[Draft]:
    setting = at(obj, "spec", "predictor", name, "protocolVersion")
    text = setting.value
    if isinstance(text, str) and text not in _PROTOCOLS:
        better = text.lower() if text.lower() in _PROTOCOLS else near_name(text, _PROTOCOLS)
        namesake = runtimes_named(cluster, obj.namespace, text)
        if namesake:
            place = at(namesake[0], "metadata", "name")
            yield because(setting, "that is the name of a runtime", f"write one of {', '.join(_PROTOCOLS)}", place)
        elif better or re.fullmatch(r"[vV]?\d", text):
            suggestion = f"set {setting.key} to {better or 'v' + text[-1]}"
            yield because(setting, f"KServe compares it as text with {', '.join(_PROTOCOLS)}", suggestion)


def _image(runtime: KubeObject, own: Setting, named: Setting) -> Iterator[Draft]:
    """KServe merges the container of the runtime and that of the model, and nothing accepts one without an image."""
    for index, container in mappings_of(runtime.get("spec", "containers")):
        if container.get("name") == _SERVED and not (container.get("image") or own.value):
            setting = at(runtime, "spec", "containers", index, "image")
            reason = f"{named.obj.ref} has no image of its own for the container"
            yield because(setting, reason, f"set {setting.key}", named)


def _protocol(runtime: KubeObject, obj: KubeObject, name: str, form: Setting) -> Iterator[Draft]:
    wanted = at(obj, "spec", "predictor", name, "protocolVersion")
    offered = strings_of(runtime.get("spec", "protocolVersions"))
    text = wanted.text() or ("" if form.value in _V2_FORMATS else "v1")
    if offered and name == "model" and text not in offered:
        place = ((runtime, ("spec", "protocolVersions")),)
        default = "" if wanted.value else "the default is v1, but "
        reason = f"{default}{runtime.ref} speaks {', '.join(offered)}"
        yield _draft(wanted, reason, set_to(wanted, offered[0]), place)


def _chosen(cluster: Cluster, form: Setting, name: str) -> Iterator[Draft]:
    """What KServe finds for a model without a runtime: those in reach that select themselves for the format."""
    spaces = sorted({"", form.obj.namespace})
    ready = [one for space in spaces for one in cluster.runtimes_of_format.get((space, str(form.value)), ())]
    single_model = [runtime for runtime in ready if runtime.get("spec", "multiModel") is not True]
    if single_model or (ready and _is_known(cluster, form)):
        if name == "model" and _is_known(cluster, form):
            yield from _unfit(single_model, ready, form)
        return
    usable = [
        runtime
        for runtime in cluster.of_kind(*RUNTIMES)
        if runtime.namespace in ("", form.obj.namespace) and runtime.get("spec", "multiModel") is not True
    ]
    if not usable:
        return
    serving = [runtime for runtime in usable if form.value in _formats(runtime, selected=False)]
    if serving:
        off = serving[0].get("spec", "disabled") is True
        key = "spec.disabled" if off else "autoSelect of the format"
        reason = f"{serving[0].ref} {'is disabled' if off else 'does not select itself for it'}, and no other serves it"
        fix = f"set {key} of {serving[0].ref} to {'false' if off else 'true'}, or name a runtime"
        yield _draft(form, reason, fix, ((serving[0], ("spec",)),))
        return
    known = {name for runtime in usable for name in _formats(runtime, selected=True)}
    near = near_name(str(form.value), known)
    if near or (cluster.facts.complete and len(form.path) > len(("spec", "predictor", "model"))):
        reason = "no runtime serves this format"
        yield _draft(form, reason, set_to(form, near) if near else "install a runtime of that format", ())


def _is_known(cluster: Cluster, form: Setting) -> bool:
    """True if no runtime that was not read is likely to serve the format: those of upstream's chart are not missing."""
    read = any(runtime.name.startswith("kserve-") for runtime in cluster.of_kind(*RUNTIMES))
    return cluster.facts.complete or read or form.value not in (*FRAMEWORKS, *_MORE_FORMATS)


def _unfit(runtimes: list[KubeObject], ready: list[KubeObject], form: Setting) -> Iterator[Draft]:
    """GetSupportingRuntimes: of the runtimes for one model, one has the protocol and the version of the format."""
    if not runtimes:
        if not form.obj.get("spec", "predictor", "model", "storageUri"):
            return  # it may serve TrainedModels
        place = ((ready[0], ("spec", "multiModel")),)
        reason = f"{ready[0].ref} is for several models in one server, which only ModelMesh uses"
        yield _draft(form, reason, f"set spec.multiModel of {ready[0].ref} to false", place)
        return
    wanted = at(form.obj, "spec", "predictor", "model", "protocolVersion")
    protocol = wanted.text() or ("v2" if form.value in _V2_FORMATS else "v1")
    speaking = [one for one in runtimes if protocol in (strings_of(one.get("spec", "protocolVersions")) or [protocol])]
    version = at(form.obj, "spec", "predictor", "model", "modelFormat", "version")
    if not speaking:
        offered = sorted({text for one in runtimes for text in strings_of(one.get("spec", "protocolVersions"))})
        default = "" if wanted.value else f"the default is {protocol}, but "
        reason = f"{default}the runtimes of this format speak {', '.join(offered)}"
        yield _draft(wanted, reason, set_to(wanted, offered[0]), ((runtimes[0], ("spec", "protocolVersions")),))
    elif version.value is not None and version.text() not in (known := _versions(speaking, str(form.value))):
        served = f"serve version {', '.join(sorted(known))}" if known else "name no version"
        reason = f"the runtimes of {form.text()} {served}, and KServe compares the text"
        fix = f'set {version.key} to "{min(known)}"' if known else f"remove {version.key}"
        yield _draft(version, reason, fix, ((speaking[0], ("spec", "supportedModelFormats")),))


def _versions(runtimes: list[KubeObject], form: str) -> set[str]:
    return {
        str(item["version"])
        for runtime in runtimes
        for _, item in mappings_of(runtime.get("spec", "supportedModelFormats"))
        if item.get("name") == form and item.get("autoSelect") is True and "version" in item
    }


def _formats(runtime: KubeObject, *, selected: bool) -> set[str]:
    return {
        str(item.get("name"))
        for _, item in mappings_of(runtime.get("spec", "supportedModelFormats"))
        if not selected or item.get("autoSelect") is True
    }


def _draft(setting: Setting, reason: str, suggestion: Advice, related: tuple[Any, ...]) -> Draft:
    draft = single(setting, reason=reason, suggestion=suggestion)
    return replace(draft, related=related)


@rule("KW315")
def container_names(cluster: Cluster) -> Iterator[Draft]:
    """KServe looks for containers by name, and takes one with the name of an injected one for it."""
    for pod in cluster.pods:
        if pod.obj.group not in (KSERVE_GROUP, KNATIVE_GROUP):
            continue
        for path, container in pod.containers():
            why = _INJECTED.get(str(container.get("name")))
            knatives = container.get("name") == "queue-proxy"
            if why and (knatives or pod.obj.group == KSERVE_GROUP) and not _is_reserved_place(pod, path[-2]):
                setting = Setting(container["name"], pod.obj, (*path, "name"))
                yield single(setting, reason=why, suggestion="give the container another name")
        yield from _unnamed(pod)


def _is_reserved_place(pod: PodUse, kind: Any) -> bool:
    """A runtime may describe the containers of a worker; only a list of containers is searched."""
    return kind == "ephemeralContainers" or pod.path[-1] == "workerSpec"


def _unnamed(pod: PodUse) -> Iterator[Draft]:
    """Runtimes, and predictors of several containers, need one of a certain name."""
    containers = [container for _, container in mappings_of(pod.spec.get("containers"))]
    names = [str(container.get("name")) for container in containers]
    wants = (pod.runtime and pod.spec.get("multiModel") is not True and pod.path == ("spec",)) or (
        pod.path == ("spec", "predictor") and len(containers) > 1 and "model" not in pod.spec and names[0]
    )
    if wants and containers and _SERVED not in names and "None" not in names and pod.obj.group == KSERVE_GROUP:
        setting = Setting(names[0], pod.obj, (*pod.path, "containers", 0, "name"))
        reason = f"KServe serves the container {_SERVED}, and there is none"
        yield single(setting, reason=reason, suggestion=set_to(setting, show(_SERVED)))


@rule("KW317")
def equal_priorities(cluster: Cluster) -> Iterator[Draft]:
    """KServe's webhook refuses the second of two runtimes between which it could not choose."""
    first: dict[tuple[object, ...], Setting] = {}
    for runtime in cluster.of_kind(*RUNTIMES):
        if runtime.get("spec", "disabled") is not True and not runtime.source.partial:
            yield from _own_priorities(runtime)
            for key, setting in _priorities(runtime):
                other = first.setdefault(key, setting)
                if other.obj.name != runtime.name:
                    reason = f"{other.obj.ref} has the same priority for this format, version and protocol"
                    yield because(setting, reason, "give one of the two another priority", other)
                    break


def _priorities(runtime: KubeObject) -> Iterator[tuple[tuple[object, ...], Setting]]:
    """The priority of each format, with what else must be equal (validateServingRuntimePriority)."""
    for index, item in mappings_of(runtime.get("spec", "supportedModelFormats")):
        setting = at(runtime, "spec", "supportedModelFormats", index, "priority")
        if item.get("autoSelect") is True and isinstance(setting.value, int):
            for protocol in strings_of(runtime.get("spec", "protocolVersions")):
                multi = runtime.get("spec", "multiModel") is True
                name, version = str(item.get("name")).lower(), str(item.get("version"))
                yield (runtime.namespace, multi, protocol, name, version, setting.value), setting


def _own_priorities(runtime: KubeObject) -> Iterator[Draft]:
    """All entries of a format have one priority (validateModelFormatPrioritySame)."""
    first: dict[str, Setting] = {}
    for index, item in mappings_of(runtime.get("spec", "supportedModelFormats")):
        setting = at(runtime, "spec", "supportedModelFormats", index, "priority")
        if item.get("autoSelect") is True and setting.value is not None:
            other = first.setdefault(str(item.get("name")), setting)
            if other.value != setting.value:
                reason = f"another entry of the format has priority {other.value}"
                yield because(setting, reason, set_to(setting, other.value), other)
