# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Pull Secrets: the settings that name them, whether they exist, and the registries they have credentials for.

No value of a Secret leaves this module except the registry hosts.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.injector import injector_value
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.grammar.image import ImageRef, auth_key_matches
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of

DOCKER_CONFIG = ".dockerconfigjson"
DOCKER_CONFIG_TYPE = "kubernetes.io/dockerconfigjson"
ISTIO_PULL_SECRETS = ("global", "imagePullSecrets")


_TYPES: dict[type, str] = defaultdict(
    lambda: "not text", {dict: "a mapping: a value that begins with { needs quotes", list: "a list", bool: "not text"}
)


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A reference to a pull Secret. namespaces: where the Secret must exist; empty if unknown."""

    setting: Setting
    namespaces: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the Secret."""
        return self.setting.text()


def pull_secret_refs(cluster: Cluster) -> Iterator[SecretRef]:
    """Every setting that names a pull Secret."""
    tenants = tuple(cluster.workload_namespaces)
    for pod in cluster.pods:
        cluster_wide = pod.runtime and pod.obj.kind.startswith("Cluster")
        for path, name in pod.pull_secrets():
            yield SecretRef(Setting(name, pod.obj, path), tenants if cluster_wide else (pod.namespace,))
    for account in cluster.of_kind("ServiceAccount"):
        for setting in _names(account, ("imagePullSecrets",)):
            yield SecretRef(setting, (account.namespace,))
    for server in cluster.of_kind("KnativeServing", "KnativeEventing"):
        for setting in _names(server, ("spec", "registry", "imagePullSecrets")):
            yield SecretRef(setting, (server.namespace,))
    yield from _router(cluster)
    gateways = tuple(sorted({pod.namespace for pod in cluster.gateway_pods}))
    for setting in istio_pull_secrets(cluster):
        yield SecretRef(setting, gateways)


def _names(obj: KubeObject, path: KeyPath) -> Iterator[Setting]:
    for index, item in mappings_of(obj.get(*path)):
        if isinstance(item.get("name"), str):
            yield Setting(item["name"], obj, (*path, index, "name"))


def _router(cluster: Cluster) -> Iterator[SecretRef]:
    config = cluster.isvc_config
    setting = config.setting("router", "imagePullSecrets") if config else None
    namespaces = tuple(sorted({graph.namespace for graph in cluster.of_kind("InferenceGraph")}))
    if setting is not None and isinstance(setting.value, list):
        for index, name in enumerate(setting.value):
            if isinstance(name, str):
                yield SecretRef(Setting(name, setting.obj, (*setting.path, index)), namespaces)


def istio_pull_secrets(cluster: Cluster) -> Iterator[Setting]:
    """Names that Istio's webhook adds to the pods it injects (files/gateway-injection-template.yaml)."""
    for obj in cluster.of_kind("ConfigMap"):
        names = injector_value(obj, *ISTIO_PULL_SECRETS)
        for index, name in enumerate(names.value if names and isinstance(names.value, list) else []):
            if names and isinstance(name, str):
                yield Setting(name, obj, (*names.path, index))


def secret_exists(cluster: Cluster, namespace: str, name: str) -> bool:
    """True if a Secret is rendered, listed in ``existing``, or made by an ExternalSecret or SealedSecret."""
    if cluster.facts.exists("Secret", namespace, name):
        return True
    if any(not obj.source.partial for obj in cluster.find("Secret", namespace, name)):
        return True
    return any(
        obj.namespace in (namespace, "") and secret_made_by(obj) == name
        for obj in cluster.of_kind("ExternalSecret", "SealedSecret")
    )


def secret_made_by(obj: KubeObject) -> str:
    """Name of the Secret that an ExternalSecret or SealedSecret makes."""
    target = obj.get("spec", "target", "name")
    return target if isinstance(target, str) and target else obj.name


