# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW312: credentials and settings that do not reach the container that downloads a model (wire W8).

kserve v0.20.0 pkg/credentials/service_account_credentials.go and pkg/credentials/s3/utils.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.cluster.runtimes import FRAMEWORKS
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, set_to, single

_PREFIX = "serving.kserve.io/s3-"
_SETTINGS = (
    "endpoint",
    "region",
    "verifyssl",
    "usehttps",
    "usevirtualbucket",
    "useaccelerate",
    "useanoncredential",
    "cabundle",
    "cabundle-configmap",
)
_ROLE = "eks.amazonaws.com/role-arn"
_IDENTITIES = (_ROLE, "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id")
"""Annotations by which a cloud gives the Pods of a ServiceAccount an identity."""
_ENDPOINT = re.compile(r"(https?://)?(?!\d+$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?(/\S*)?|\$\S+|.*[<{].*")
_SCHEME_READ_SINCE = (0, 17, 0)
_USES_HTTPS = ("0", "1", "true", "yes")
# Variables that only the downloader reads, by the scheme of the model's address.
_VARIABLES = {
    "s3": (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ENDPOINT_URL",
        "S3_ENDPOINT",
        "S3_USE_HTTPS",
        "S3_VERIFY_SSL",
    ),
    "hf": ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT"),
    "gs": ("GOOGLE_APPLICATION_CREDENTIALS",),
    "https": ("AZ_CLIENT_ID", "AZ_CLIENT_SECRET", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_STORAGE_ACCESS_KEY"),
}


_MODELS = frozenset({"model", *FRAMEWORKS})
_OWN_KEYS = (("s3", "s3SecretAccessKeyName"), ("gcs", "gcsCredentialFileName"))
_CREDENTIAL_KEYS = (
    "AWS_SECRET_ACCESS_KEY",
    "gcloud-application-credentials.json",
    "HF_TOKEN",
    "awsSecretAccessKey",
    "AZ_CLIENT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_ACCESS_TOKEN",
    "AZURE_STORAGE_ACCESS_KEY",
    "https-host",
    "HDFS_NAMENODE",
)
_EXTERNAL_KEYS = ("AWS_ACCESS_KEY_ID", *_CREDENTIAL_KEYS)


@rule("KW312")
def unread_credentials(cluster: Cluster) -> Iterator[Draft]:
    """The download fails with 403, or asks Amazon's own endpoint, and the settings look right."""
    for account in cluster.of_kind("ServiceAccount"):
        yield from _annotations_of_account(account)
    for secret in cluster.of_kind("Secret"):
        yield from _annotations_of_secret(cluster, secret)
    yield from _unknown_secrets(cluster)
    if not cluster.isvc_config:  # which may give the keys other names
        yield from _external_keys(cluster)
    with_keys = _accounts_with_keys(cluster)
    for obj in cluster.of_kind("InferenceService", "LLMInferenceService"):
        if obj.group == KSERVE_GROUP:
            yield from _annotations_of_model(cluster, obj)
            yield from _identity_of_model(obj)
            yield from _variables(obj)
            if obj.namespace in with_keys:
                yield from _other_account(cluster, obj, with_keys[obj.namespace])


def _s3_settings(obj: KubeObject) -> list[Setting]:
    return [
        at(obj, "metadata", "annotations", key)
        for key in obj.annotations
        if isinstance(key, str) and key.startswith(_PREFIX)
    ]


def _annotations_of_account(account: KubeObject) -> Iterator[Draft]:
    """KServe reads them only with Amazon's role, and prefers those of the Secret."""
    found = _s3_settings(account)
    if not found or _ROLE in account.annotations:
        return
    names = [str(item.get("name")) for _, item in mappings_of(account.get("secrets"))]
    keys = ", ".join(str(setting.path[-1]) for setting in found)
    where = f"Secret {', '.join(names)}" if names else "the Secret with the credentials, and list it under secrets"
    reason = f"KServe reads the s3 annotations of the Secret, and those of a ServiceAccount only with {_ROLE}"
    yield single(found[0], reason=reason, suggestion=f"move the annotations {keys} to {where}")


def _unknown_secrets(cluster: Cluster) -> Iterator[Draft]:
    """KServe recognizes a Secret by its keys, and skips one that has none of them."""
    used = {
        (obj.namespace, str(obj.get("spec", "predictor", "serviceAccountName") or ""))
        for obj in cluster.of_kind("InferenceService")
    }
    config = cluster.isvc_config
    own = [config.text("credentials", *path) for path in _OWN_KEYS] if config else []
    shared = (config.text("credentials", "storageSpecSecretName") if config else "") or "storage-config"
    for account in cluster.of_kind("ServiceAccount"):
        for index, item in mappings_of(account.get("secrets")) if (account.namespace, account.name) in used else ():
            for secret in cluster.find("Secret", account.namespace, str(item.get("name"))):
                keys = {str(key) for part in ("data", "stringData") for key in secret.mapping(part)}
                plain = secret.get("type") in (None, "Opaque") and not _s3_settings(secret) and secret.name != shared
                if plain and keys and not keys & {*_CREDENTIAL_KEYS, *own}:
                    setting = Setting(secret.name, account, ("secrets", index, "name"))
                    reason = (
                        f"the Secret has {', '.join(sorted(keys))}, and KServe skips a Secret without one of its keys"
                    )
                    suggestion = f"name the key as KServe does, such as {', '.join(_CREDENTIAL_KEYS[:3])}"
                    yield single(setting, reason=reason, suggestion=suggestion, level="warning")


def _external_keys(cluster: Cluster) -> Iterator[Draft]:
    """An ExternalSecret writes the keys of a Secret that a model's ServiceAccount lists."""
    wanted = {
        (account.namespace, str(item.get("name")))
        for account in cluster.of_kind("ServiceAccount")
        for _, item in mappings_of(account.get("secrets"))
    }
    for external in cluster.of_kind("ExternalSecret"):
        name = str(external.get("spec", "target", "name") or external.name)
        keys = [str(item.get("secretKey")) for _, item in mappings_of(external.get("spec", "data"))]
        near = {key: get_close_matches(key, _EXTERNAL_KEYS, n=1, cutoff=0.8) for key in keys}
        for index, key in enumerate(keys):
            if (external.namespace, name) in wanted and near[key] and key not in _EXTERNAL_KEYS:
                setting = at(external, "spec", "data", index, "secretKey")
                reason = "KServe reads no such key of a Secret"
                yield single(setting, reason=reason, suggestion=set_to(setting, near[key][0]))


def _annotations_of_model(cluster: Cluster, obj: KubeObject) -> Iterator[Draft]:
    """KServe reads those of the Secret, or of the ServiceAccount if that has Amazon's role and therefore no Secret."""
    found = _s3_settings(obj)
    if found:
        name = str(obj.get("spec", "predictor", "serviceAccountName"))
        accounts = [one for one in cluster.find("ServiceAccount", obj.namespace, name) if _ROLE in one.annotations]
        keys = ", ".join(str(setting.path[-1]) for setting in found)
        holder = "ServiceAccount" if accounts else "Secret"
        reason = f"KServe reads the s3 annotations of the {holder}, not those of a model"
        where = accounts[0].ref if accounts else "the Secret with the credentials"
        yield single(found[0], reason=reason, suggestion=f"move the annotations {keys} to {where}")


def _identity_of_model(obj: KubeObject) -> Iterator[Draft]:
    """The clouds' webhooks read the annotations of the Pod's ServiceAccount."""
    for path in (("metadata", "annotations"), ("spec", "predictor", "annotations")):
        for key in _IDENTITIES:
            setting = at(obj, *path, key)
            if setting.value is not None:
                account = obj.get("spec", "predictor", "serviceAccountName") or "of the model"
                reason = "it is read on a ServiceAccount, and not on what has Pods"
                suggestion = f"move it to metadata.annotations of the ServiceAccount {account}"
                yield single(setting, reason=reason, suggestion=suggestion)


def _annotations_of_secret(cluster: Cluster, secret: KubeObject) -> Iterator[Draft]:
    found = _s3_settings(secret)
    for setting in found:
        yield from _spelling(cluster, setting)
    if not found or secret.source.partial:
        return
    keys = {str(key) for part in ("data", "stringData") for key in secret.mapping(part)}
    wanted, ids = _secret_keys(cluster), _id_keys(cluster)
    if keys & wanted and not keys & ids:
        shown = Setting(", ".join(sorted(keys)), secret, ("data",) if secret.mapping("data") else ("stringData",))
        reason = f"the container that downloads a model also needs the key {min(ids)}, and does not start without it"
        yield single(shown, reason=reason, suggestion=f"add the key {min(ids)}")
    if keys and not keys & wanted:
        shown = Setting(", ".join(sorted(keys)), secret, ("data",) if secret.mapping("data") else ("stringData",))
        reason = f"KServe uses a Secret for S3 only if it has the key {' or '.join(sorted(wanted))}"
        yield single(shown, reason=reason, suggestion=f"name the key {min(wanted)}")


def _secret_keys(cluster: Cluster) -> set[str]:
    """The key by which KServe recognizes S3; its default and the chart's if the configuration is unknown."""
    config = cluster.isvc_config
    if config is None or "credentials" not in config.values:
        return {"AWS_SECRET_ACCESS_KEY", "awsSecretAccessKey"}
    return {config.text("credentials", "s3", "s3SecretAccessKeyName") or "awsSecretAccessKey"}


def _id_keys(cluster: Cluster) -> set[str]:
    """The key with the name of the credentials, which the variable AWS_ACCESS_KEY_ID is read from (s3_secret.go)."""
    config = cluster.isvc_config
    if config is None or "credentials" not in config.values:
        return {"AWS_ACCESS_KEY_ID", "awsAccessKeyID"}
    return {config.text("credentials", "s3", "s3AccessKeyIDName") or "AWS_ACCESS_KEY_ID"}


def _spelling(cluster: Cluster, setting: Setting) -> Iterator[Draft]:
    name = str(setting.path[-1]).removeprefix(_PREFIX)
    version = cluster.facts.version("kserve_version")
    if name not in _SETTINGS:
        near = get_close_matches(name.lower(), _SETTINGS, n=1, cutoff=0.75)
        if near:
            yield single(setting, reason="KServe has no such annotation", suggestion=f"rename it to {_PREFIX}{near[0]}")
    elif name == "endpoint" and "://" in setting.text() and version is not None and version < _SCHEME_READ_SINCE:
        reason = f"KServe {cluster.facts.kserve_version} puts a scheme before it"
        suggestion = f"write {setting.text().partition('://')[2]}, and set {_PREFIX}usehttps to 0 for http"
        yield single(setting, reason=reason, suggestion=suggestion)
    elif name == "endpoint" and _is_https(setting.text()) and setting.obj.annotations.get(f"{_PREFIX}usehttps") == "0":
        reason = f"its scheme wins over {_PREFIX}usehttps, which is 0"
        suggestion = f"write {setting.text().partition('://')[2]}, or remove {_PREFIX}usehttps"
        yield single(setting, reason=reason, suggestion=suggestion, level="warning")
    elif name == "endpoint" and not _ENDPOINT.fullmatch(setting.text()):
        reason = "boto3 refuses an endpoint that is no host"
        yield single(setting, reason=reason, suggestion="write HOST:PORT of the store")
    elif name == "usehttps" and setting.text().lower() not in _USES_HTTPS:
        reason = "only 0 means no, and anything else means yes"
        yield single(setting, reason=reason, suggestion=set_to(setting, "0"))


def _is_https(text: str) -> bool:
    return text.lower().startswith("https://")


def _variables(obj: KubeObject) -> Iterator[Draft]:
    """The variables of a model's container do not reach the init container (kserve/kserve#4400)."""
    for component in ISVC_COMPONENTS:
        for name in sorted(_MODELS & obj.mapping("spec", component).keys()):
            path = ("spec", component, name)
            scheme = str(obj.get(*path, "storageUri") or "").partition("://")[0]
            for index, variable in mappings_of(obj.get(*path, "env")):
                if variable.get("name") in _VARIABLES.get(scheme, ()):
                    reason = "it is set in the model's container, but the storage initializer downloads the model"
                    suggestion = "put it into a Secret that the ServiceAccount lists under secrets"
                    yield single(
                        at(obj, *path, "env", index, "name"), reason=reason, suggestion=suggestion, level="warning"
                    )


def _accounts_with_keys(cluster: Cluster) -> dict[str, dict[str, KubeObject]]:
    """The ServiceAccounts that list a Secret for S3, by namespace and name."""
    found: dict[str, dict[str, KubeObject]] = {}
    for account in cluster.of_kind("ServiceAccount"):
        if account.namespace and _s3_secrets(cluster, account):
            found.setdefault(account.namespace, {})[account.name] = account
    return found


def _other_account(cluster: Cluster, obj: KubeObject, with_keys: dict[str, KubeObject]) -> Iterator[Draft]:
    """The credentials hang on a ServiceAccount that the model does not use."""
    predictor = obj.mapping("spec", "predictor")
    address = next(
        (
            str(predictor[name].get("storageUri") or "")
            for name in ("model", *FRAMEWORKS)
            if isinstance(predictor.get(name), dict)
        ),
        "",
    )
    config = cluster.isvc_config
    annotation = config.text("credentials", "storageSecretNameAnnotation") if config else ""
    named = [key for key in obj.annotations if key == annotation or str(key).lower().endswith("secretname")]
    if not address.startswith("s3://") or named:
        return
    setting = at(obj, "spec", "predictor", "serviceAccountName")
    used = setting.text() or "default"
    own = [item for item in cluster.find("ServiceAccount", obj.namespace, used) if item.namespace]
    if used not in with_keys and not any(map(_has_role, own)):
        other = next(iter(with_keys.values()))
        reason = f"its ServiceAccount {used} has no S3 credentials, {other.ref} has"
        suggestion = set_to(setting, other.name)
        yield single(setting, reason=reason, suggestion=suggestion, level="warning")


def _has_role(account: KubeObject) -> bool:
    return _ROLE in account.annotations or bool(account.items("secrets"))


def _s3_secrets(cluster: Cluster, account: KubeObject) -> list[KubeObject]:
    names = [str(item.get("name")) for _, item in mappings_of(account.get("secrets"))]
    found = [secret for name in names for secret in cluster.find("Secret", account.namespace, name)]
    return [secret for secret in found if _s3_settings(secret) or "AWS_SECRET_ACCESS_KEY" in secret.mapping("data")]
