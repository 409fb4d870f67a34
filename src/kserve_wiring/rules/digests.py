# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW1xx: how Knative resolves a tag to a digest (wires W2 and W3)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.image_uses import ImageUse
from kserve_wiring.cluster.knative import DEFAULT_SKIPPED, controller_environment, skip_list
from kserve_wiring.cluster.model_uris import image_of, model_uris
from kserve_wiring.cluster.pods import KSERVE_GROUP
from kserve_wiring.grammar.image import DEFAULT_REGISTRY, ImageRef, parse_image, resolves_over_http
from kserve_wiring.grammar.values import parse_duration
from kserve_wiring.manifests.objects import Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, against, at, pair, show, single

_INITIALIZER = "storageInitializer"
_LIST = "registries-skipping-tag-resolving"
_TIMEOUT = "digest-resolution-timeout"
_TLS_MINIMUM = "TAG_TO_DIGEST_TLS_MIN_VERSION"
_TLS_READ_SINCE = (1, 10, 1)
_TLS_CHECKED_SINCE = (1, 21, 2)  # knative.dev/pkg/network/tls: an unknown version is an error
# Exactly these have pkg/authn/k8schain of 2022-01-20 (go.mod of the tags); fixed by knative/serving#12834 and #12835.
_LOST_AND_MENDED = (((1, 2, 0), (1, 2, 4)), ((1, 3, 0), (1, 3, 1)))
# As reported in knative/serving#16282, which is open. The resolver's code is the same up to 1.23.
_LOST_AS_REPORTED = ((1, 17, 0), (1, 21, 0))


@rule("KW101")
def dead_skip_entries(cluster: Cluster) -> Iterator[Draft]:
    """An entry that equals no RegistryStr of go-containerregistry (knative/serving resolve.go)."""
    listed = skip_list(cluster.knative)
    if listed is None or listed[1] is None:
        return
    entries, setting = listed[0], listed[1]
    used = _used_registries(cluster)
    for entry in sorted(entries):
        reason, suggestion = _dead(entry, entries, used)
        if reason:
            yield single(Setting(entry, setting.obj, setting.path), reason=reason, suggestion=suggestion)


def _used_registries(cluster: Cluster) -> set[str]:
    parsed = (_parse(use) for use in cluster.images)
    used = {image.registry for image in parsed if image is not None}
    return used | _private(cluster.facts)


def _private(facts: Facts) -> frozenset[str]:
    return frozenset(map(_registry_str, facts.registries))


def _dead(entry: str, entries: frozenset[str], used: set[str]) -> tuple[str, str]:
    """Why an entry never matches, and its probable intent; empty if it can match."""
    if not entry:
        return "no registry has an empty name", "a registry, or remove it"
    if entry == "docker.io":
        return "Knative calls Docker Hub index.docker.io, even for images without a host", DEFAULT_REGISTRY
    for found, reason in (
        ("://", "it has a scheme"),
        ("/", "a registry has no path"),
        ("*", "wildcards are not expanded"),
    ):
        if found in entry:
            return reason, _host_of(entry) or "the whole host"
    if re.search(r"\s", entry):
        return "entries are separated by commas", ",".join(entry.split())
    if "." not in entry and ":" not in entry:
        return "a name without a dot or a port is read as a path on Docker Hub", DEFAULT_REGISTRY
    return _near_miss(entry, entries, used)


def _near_miss(entry: str, entries: frozenset[str], used: set[str]) -> tuple[str, str]:
    if entry in used or entry in DEFAULT_SKIPPED:
        return "", ""
    if entry == "registry-1.docker.io" and DEFAULT_REGISTRY not in entries:
        return "Knative calls Docker Hub index.docker.io", DEFAULT_REGISTRY
    for registry in sorted(used - entries):
        if registry.partition(":")[0] == entry.partition(":")[0]:
            return f"the images come from {registry}, and the port must match", registry
        if registry.lower() == entry.lower():
            return f"the images come from {registry}, and case matters", registry
    return "", ""


