# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW549: objects that a controller reads by a fixed name, and that nearly have it (wire W12).

kserve pkg/constants/constants.go (inferenceservice-config) and pkg/credentials (storage-config); knative/serving
config/core/configmaps; knative/operator pkg/reconciler/common, ConfigMapTransform.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.isvc_config import NAME as ISVC_CONFIG
from kserve_wiring.cluster.knative import DEFAULT_NAMESPACE
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.surfaces import configurations
from kserve_wiring.manifests.objects import KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_STORAGE = "storage-config"


@rule("KW549", skips_open=True)
def nearly_known_names(cluster: Cluster) -> Iterator[Draft]:
    """Nothing refers to such an object, so the controller works with its defaults, or without any."""
    spaces = {cluster.knative.namespace or DEFAULT_NAMESPACE}
    for obj in cluster.of_kind("ConfigMap"):
        if obj.namespace in spaces and obj.name not in configurations():
            yield from _near(
                obj, [name for name in configurations() if not cluster.find("ConfigMap", obj.namespace, name)]
            )
        elif "deploy" in obj.mapping("data") or "ingress" in obj.mapping("data"):
            yield from _near(obj, [ISVC_CONFIG])
    for server in cluster.of_kind("KnativeServing"):
        known = [name.removeprefix("config-") for name in configurations()]
        for key in server.mapping("spec", "config"):
            meant = "" if str(key).removeprefix("config-") in known else near_name(str(key), known)
            if meant:
                setting = Setting("set", server, ("spec", "config", str(key)))
                yield because(setting, "Knative has no such ConfigMap", f"rename it to {meant}")
    yield from _storage(cluster)


def _near(obj: KubeObject, known: list[str]) -> Iterator[Draft]:
    meant = near_name(obj.name, known)
    if meant:
        reason = "the controllers read the ConfigMap by its name, and none has this one"
        yield because(at(obj, "metadata", "name"), reason, f"set metadata.name to {meant}")


def _storage(cluster: Cluster) -> Iterator[Draft]:
    """The Secret with the credentials of `storage.key`."""
    config = cluster.isvc_config
    wanted = (config.text("credentials", "storageSpecSecretName") if config else "") or _STORAGE
    for obj in cluster.of_kind("InferenceService"):
        key = at(obj, "spec", "predictor", "model", "storage", "key")
        secrets = cluster.in_namespace("Secret", obj.namespace) if isinstance(key.value, str) else []
        if not secrets or any(secret.name == wanted for secret in secrets):
            continue
        for secret in secrets:
            if near_name(secret.name, [wanted]) and key.value in {
                **secret.mapping("data"),
                **secret.mapping("stringData"),
            }:
                reason = f"KServe reads {key.key} of {obj.ref} in the Secret {wanted}"
                yield because(at(secret, "metadata", "name"), reason, f"set metadata.name to {wanted}", key)
