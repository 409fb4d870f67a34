# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW203-KW205 and KW208: every pod has the pull Secret of the registry (wire W5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.injector import is_injector
from kserve_wiring.cluster.llm import configs_of, loading_presets, services
from kserve_wiring.cluster.model_uris import image_of, uris_of
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse
from kserve_wiring.cluster.pull_secrets import (
    DOCKER_CONFIG,
    DOCKER_CONFIG_TYPE,
    EvidentSecrets,
    SecretRef,
    auth_hosts,
    covers_image,
    known_anywhere,
    names_of_pod,
    pull_secret_refs,
    secret_exists,
    secret_made_by,
)
from kserve_wiring.cluster.runtimes import FRAMEWORKS, runtime_of
from kserve_wiring.grammar.image import ImageRef, auth_key_matches, is_below, parse_image, pull_problem
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, against, at, pair, show, single

# Settings where the name must be the environment's. A workload may have a Secret of its own besides.
_WIRED_KINDS = ("KnativeServing", "ConfigMap")
_QUEUE = "queue-sidecar-image"


@rule("KW203")
def pods_without_secret(cluster: Cluster) -> Iterator[Draft]:
    """A pod that pulls from the private registry and has no pull Secret, neither itself nor by its ServiceAccount."""
    if not (cluster.facts.registry and cluster.facts.pull_secret):
        yield from _evidently_without(cluster)
        return
    private = _private_objects(cluster)
    accounts = set()
    for account in cluster.tenant_accounts:
        named = [item for _, item in mappings_of(account.get("imagePullSecrets")) if item.get("name")]
        if not named:
            accounts.add((account.namespace, account.name))
            yield _without(at(account, "imagePullSecrets"), cluster.facts)
    for pod in cluster.pods:
        if _pulls_privately(cluster, pod, private) and (pod.namespace, pod.service_account) not in accounts:
            names = names_of_pod(cluster, pod)
            if names is not None and not _can_pull(cluster, pod.namespace, names):
                yield _without(Setting(sorted(names), pod.obj, (*pod.path, "imagePullSecrets")), cluster.facts)
    yield from _llms_without_secret(cluster, private, accounts)
    yield from _components_without_secret(cluster, private)


def _llms_without_secret(cluster: Cluster, private: set[int], reported: set[tuple[str, str]]) -> Iterator[Draft]:
    """The Pods of an LLMInferenceService: KServe makes them of its presets, and takes what the ServiceAccount has."""
    path: KeyPath = ("spec", "template", "imagePullSecrets")
    for obj in services(cluster):
        holders = [obj, *configs_of(cluster, obj), *loading_presets(cluster, obj)]
        named = [str(name) for holder in holders if (name := holder.get("spec", "template", "serviceAccountName"))]
        account = named[0] if named else "default"
        own = any(holder.items(*path) for holder in holders)
        if own or (obj.namespace, account) in reported or not any(id(holder) in private for holder in holders):
            continue
        found = cluster.find("ServiceAccount", obj.namespace, account)
        names = {str(item.get("name")) for one in found for _, item in mappings_of(one.get("imagePullSecrets"))}
        if (found or cluster.facts.complete) and not _can_pull(cluster, obj.namespace, names):
            reported.add((obj.namespace, account))
            yield _without(at(found[0], "imagePullSecrets") if found else at(obj, *path), cluster.facts)


def _evidently_without(cluster: Cluster) -> Iterator[Draft]:
    """Without the facts: the manifests have a Secret with credentials for an image, and the pod does not use it."""
    evident = EvidentSecrets(cluster)
    seen: set[int] = set()
    for pod in cluster.pods if evident else ():
        names = None if pod.runtime else _names(cluster, pod)
        if names is None or not pod.namespace:
            continue
        for image in _private_images(cluster, pod):
            secrets = evident.of_image(image)
            here = [secret for secret in secrets if secret.namespace in ("", pod.namespace)]
            if not secrets or any(_may_pull(cluster, pod.namespace, name, image) for name in names):
                continue
            setting = _where_missing(cluster, pod, names)
            if id(setting.obj) not in seen and (here or not names):
                seen.add(id(setting.obj))
                yield _evident(setting, (here or secrets)[0], image, pod, "" if here else "warning")
            break