def _host_of(entry: str) -> str:
    host = entry.split("://")[-1].partition("/")[0]
    return "" if "*" in host else DEFAULT_REGISTRY if host == "docker.io" or not re.search("[.:]", host) else host


def _registry_str(host: str) -> str:
    return DEFAULT_REGISTRY if host == "docker.io" else host


def _parse(use: ImageUse) -> ImageRef | None:
    try:
        return parse_image(use.image)
    except ValueError:
        return None


@rule("KW102")
def unresolvable_tags(cluster: Cluster) -> Iterator[Draft]:
    """A tag that Knative would resolve at a registry it cannot reach, or against the digest policy."""
    listed = skip_list(cluster.knative)
    holder = cluster.knative.holder("deployment")
    if listed is None or holder is None:
        return
    entries = listed[0]
    setting = listed[1] or Setting(", ".join(DEFAULT_SKIPPED), holder[0], (*holder[1], _LIST))
    private = _private(cluster.facts)
    if cluster.facts.digest_policy == "skip":
        for registry in sorted(private - entries):
            yield _against_policy(setting, cluster.facts, registry)
        entries = entries | private
    for use in _named_by_revisions(cluster):
        image = _parse(use)
        if image is None or image.digest or image.registry in entries:
            continue
        reason = _out_of_reach(image, cluster.facts, private)
        if reason:
            found = Setting(use.image, use.setting.obj, use.setting.path)
            yield pair(found, setting, registry=image.registry, reason=reason)


def _named_by_revisions(cluster: Cluster) -> Iterator[ImageUse]:
    """The images whose tags Knative resolves.

    KServe writes the containers of storageUris into the Knative Service (kserve v0.20.0 components/predictor.go:858);
    for a single storageUri its webhook injects them after the tags are resolved.
    """
    yield from (use for use in cluster.images if use.named_by_revision and _is_run(cluster, use))
    listed = [uri for uri in model_uris(cluster) if "storageUris" in uri.path and cluster.runs_on_knative(uri.obj)]
    for uri in listed:
        if uri.text().startswith("oci://"):
            yield ImageUse(uri, image_of(uri.text()), named_by_revision=True)
    if any(not uri.text().startswith(("pvc://", "oci")) for uri in listed):
        yield from _downloaders(cluster)


def _downloaders(cluster: Cluster) -> Iterator[ImageUse]:
    """The image of the storage initializer: of the enabled containers for Pods, or of KServe's configuration."""
    containers = [
        at(obj, "spec", "container", "image")
        for obj in cluster.of_kind("ClusterStorageContainer")
        if obj.get("disabled") is not True and obj.get("spec", "workloadType") != "localModelDownloadJob"
    ]
    config = cluster.isvc_config
    default = config.setting(_INITIALIZER, "image") if config else None
    for setting in containers or ([default] if default is not None else []):
        if setting.text():
            yield ImageUse(setting, setting.text(), named_by_revision=True)


def _is_run(cluster: Cluster, use: ImageUse) -> bool:
    obj = use.setting.obj
    return cluster.runs_on_knative(obj) and obj.mapping("spec").get("disabled") is not True


def _against_policy(setting: Setting, facts: Facts, registry: str) -> Draft:
    args = {
        "key": facts.name_of("digest_policy"),
        "value": "skip",
        "other_key": setting.key,
        "other": show(setting.value),
        "registry": registry,
        "reason": "although the policy skips it",
    }
    return Draft(setting.obj, setting.path, args, facts.place_of("digest_policy"))


def _out_of_reach(image: ImageRef, facts: Facts, private: frozenset[str]) -> str:
    if facts.offline and image.registry not in private:
        return "which it cannot reach offline"
    if facts.registry_plain_http and image.registry in private and not resolves_over_http(image.registry):
        return "over HTTPS, which this registry does not serve"
    return ""


