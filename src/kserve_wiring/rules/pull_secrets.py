# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW203-KW205 and KW208: every pod has the pull Secret of the registry (wire W5)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.injector import is_injector
from kserve_wiring.cluster.pods import KNATIVE_GROUP, PodUse
from kserve_wiring.cluster.pull_secrets import (
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
from kserve_wiring.grammar.image import auth_key_matches, is_below, parse_image, pull_problem
from kserve_wiring.manifests.objects import KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, against, at, pair, show, single

# Settings where the name must be the environment's. A workload may have a Secret of its own besides.
_WIRED_KINDS = ("KnativeServing", "ConfigMap")
_QUEUE = "queue-sidecar-image"


@rule("KW203")
def pods_without_secret(cluster: Cluster) -> Iterator[Draft]:
    """A pod that pulls from the private registry and has no pull Secret, neither itself nor by its ServiceAccount."""
    if not (cluster.facts.registry and cluster.facts.pull_secret):
        return
    private = _private_objects(cluster)
    accounts = set()
    for account in cluster.tenant_accounts:
        named = {item.get("name") for item in account.items("imagePullSecrets") if isinstance(item, dict)}
        if not named:
            accounts.add((account.namespace, account.name))
            yield _without(at(account, "imagePullSecrets"), cluster.facts)
    for pod in cluster.pods:
        if _pulls_privately(cluster, pod, private) and (pod.namespace, pod.service_account) not in accounts:
            names = names_of_pod(cluster, pod)
            if names is not None and not _can_pull(cluster, pod.namespace, names):
                yield _without(Setting(sorted(names), pod.obj, (*pod.path, "imagePullSecrets")), cluster.facts)
    yield from _components_without_secret(cluster, private)
    yield from _missing_accounts(cluster)


def _missing_accounts(cluster: Cluster) -> Iterator[Draft]:
    """Kubernetes never creates a pod without its ServiceAccount; the one with the Secret has another name."""
    tenants: dict[str, list[KubeObject]] = {}
    for account in cluster.tenant_accounts:
        tenants.setdefault(account.namespace, []).append(account)
    for pod in cluster.pods:
        name = pod.service_account
        others = tenants.get(pod.namespace)
        if not others or name == "default" or cluster.find("ServiceAccount", pod.namespace, name):
            continue
        setting = Setting(name, pod.obj, (*pod.path, "serviceAccountName"))
        fix = f"set {setting.key} to {others[0].name}, or create the ServiceAccount {name}"
        yield pair(setting, Setting(others[0].name, others[0], ("metadata", "name")), fix=fix)


def _private_objects(cluster: Cluster) -> set[int]:
    """Ids of the objects that name an image of the private registry."""
    found = set()
    for use in cluster.images:
        if not pull_problem(use.image) and is_below(parse_image(use.image), cluster.facts.registry):
            found.add(id(use.setting.obj))
    return found


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
    if config is None:
        return
    router = config.text("router", "image")
    named = config.setting("router", "imagePullSecrets")
    private_router = router and not pull_problem(router) and is_below(parse_image(router), cluster.facts.registry)
    if private_router and (named is None or not named.value):
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
            yield single(ref.setting, namespace=namespace)


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
    return bool(facts.pull_secret) and ref.name != facts.pull_secret


def _namespaces_without(cluster: Cluster, ref: SecretRef) -> list[str]:
    if cluster.facts.existing is None and not known_anywhere(cluster, ref.name):
        return []
    return [namespace for namespace in ref.namespaces if not secret_exists(cluster, namespace, ref.name)]


@rule("KW205")
def wrong_credentials(cluster: Cluster) -> Iterator[Draft]:
    """The pull Secret has the right type and a key for the registry (credentialprovider/keyring.go)."""
    named = {ref.name for ref in pull_secret_refs(cluster)} | (
        {cluster.facts.pull_secret} if cluster.facts.pull_secret else set()
    )
    for secret in cluster.of_kind("Secret"):
        if secret.name in named and not secret.source.partial:
            yield from _wrong_secret(secret, cluster.facts)
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


def _wrong_secret(secret: KubeObject, facts: Facts) -> Iterator[Draft]:
    if secret.get("type") != DOCKER_CONFIG_TYPE:
        yield _wrong(at(secret, "type"), "the type of a pull Secret", DOCKER_CONFIG_TYPE)
        return
    part = "stringData" if secret.get("stringData") else "data"
    try:
        hosts = auth_hosts(secret)
    except ValueError as error:
        setting = Setting(f"unusable: {error}", secret, (part, DOCKER_CONFIG))
        yield _wrong(setting, "the expected content", '{"auths": {...}}')
        return
    if not facts.registry:
        return
    try:
        wanted = parse_image(f"{facts.registry}/{facts.registry_project.strip('/') or 'any'}/image")
    except ValueError:
        return
    if not any(auth_key_matches(host, wanted) for host in hosts):
        key = Setting(", ".join(hosts) or None, secret, (part, DOCKER_CONFIG, "auths"))
        yield against(key, facts, "registry")


def _wrong(setting: Setting, other_key: str, other: str) -> Draft:
    args = {"key": setting.key, "value": show(setting.value), "other_key": other_key, "other": other}
    return Draft(setting.obj, setting.path, args, fix=f"set {setting.key} to {other}")