def _names(cluster: Cluster, pod: PodUse) -> set[str] | None:
    """The Secrets of a pod, with those of the runtime that its InferenceService uses."""
    names = names_of_pod(cluster, pod)
    runtime = runtime_of(cluster, pod.obj) if pod.obj.kind == "InferenceService" else None
    named = (
        {str(item.get("name")) for _, item in mappings_of(runtime.get("spec", "imagePullSecrets"))}
        if runtime
        else set()
    )
    return names | named if names is not None else named or None


def _private_images(cluster: Cluster, pod: PodUse) -> Iterator[ImageRef]:
    texts = [container.get("image") for _, container in pod.containers()]
    texts += [pod.spec[name].get("image") for name in ("model", *FRAMEWORKS) if isinstance(pod.spec.get(name), dict)]
    texts += [image_of(uri.text()) for uri in uris_of(pod.obj, pod.path[-1])]
    queue = cluster.knative.setting("deployment", _QUEUE)
    if pod.obj.group in (KNATIVE_GROUP, KSERVE_GROUP) and queue is not None and cluster.runs_on_knative(pod.obj):
        texts.append(queue.text())
    for text in texts:
        if isinstance(text, str) and text and not pull_problem(text):
            yield parse_image(text)


def _may_pull(cluster: Cluster, namespace: str, name: str, image: ImageRef) -> bool:
    """True if a Secret has the credentials, or was not read."""
    found = [obj for obj in cluster.find("Secret", namespace, name) if not obj.source.partial]
    return not found or any(covers_image(secret, image) for secret in found)


def _where_missing(cluster: Cluster, pod: PodUse, names: set[str]) -> Setting:
    own = [name for _, name in pod.pull_secrets()]
    accounts = cluster.find("ServiceAccount", pod.namespace, pod.service_account)
    if own or not accounts:
        return Setting(", ".join(sorted(names)) or None, pod.obj, (*pod.path, "imagePullSecrets"))
    return Setting(", ".join(sorted(names)) or None, accounts[0], ("imagePullSecrets",))


def _evident(setting: Setting, secret: KubeObject, image: ImageRef, pod: PodUse, level: str) -> Draft:
    other = Setting(secret.name, secret, ("metadata", "name"))
    fix = f"add {secret.name} to {setting.key} of {setting.obj.ref}"
    if level:
        fix = f"create a pull Secret for {image.registry} in namespace {pod.namespace}, and add it to {setting.key}"
    draft = pair(setting, other, level=level, fix=fix)
    draft.args["other_key"] = f"the pull Secret for {image.registry}, from which {pod.obj.ref} pulls,"
    return draft


def _private_objects(cluster: Cluster) -> set[int]:
    """Ids of the objects that name an image of the private registry."""
    found = set()
    for use in cluster.images:
        if _is_private(use.image, cluster.facts):
            found.add(id(use.setting.obj))
    return found


def _is_private(image: str, facts: Facts) -> bool:
    return not pull_problem(image) and any(is_below(parse_image(image), host) for host in facts.registries)


def _pulls_privately(cluster: Cluster, pod: PodUse, private: set[int]) -> bool:
    if pod.runtime:
        return False  # it has no pods of its own; they belong to the InferenceService
    if id(pod.obj) in private:
        return True
    if pod.injected_by_istio:
        return any(id(obj) in private and is_injector(obj) for obj in cluster.of_kind("ConfigMap"))
    queue = cluster.knative.setting("deployment", _QUEUE)
    return pod.obj.group in (KNATIVE_GROUP, "serving.kserve.io") and queue is not None and id(queue.obj) in private


def _can_pull(cluster: Cluster, namespace: str, names: set[str]) -> bool:
    return any(name == cluster.facts.pull_secret or secret_exists(cluster, namespace, name) for name in names) or any(
        not known_anywhere(cluster, name) for name in names
    )