@rule("KW103")
def bad_timeout(cluster: Cluster) -> Iterator[Draft]:
    """digest-resolution-timeout, as Knative parses it (pkg/deployment/config.go)."""
    setting = cluster.knative.setting("deployment", _TIMEOUT)
    if setting is None:
        return
    reason = ""
    try:
        if parse_duration(setting.text()) <= 0:
            reason = f"{_TIMEOUT} cannot be a non-positive duration, was {setting.text()}"
    except ValueError as error:
        reason = str(error)
    if reason:
        yield single(setting, reason=reason)


@rule("KW104")
def dropped_defaults(cluster: Cluster) -> Iterator[Draft]:
    """The list replaces Knative's default instead of extending it (pkg/deployment/config.go defaultConfig)."""
    listed = skip_list(cluster.knative)
    if listed is None or listed[1] is None:
        return
    missing = [entry for entry in DEFAULT_SKIPPED if entry not in listed[0]]
    if missing:
        yield single(listed[1], missing=",".join(missing))


@rule("KW105")
def unpinned_images(cluster: Cluster) -> Iterator[Draft]:
    """An image without a digest in the configuration of Knative or KServe, if the policy is to pin."""
    if cluster.facts.digest_policy != "pinned":
        return
    for use in cluster.images:
        image = _parse(use)
        if image is not None and not image.digest and _is_wired(use):
            yield against(Setting(use.image, use.setting.obj, use.setting.path), cluster.facts, "digest_policy")


def _is_wired(use: ImageUse) -> bool:
    """False for images of upstream's own workloads: not all of their charts accept a digest."""
    obj = use.setting.obj
    if obj.mapping("spec").get("disabled") is True:
        return False  # no InferenceService can use a disabled runtime
    return (
        use.named_by_revision
        or obj.group in ("operator.knative.dev", KSERVE_GROUP)
        or obj.name in ("inferenceservice-config", "config-deployment")
    )


@rule("KW106")
def resolver_tls(cluster: Cluster) -> Iterator[Draft]:
    """TAG_TO_DIGEST_TLS_MIN_VERSION accepts 1.2 and 1.3; serving reads it from 1.10.1 on (knative/serving#13962)."""
    setting = controller_environment(cluster.knative, cluster.objects).get(_TLS_MINIMUM)
    if setting is None or setting.value in (None, ""):
        return
    version = cluster.facts.version("knative_version")
    if version is not None and version < _TLS_READ_SINCE:
        reason, suggestion = "Knative reads it only from 1.10.1 on", f"remove {_TLS_MINIMUM}"
        yield against(setting, cluster.facts, "knative_version", reason=reason, suggestion=suggestion)
    elif setting.value not in ("1.2", "1.3"):
        ignored = version is not None and version < _TLS_CHECKED_SINCE
        args = {
            "other_key": f"the accepted value of {_TLS_MINIMUM}",
            "other": "1.2 or 1.3",
            "reason": "before 1.21.2, Knative falls back to 1.2"
            if ignored
            else "the resolver falls back to a transport without the cluster's CA",
            "suggestion": f'set {_TLS_MINIMUM} to "1.2" or "1.3"',
        }
        yield single(setting, **args)


@rule("KW108")
def lost_credentials(cluster: Cluster) -> Iterator[Draft]:
    """Versions whose resolver is known or reported to omit the pull Secret (knative/serving#12761, #16282)."""
    version = cluster.facts.version("knative_version")
    listed = skip_list(cluster.knative)
    if version is None or listed is None:
        return
    if not any(since <= version < until for since, until in (*_LOST_AND_MENDED, _LOST_AS_REPORTED)):
        return
    secrets = {id(pod.obj) for pod in cluster.pods if any(pod.pull_secrets())}
    for use in cluster.images:
        if not (use.named_by_revision and id(use.setting.obj) in secrets and _is_run(cluster, use)):
            continue
        image = _parse(use)
        if image is not None and not image.digest and image.registry not in listed[0]:
            found = Setting(use.image, use.setting.obj, use.setting.path)
            yield against(found, cluster.facts, "knative_version", registry=image.registry)