def known_anywhere(cluster: Cluster, name: str) -> bool:
    """True if a Secret of that name exists in some namespace: only then its absence elsewhere is evidence."""
    if any(not obj.source.partial for obj in cluster.named("Secret", name)):
        return True
    if any(secret_made_by(obj) == name for obj in cluster.of_kind("ExternalSecret", "SealedSecret")):
        return True
    return any(entry.startswith("Secret/") and entry.endswith(f"/{name}") for entry in cluster.facts.existing or ())


def names_of_pod(cluster: Cluster, pod: PodUse) -> set[str] | None:
    """Names of the Secrets that a pod can pull with; None if its ServiceAccount was not read.

    Kubernetes uses those of the ServiceAccount only if the pod names none (admission plugin ServiceAccount).
    """
    names = {name for _, name in pod.pull_secrets()}
    if not names:
        accounts = cluster.find("ServiceAccount", pod.namespace, pod.service_account)
        if not accounts and not cluster.facts.complete:
            return None
        names = {setting.text() for account in accounts for setting in _names(account, ("imagePullSecrets",))}
    if pod.injected_by_istio:
        names |= {setting.text() for setting in istio_pull_secrets(cluster)}
    return names


def covers_image(secret: KubeObject, image: ImageRef) -> bool:
    """True if a pull Secret has credentials for an image, or may have them because its content is not readable."""
    if secret.get("type") != DOCKER_CONFIG_TYPE:
        return False
    try:
        return any(auth_key_matches(host, image) for host in auth_hosts(secret))
    except ValueError:
        return True


# Images of these hosts are mostly public: a Secret for one of them proves nothing about the others.
PUBLIC_REGISTRIES = (
    "index.docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "nvcr.io",
    "registry.k8s.io",
    "mcr.microsoft.com",
)


class EvidentSecrets:
    """The readable pull Secrets of the manifests, by the images that they have credentials for."""

    def __init__(self, cluster: Cluster) -> None:
        self._hosts: list[tuple[KubeObject, list[str]]] = []
        self._found: dict[tuple[str, str], list[KubeObject]] = {}
        for secret in cluster.of_kind("Secret"):
            if secret.get("type") == DOCKER_CONFIG_TYPE and not secret.source.partial:
                with suppress(ValueError):
                    self._hosts.append((secret, auth_hosts(secret)))

    def __bool__(self) -> bool:
        """True if there is any."""
        return bool(self._hosts)

    def of_image(self, image: ImageRef) -> list[KubeObject]:
        """The Secrets with credentials for an image of a private registry."""
        if image.registry in PUBLIC_REGISTRIES:
            return []
        key = (image.registry, image.repository)
        if key not in self._found:
            self._found[key] = [
                secret for secret, hosts in self._hosts if any(auth_key_matches(host, image) for host in hosts)
            ]
        return self._found[key]


def auth_hosts(secret: KubeObject) -> list[str]:
    """The keys below ``auths``. Raises ValueError; its message never contains the content."""
    text = secret.get("stringData", DOCKER_CONFIG)
    if not isinstance(text, str):
        encoded = secret.get("data", DOCKER_CONFIG)
        if not isinstance(encoded, str):
            given = text if text is not None else encoded
            raise ValueError(f"there is no key {DOCKER_CONFIG}" if given is None else f"it is {_TYPES[type(given)]}")
        try:
            text = base64.b64decode(encoded, validate=False).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("it is not base64-encoded text") from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    auths = document.get("auths") if isinstance(document, Mapping) else None
    if not isinstance(auths, Mapping):
        raise ValueError("it has no auths")
    if any(":" in str(entry.get("auth")) for entry in auths.values() if isinstance(entry, Mapping) and "auth" in entry):
        # kubernetes pkg/credentialprovider/config.go, decodeDockerConfigFieldAuth; base64 has no colon.
        raise ValueError("auth is the plain text of user:password, and base64 of it is read")
    return [str(key) for key in auths]