def _components_without_secret(cluster: Cluster, private: set[int]) -> Iterator[Draft]:
    server = cluster.knative.server
    if server is not None and id(server) in private and not server.items("spec", "registry", "imagePullSecrets"):
        yield _without(at(server, "spec", "registry", "imagePullSecrets"), cluster.facts)
    config = cluster.isvc_config
    if config is None or not config.is_read:
        return
    router = config.text("router", "image")
    named = config.setting("router", "imagePullSecrets")
    if router and _is_private(router, cluster.facts) and (named is None or not named.value):
        yield _without(Setting(None, config.obj, ("data", "router", "imagePullSecrets")), cluster.facts)


def _without(setting: Setting, facts: Facts) -> Draft:
    value = ", ".join(map(str, setting.value)) if isinstance(setting.value, list) else None
    return against(Setting(value, setting.obj, setting.path), facts, "pull_secret")


@rule("KW204")
def missing_secrets(cluster: Cluster) -> Iterator[Draft]:
    """A pull Secret that does not exist where it is named. Ignores those that could exist unseen."""
    for ref in pull_secret_refs(cluster):
        if _differs(ref, cluster.facts):
            continue
        for namespace in _namespaces_without(cluster, ref):
            draft = single(ref.setting, namespace=namespace)
            yield replace(
                draft, related=tuple((secret, ("metadata", "name")) for secret in _meant(cluster, ref, namespace))
            )


def _meant(cluster: Cluster, ref: SecretRef, namespace: str) -> list[KubeObject]:
    """The Secret that was probably meant: of a near name, in another namespace, or with both in each other's place."""
    near = near_name(ref.name, [secret.name for secret in cluster.in_namespace("Secret", namespace)])
    elsewhere = [secret for secret in cluster.named("Secret", ref.name) if secret.namespace]
    return (cluster.find("Secret", namespace, near) or elsewhere or cluster.find("Secret", ref.name, namespace))[:1]


@rule("KW208")
def different_secrets(cluster: Cluster) -> Iterator[Draft]:
    """A pull Secret with another name than the environment's that does not exist."""
    for ref in pull_secret_refs(cluster):
        if not _differs(ref, cluster.facts):
            continue
        wired = cluster.facts.complete and ref.setting.obj.kind in _WIRED_KINDS
        unseen = not ref.namespaces and cluster.facts.complete and not known_anywhere(cluster, ref.name)
        if wired or unseen or any(_namespaces_without(cluster, ref)):
            yield against(ref.setting, cluster.facts, "pull_secret")


def _differs(ref: SecretRef, facts: Facts) -> bool:
    return bool(facts.pull_secret) and facts.pull_secret not in (ref.name, *_listed_with(ref))


def _listed_with(ref: SecretRef) -> list[str]:
    """The other names of the same list."""
    listed = [item.get("name") for _, item in mappings_of(ref.setting.obj.get(*ref.setting.path[:-2]))]
    return [name for name in listed if isinstance(name, str) and name != ref.name]


def _is_second(cluster: Cluster, ref: SecretRef) -> bool:
    """Whether another Secret of the same list is for the environment's registry, so that this one is for another."""
    others = _listed_with(ref)
    if cluster.facts.pull_secret:
        return cluster.facts.pull_secret in others
    return any(_may_hold(cluster, ref.setting.obj.namespace, name) for name in others)


def _may_hold(cluster: Cluster, namespace: str, name: str) -> bool:
    """Whether a Secret has credentials for the registry, as far as it was read."""
    found = cluster.find("Secret", namespace, name)
    try:
        return not found or any(_covers(auth_hosts(secret), _main(cluster.facts)) for secret in found)
    except ValueError:
        return False


def _main(facts: Facts) -> str:
    """Where most images are."""
    return f"{facts.registry}/{facts.registry_project.strip('/') or 'any'}"


