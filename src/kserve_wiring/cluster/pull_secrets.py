# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Where pull Secrets are named, which exist, and for which registries they hold credentials.

No value of a Secret leaves this module except the hosts it has credentials for.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kserve_wiring.cluster.cluster import Model
from kserve_wiring.cluster.facts import Context
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.grammar.go_json import parse_json
from kserve_wiring.manifests.objects import KubeObject, Path, Setting, dig, mappings_of

DOCKER_CONFIG = ".dockerconfigjson"
DOCKER_CONFIG_TYPE = "kubernetes.io/dockerconfigjson"
ISTIO_PULL_SECRETS = ("data", "values", "global", "imagePullSecrets")


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A pull Secret that is named. namespaces: where it has to exist; empty when nothing shows where."""

    setting: Setting
    namespaces: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the Secret."""
        return self.setting.text()


def pull_secret_refs(model: Model) -> Iterator[SecretRef]:
    """Every place that names a pull Secret."""
    tenants = tuple(model.workload_namespaces)
    for pod in model.pods:
        cluster_wide = pod.runtime and pod.obj.kind.startswith("Cluster")
        for path, name in pod.pull_secrets():
            yield SecretRef(Setting(name, pod.obj, path), tenants if cluster_wide else (pod.namespace,))
    for account in model.of_kind("ServiceAccount"):
        for setting in _names(account, ("imagePullSecrets",)):
            yield SecretRef(setting, (account.namespace,))
    for server in model.of_kind("KnativeServing", "KnativeEventing"):
        for setting in _names(server, ("spec", "registry", "imagePullSecrets")):
            yield SecretRef(setting, (server.namespace,))
    yield from _router(model)
    gateways = tuple(sorted({pod.namespace for pod in model.gateway_pods}))
    for setting in istio_pull_secrets(model):
        yield SecretRef(setting, gateways)


def _names(obj: KubeObject, path: Path) -> Iterator[Setting]:
    for index, item in mappings_of(obj.get(*path)):
        if isinstance(item.get("name"), str):
            yield Setting(item["name"], obj, (*path, index, "name"))


def _router(model: Model) -> Iterator[SecretRef]:
    config = model.isvc_config
    setting = config.setting("router", "imagePullSecrets") if config else None
    namespaces = tuple(sorted({graph.namespace for graph in model.of_kind("InferenceGraph")}))
    if setting is not None and isinstance(setting.value, list):
        for index, name in enumerate(setting.value):
            if isinstance(name, str):
                yield SecretRef(Setting(name, setting.obj, (*setting.path, index)), namespaces)


def istio_pull_secrets(model: Model) -> Iterator[Setting]:
    """Names that Istio's webhook adds to the pods it injects (files/gateway-injection-template.yaml)."""
    for obj in model.of_kind("ConfigMap"):
        if not obj.name.startswith("istio-sidecar-injector"):
            continue
        try:
            values = parse_json(str(obj.get("data", "values")))
        except ValueError:
            continue
        names = dig(values, "global", "imagePullSecrets")
        for index, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str):
                yield Setting(name, obj, (*ISTIO_PULL_SECRETS, index))


def secret_exists(model: Model, context: Context, namespace: str, name: str) -> bool:
    """True when a Secret is rendered, made by an ExternalSecret or SealedSecret, or declared."""
    if context.exists("Secret", namespace, name):
        return True
    if any(not obj.source.partial for obj in model.find("Secret", namespace, name)):
        return True
    return any(
        obj.namespace in (namespace, "") and secret_made_by(obj) == name
        for obj in model.of_kind("ExternalSecret", "SealedSecret")
    )


def secret_made_by(obj: KubeObject) -> str:
    """Name of the Secret that an ExternalSecret or SealedSecret makes."""
    target = obj.get("spec", "target", "name")
    return target if isinstance(target, str) and target else obj.name


def known_anywhere(model: Model, context: Context, name: str) -> bool:
    """True when a Secret of that name exists in some namespace: then its absence elsewhere means something."""
    if any(not obj.source.partial for obj in model.named("Secret", name)):
        return True
    if any(secret_made_by(obj) == name for obj in model.of_kind("ExternalSecret", "SealedSecret")):
        return True
    return any(entry.startswith("Secret/") and entry.endswith(f"/{name}") for entry in context.existing or ())


def names_of_pod(model: Model, pod: PodUse) -> set[str] | None:
    """Names of the Secrets that a pod can pull with; None when its ServiceAccount was not read.

    Kubernetes takes the ServiceAccount's only when the pod names none (plugin ServiceAccount).
    """
    names = {name for _, name in pod.pull_secrets()}
    if not names:
        accounts = model.find("ServiceAccount", pod.namespace, pod.service_account)
        if not accounts and not model.context.declared:
            return None
        names = {setting.text() for account in accounts for setting in _names(account, ("imagePullSecrets",))}
    if pod.injected_by_istio:
        names |= {setting.text() for setting in istio_pull_secrets(model)}
    return names


def auth_hosts(secret: KubeObject) -> list[str]:
    """The keys below ``auths``. Raises ValueError, without a word of the content."""
    text = secret.get("stringData", DOCKER_CONFIG)
    if not isinstance(text, str):
        encoded = secret.get("data", DOCKER_CONFIG)
        if not isinstance(encoded, str):
            raise ValueError(f"there is no key {DOCKER_CONFIG}")
        try:
            text = base64.b64decode(encoded, validate=False).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("it is not base64 of a text") from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    auths = document.get("auths") if isinstance(document, Mapping) else None
    if not isinstance(auths, Mapping):
        raise ValueError("it has no auths")
    return [str(key) for key in auths]
