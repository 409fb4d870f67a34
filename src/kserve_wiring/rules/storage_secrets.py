# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW316: the keys that KServe reads of the Secrets with storage credentials (wire W8).

kserve pkg/credentials/service_account_credentials.go and pkg/credentials/s3/s3_secret.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.cluster.runtimes import FRAMEWORKS
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, rename, set_to, single

_DEFAULT = "storage-config"
# The keys that belong together, and what people write instead.
_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID",
    "AZURE_STORAGE_ACCESS_KEY",
    "HF_TOKEN",
    "gcloud-application-credentials.json",
)
_OTHERS = {
    "AWS_ACCESS_KEY": "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_KEY": "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY_ID": "AWS_SECRET_ACCESS_KEY",
    "HUGGING_FACE_HUB_TOKEN": "HF_TOKEN",
    "HUGGINGFACE_TOKEN": "HF_TOKEN",
}


@rule("KW316")
def storage_keys(cluster: Cluster) -> Iterator[Draft]:
    """KServe sets only the variables whose keys it knows, and the download is refused with 403."""
    for account in cluster.of_kind("ServiceAccount"):
        for _, item in mappings_of(account.get("secrets")):
            for secret in cluster.find("Secret", account.namespace, str(item.get("name"))):
                yield from _misspelled(secret)
    config = cluster.isvc_config
    shared = (config.text("credentials", "storageSpecSecretName") if config else "") or _DEFAULT
    for obj in cluster.of_kind("InferenceService"):
        if obj.group == KSERVE_GROUP:
            for secret in cluster.find("Secret", obj.namespace, shared):
                yield from _unknown_key(obj, secret)


def _misspelled(secret: KubeObject) -> Iterator[Draft]:
    keys = {str(key) for part in ("data", "stringData") for key in secret.mapping(part)}
    for part in ("data", "stringData"):
        for key in secret.mapping(part):
            meant = _OTHERS.get(str(key)) or ("" if key in _KEYS else near_name(str(key), _KEYS))
            if meant and meant not in keys:
                reason = "KServe reads no such key of a Secret"
                setting = Setting("set", secret, (part, str(key)))
                yield single(setting, reason=reason, suggestion=rename(setting, meant))


def _unknown_key(obj: KubeObject, secret: KubeObject) -> Iterator[Draft]:
    keys = {str(key) for part in ("data", "stringData") for key in secret.mapping(part)}
    for component in ISVC_COMPONENTS:
        for name in ("model", *FRAMEWORKS):
            setting = at(obj, "spec", component, name, "storage", "key")
            if isinstance(setting.value, str) and setting.value and keys and setting.value not in keys:
                near = near_name(setting.value, keys) or (next(iter(keys)) if len(keys) == 1 else "")
                suggestion = set_to(setting, near) if near else f"add the key to {secret.ref}"
                draft = single(setting, reason=f"{secret.ref} has {', '.join(sorted(keys))}", suggestion=suggestion)
                yield replace(draft, related=((secret, ("metadata", "name")),))