def _namespaces_without(cluster: Cluster, ref: SecretRef) -> list[str]:
    if cluster.facts.existing is None and not known_anywhere(cluster, ref.name):
        return []
    return [namespace for namespace in ref.namespaces if not secret_exists(cluster, namespace, ref.name)]


@rule("KW205")
def wrong_credentials(cluster: Cluster) -> Iterator[Draft]:
    """The pull Secret has the right type and a key for the registry (credentialprovider/keyring.go)."""
    refs = list(pull_secret_refs(cluster))
    own = {cluster.facts.pull_secret} if cluster.facts.pull_secret else set()
    named = {ref.name for ref in refs} | own
    first = {ref.name for ref in refs if not _is_second(cluster, ref)} | own
    for secret in cluster.of_kind("Secret"):
        if secret.name in named and not secret.source.partial:
            yield from _wrong_secret(secret, cluster.facts, secret.name in first)
    if not cluster.facts.registry:
        yield from _evidently_wrong(cluster)
    for external in cluster.of_kind("ExternalSecret"):
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


def _wrong_secret(secret: KubeObject, facts: Facts, first: bool) -> Iterator[Draft]:
    """first: whether somebody pulls from the environment's registry with it."""
    if secret.get("type") != DOCKER_CONFIG_TYPE:
        yield _wrong(at(secret, "type"), "the type of a pull Secret", DOCKER_CONFIG_TYPE)
        return
    part = "stringData" if secret.get("stringData") else "data"
    try:
        hosts = auth_hosts(secret)
    except ValueError as error:
        setting = Setting(f"unusable: {error}", secret, (part, DOCKER_CONFIG))
        form = '{"auths": {...}} in base64' if part == "data" else '{"auths": {...}}'
        yield _wrong(setting, "the expected content", form)
        return
    if not facts.registry or not first:
        return
    for fact, place in [("registry", _main(facts)), *(("registry_caches", place) for place in facts.registry_caches)]:
        if not _covers(hosts, place):
            key = Setting(", ".join(hosts) or None, secret, (part, DOCKER_CONFIG, "auths"))
            draft = against(key, facts, fact)
            draft.args["other"] = place.partition("/")[0]
            yield draft
            return


def _evidently_wrong(cluster: Cluster) -> Iterator[Draft]:
    """Without the fact: a Pod has one pull Secret, which has the host of its image with another port or path."""
    told: set[tuple[str, str]] = set()
    for pod in cluster.pods:
        names = names_of_pod(cluster, pod) or ()
        for secret in cluster.find("Secret", pod.namespace, next(iter(names))) if len(names) == 1 else ():
            for path, container in pod.containers():
                image = Setting(container.get("image"), pod.obj, (*path, "image"))
                host = _other_host(secret, image)
                if host and (secret.namespace, secret.name) not in told:
                    told.add((secret.namespace, secret.name))
                    part = "stringData" if secret.get("stringData") else "data"
                    yield pair(Setting(host, secret, (part, DOCKER_CONFIG, "auths")), image)


def _other_host(secret: KubeObject, image: Setting) -> str:
    """The host of a pull Secret that was meant for an image and does not match it."""
    try:
        reference, hosts = parse_image(image.text()), auth_hosts(secret)
    except ValueError:
        return ""
    if any(auth_key_matches(host, reference) for host in hosts):
        return ""
    return next((host for host in hosts if _bare(host) == _bare(reference.registry)), "")


def _bare(host: str) -> str:
    return host.rpartition("://")[2].partition("/")[0].partition(":")[0].lower()


def _covers(hosts: Iterable[str], place: str) -> bool:
    """Whether a pull Secret with these hosts has credentials for the images below a place of the registry."""
    try:
        wanted = parse_image(f"{place}/any/image")
    except ValueError:
        return True
    return any(auth_key_matches(host, wanted) for host in hosts)


def _wrong(setting: Setting, other_key: str, other: str) -> Draft:
    args = {"key": setting.key, "value": show(setting.value), "other_key": other_key, "other": other}
    return Draft(setting.obj, setting.path, args, fix=f"set {setting.key} to {other}")
