# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW316: the keys that KServe reads of the Secrets with storage credentials (wire W8).

kserve pkg/credentials/service_account_credentials.go and pkg/credentials/s3/s3_secret.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.cluster.runtimes import FRAMEWORKS
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, because, rename, set_to, single

_DEFAULT = "storage-config"
_OPEN = re.compile(r"[{$<%]{2}|\$|<|^ENC\[")
"""Text that another program fills in, or that SOPS decrypts."""
_TYPES = ("s3", "hdfs", "webhdfs")
"""SupportedStorageSpecTypes."""
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
            found = cluster.find("Secret", obj.namespace, shared)
            for secret in found:
                yield from _unknown_key(obj, secret)
            if not found:
                yield from _elsewhere(cluster, obj, shared)


def _elsewhere(cluster: Cluster, obj: KubeObject, shared: str) -> Iterator[Draft]:
    """The shared Secret is in another namespace, or its name is the namespace of the model, and the other way round."""
    key = at(obj, "spec", "predictor", "model", "storage", "key")
    if not isinstance(key.value, str) or not key.value or cluster.facts.exists("Secret", obj.namespace, shared):
        return
    swapped = [one for one in cluster.find("Secret", shared, obj.namespace) if one.namespace == shared]
    for secret in (*cluster.named("Secret", shared), *swapped):
        if secret.namespace and key.value in {**secret.mapping("data"), **secret.mapping("stringData")}:
            reason = f"KServe reads it in the Secret {shared} of namespace {obj.namespace}, and it is in {secret.ref}"
            fix = f"create the Secret {shared} in namespace {obj.namespace}"
            yield replace(_about(key, reason, fix, secret), level="warning")
            return


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
            if not isinstance(obj.get(*setting.path[:-1]), Mapping) or not keys:
                continue
            yield from _path(setting)
            if not setting.value:
                yield from _default_key(setting, secret, keys)
            elif isinstance(setting.value, str) and setting.value not in keys:
                near = near_name(setting.value, keys) or (next(iter(keys)) if len(keys) == 1 else "")
                suggestion = set_to(setting, near) if near else f"add the key to {secret.ref}"
                yield _about(setting, f"{secret.ref} has {', '.join(sorted(keys))}", suggestion, secret)
            elif isinstance(setting.value, str):
                yield from _entry(setting, secret)


def _path(key: Setting) -> Iterator[Draft]:
    """addStorageSpecAnnotations: the path makes the address of the model, unless the model has one of its own."""
    path = at(key.obj, *key.path[:-1], "path")
    others = (key.obj.get(*key.path[:-2], "storageUri"), key.obj.get(*key.path[:2], "storageUris"))
    if path.value is None and not any(others):
        yield because(
            path, "without a path KServe downloads nothing", f"set {path.key} to the model's path in the bucket"
        )


def _default_key(setting: Setting, secret: KubeObject, keys: set[str]) -> Iterator[Draft]:
    """Without a key and a type, KServe reads the key ``default``, and fails if there is none."""
    if not setting.obj.get(*setting.path[:-1], "parameters", "type") and "default" not in keys:
        fix = set_to(setting, next(iter(keys))) if len(keys) == 1 else f"name one of {', '.join(sorted(keys))}"
        yield _about(setting, f"KServe then reads the key default of {secret.ref}", fix, secret)


def _entry(setting: Setting, secret: KubeObject) -> Iterator[Draft]:
    """The type of the storage and, for S3, the bucket: in the entry of the Secret or in the parameters of the model."""
    text = secret.get("stringData", setting.value)
    entry = _parsed(text)
    if entry is None:
        if isinstance(text, str) and not _OPEN.search(text):
            fix = f"write the entry {setting.value} of {secret.ref} as JSON"
            yield _about(setting, f"KServe cannot parse that entry of {secret.ref} as JSON", fix, secret)
        return
    given = {**entry, **setting.obj.mapping(*setting.path[:-1], "parameters")}
    kind = given.get("type")
    place = f"the entry {setting.value} of {secret.ref}"
    if not kind:
        reason = f"{place} has no type"
        yield _about(setting, reason, f"add a type to {place}: one of {', '.join(_TYPES)}", secret)
    elif kind not in _TYPES:
        yield _about(setting, f"{place} has the type {kind}", f"name one of {', '.join(_TYPES)}", secret)
    elif kind == "s3" and not given.get("bucket") and setting.obj.get(*setting.path[:-1], "path"):
        reason = f"{place} has no bucket, and KServe makes the model's address of it"
        yield _about(setting, reason, f"add bucket to {place}, or to the parameters of the storage", secret)


def _parsed(text: Any) -> Mapping[str, Any] | None:
    """An entry of the Secret; None if it is not shown as JSON."""
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return value if isinstance(value, Mapping) else None


def _about(setting: Setting, reason: str, fix: Advice, secret: KubeObject) -> Draft:
    return because(setting, reason, fix, Setting(None, secret, ("metadata", "name")))
