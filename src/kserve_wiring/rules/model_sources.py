# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW605 to KW609: where models come from: mirrors of Hugging Face, the model cache, OCI images, Secrets (wire W8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.llm import configs_of, downloaders, loading_presets, presets, services
from kserve_wiring.cluster.model_uris import llm_uris, model_uris
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of, show_path
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, pair, set_to, single

_ENDPOINT = "HF_ENDPOINT"
_HF = "hf://"
_JOB = "localModelDownloadJob"
_TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CA_BUNDLE_CONFIGMAP_NAME")
_LLM_SCHEMES = ("pvc", "oci", "oci+native", "hf", "s3")
_CACHES = ("LocalModelCache", "LocalModelNamespaceCache")
_AGENT = "kserve-localmodelnode-agent"
# The order in which KServe looks for a key of a Secret; the first one decides (service_account_credentials.go:282-335).
_SOURCES = {
    "AWS_SECRET_ACCESS_KEY": "s3",
    "awsSecretAccessKey": "s3",
    "gcloud-application-credentials.json": "gs",
    "AZ_CLIENT_ID": "azure",
    "AZURE_CLIENT_ID": "azure",
    "AZURE_ACCESS_TOKEN": "azure",
    "AZURE_STORAGE_ACCESS_KEY": "azure",
    "https-host": "https",
    "HDFS_NAMENODE": "hdfs",
    "HF_TOKEN": "hf",
}


def _variable(obj: KubeObject, path: KeyPath, name: str) -> Setting | None:
    """A variable of a container; its value is None if it comes from another object."""
    for index, item in mappings_of(obj.get(*path, "env")):
        if item.get("name") == name:
            return Setting(item.get("value"), obj, (*path, "env", index, "value"))
    return None


def _of_containers(cluster: Cluster, job: bool) -> list[Setting]:
    """HF_ENDPOINT of the ClusterStorageContainers of one kind of work."""
    found = []
    for obj in cluster.of_kind("ClusterStorageContainer"):
        if (obj.get("spec", "workloadType") == _JOB) == job and obj.get("disabled") is not True:
            setting = _variable(obj, ("spec", "container"), _ENDPOINT)
            found += [setting] if setting is not None else []
    return found


def _of_llm(obj: KubeObject, name: str) -> Iterator[Setting]:
    for path, _ in downloaders(obj):
        setting = _variable(obj, path, name)
        if setting is not None:
            yield setting


@rule("KW605")
def mirrors_differ(cluster: Cluster) -> Iterator[Draft]:
    """Each way to download a model has its own HF_ENDPOINT; without one it asks huggingface.co."""
    containers, jobs = _of_containers(cluster, job=False), _of_containers(cluster, job=True)
    in_presets = [setting for obj in presets(cluster) for setting in _of_llm(obj, _ENDPOINT)]
    settings = [*containers, *jobs, *in_presets]
    first = next((setting for setting in settings if setting.text()), None)
    for setting in settings:
        if first is not None and setting.text() and setting.text().rstrip("/") != first.text().rstrip("/"):
            other = f"{first.text()} in {first.obj.ref}"
            draft = pair(setting, first, reason=f"it is {other}", suggestion=set_to(setting, first.text()))
            yield replace(draft, level="warning")
    yield from _services_without_mirror(cluster, bool(containers))
    yield from _llm_without_mirror(cluster, first)
    yield from _caches_without_mirror(cluster, first, bool(jobs))


def _services_without_mirror(cluster: Cluster, has_mirror: bool) -> Iterator[Draft]:
    read = cluster.facts.complete or any(cluster.of_kind("ClusterStorageContainer"))
    if not cluster.facts.offline or has_mirror or not read:
        return
    cached = [str(obj.get("spec", "sourceModelUri")) for obj in cluster.of_kind(*_CACHES)]
    for setting in model_uris(cluster):
        if setting.text().startswith(_HF) and not setting.text().startswith(tuple(cached)):
            yield _no_mirror(setting, "no ClusterStorageContainer sets HF_ENDPOINT", "", _in_container())


def _in_container() -> str:
    return f"set {_ENDPOINT} in spec.container.env of the ClusterStorageContainer that matches {_HF}"


def _no_mirror(setting: Setting, reason: str, level: str, suggestion: str) -> Draft:
    shown = f"{reason}, so the download asks huggingface.co"
    return single(setting, reason=shown, suggestion=suggestion, level=level)


def _llm_without_mirror(cluster: Cluster, first: Setting | None) -> Iterator[Draft]:
    """KServe ignores ClusterStorageContainers here; a preset or the service has the variable."""
    if not (presets(cluster) or cluster.facts.complete) or not (cluster.facts.offline or first is not None):
        return
    for obj in services(cluster):
        own = any(True for holder in (obj, *configs_of(cluster, obj)) for _ in _of_llm(holder, _ENDPOINT))
        used = loading_presets(cluster, obj)
        lacking = [preset for preset in used if not any(_of_llm(preset, _ENDPOINT))]
        for setting in llm_uris(obj) if not own and (lacking or not used) else ():
            if setting.text().startswith(_HF):
                value = first.text() if first is not None and first.text() else "the mirror"
                suggestion = (
                    f"set {_ENDPOINT} to {value} in an init container storage-initializer of the preset or the service"
                )
                named = f"its preset {lacking[0].name}" if lacking else "its presets"
                reason = f"neither {named} nor the service sets HF_ENDPOINT"
                yield _no_mirror(setting, reason, "" if cluster.facts.offline else "warning", suggestion)
                break


def _caches_without_mirror(cluster: Cluster, first: Setting | None, has_mirror: bool) -> Iterator[Draft]:
    if has_mirror or not (cluster.facts.offline or first is not None):
        return
    if not (cluster.facts.complete or any(cluster.of_kind("ClusterStorageContainer"))):
        return
    for obj in cluster.of_kind(*_CACHES):
        setting = at(obj, "spec", "sourceModelUri")
        if setting.text().startswith(_HF):
            reason = f"no ClusterStorageContainer with workloadType {_JOB} sets HF_ENDPOINT"
            suggestion = f"create a ClusterStorageContainer with workloadType {_JOB} and {_ENDPOINT}"
            yield _no_mirror(setting, reason, "" if cluster.facts.offline else "warning", suggestion)


@rule("KW606")
def mirror_without_trust(cluster: Cluster) -> Iterator[Draft]:
    """KServe mounts its CA bundle for s3:// of an LLMInferenceService, and not for hf://."""
    config = cluster.isvc_config
    bundle = config.setting("storageInitializer", "caBundleConfigMapName") if config else None
    if bundle is None:
        return
    reported: set[int] = set()
    for obj in services(cluster):
        uris = list(llm_uris(obj))
        if len(uris) != 1 or not uris[0].text().startswith(_HF):
            continue  # with adapters KServe mounts the bundle
        own, trusts = _mirror([obj, *configs_of(cluster, obj)])
        by_preset = [_mirror([preset]) for preset in loading_presets(cluster, obj)]
        mirror = own or next((found for found, trusted in by_preset if found and not trusted), None)
        trusts = trusts or (bool(by_preset) and all(trusted for _, trusted in by_preset))
        if mirror is None or trusts or not mirror.text().startswith("https://") or id(mirror.obj) in reported:
            continue
        reported.add(id(mirror.obj))
        reason = "KServe does not mount its CA bundle for hf:// of an LLMInferenceService"
        place = show_path(mirror.path[:-2])
        suggestion = f"mount ConfigMap global-ca-bundle there, and set SSL_CERT_FILE in {place} to its file"
        draft = single(mirror, reason=reason, suggestion=suggestion)
        yield replace(draft, related=((bundle.obj, bundle.path), (obj, ("spec", "model", "uri"))))


def _mirror(holders: list[KubeObject]) -> tuple[Setting | None, bool]:
    """The first HF_ENDPOINT of some objects, and whether one of them says which CAs to trust."""
    mirror = next((item for holder in holders for item in _of_llm(holder, _ENDPOINT)), None)
    return mirror, any(True for holder in holders for name in _TRUST for _ in _of_llm(holder, name))


@rule("KW607")
def unused_model_cache(cluster: Cluster) -> Iterator[Draft]:
    """Caches that no model uses, node groups without nodes, and jobs in a namespace that nobody creates."""
    config = cluster.isvc_config
    if config is not None and not config.is_true("localModel", "enabled") and not config.errors.get("localModel"):
        caches = list(cluster.of_kind(*_CACHES))
        written = config.setting("localModel", "enabled")
        if caches and "localModel" in config.values and (written is None or written.value is False):
            switch = config.place("localModel", "enabled", "false")
            reason = f"KServe lets no model use {caches[0].ref}"
            draft = single(switch, reason=reason, suggestion=set_to(switch, True))
            yield replace(draft, related=((caches[0], ("metadata", "name")),))
    jobs = config.setting("localModel", "jobNamespace") if config and config.is_true("localModel", "enabled") else None
    if jobs is not None and cluster.facts.complete and not _has_namespace(cluster, jobs.text()):
        yield single(jobs, reason="nobody creates this namespace", suggestion=f"create namespace {jobs.value}")
    for group in cluster.of_kind("LocalModelNodeGroup"):
        yield from _node_group(cluster, group)


def _has_namespace(cluster: Cluster, name: str) -> bool:
    return name in cluster.namespaces or cluster.facts.exists("Namespace", "", name)


def _node_group(cluster: Cluster, group: KubeObject) -> Iterator[Draft]:
    volume: KeyPath = ("spec", "persistentVolumeSpec")
    if group.get(*volume) is not None and not group.get(*volume, "nodeAffinity", "required"):
        setting = at(group, *volume, "nodeAffinity", "required")
        yield single(setting, reason="the group has no node, so nothing is downloaded", suggestion=f"set {setting.key}")
    for agent in cluster.named("DaemonSet", _AGENT):
        folders = [
            item.get("hostPath", {}).get("path")
            for _, item in mappings_of(agent.get("spec", "template", "spec", "volumes"))
            if item.get("name") == "models" and isinstance(item.get("hostPath"), dict)
        ]
        for kind in ("local", "hostPath"):
            setting = at(group, *volume, kind, "path")
            if folders and setting.value and setting.text().rstrip("/") != str(folders[0]).rstrip("/"):
                reason = f"{agent.ref} looks in {folders[0]} of the node, and downloads the models again and again"
                draft = single(setting, reason=reason, suggestion=set_to(setting, folders[0]))
                yield replace(draft, related=((agent, ("spec", "template", "spec", "volumes")),))


@rule("KW608")
def unsupported_sources(cluster: Cluster) -> Iterator[Draft]:
    """Addresses of models that KServe refuses, or that its settings switch off."""
    for obj in services(cluster):
        for setting in llm_uris(obj):
            scheme, found, _ = setting.text().partition("://")
            if not found or scheme not in _LLM_SCHEMES:
                reason = f"an LLMInferenceService takes only {', '.join(f'{name}://' for name in _LLM_SCHEMES)}"
                suggestion = "copy the model to one of these, or use an InferenceService"
                yield single(setting, reason=reason, suggestion=suggestion)
    config = cluster.isvc_config
    if config is None or "storageInitializer" not in config.values:
        return
    settings = ("enableModelcar", "enableOciModelSupport", "ociModelMode")
    if any(config.is_true("storageInitializer", key) or config.text("storageInitializer", key) for key in settings):
        return
    switch = config.place("storageInitializer", "enableModelcar", "false")
    for setting in (*model_uris(cluster), *(uri for obj in services(cluster) for uri in llm_uris(obj))):
        if setting.text().startswith("oci://"):
            reason = f"{switch.key} of {switch.obj.ref} is not true, so KServe does not take a model from an image"
            draft = single(setting, reason=reason, suggestion=set_to(switch, True, elsewhere=True))
            yield replace(draft, related=((switch.obj, switch.path),))


@rule("KW609")
def secrets_with_two_sources(cluster: Cluster) -> Iterator[Draft]:
    """KServe uses a Secret for one kind of storage, by the first key that it knows."""
    seen: set[int] = set()
    for account in cluster.of_kind("ServiceAccount"):
        for _, item in mappings_of(account.get("secrets")):
            for secret in cluster.find("Secret", account.namespace, str(item.get("name"))):
                if id(secret) not in seen:
                    seen.add(id(secret))
                    yield from _second_source(secret)


def _second_source(secret: KubeObject) -> Iterator[Draft]:
    keys = {str(key): part for part in ("data", "stringData") for key in secret.mapping(part)}
    found = [key for key in _SOURCES if key in keys]
    others = [key for key in found if _SOURCES[key] != _SOURCES[found[0]]]
    for key in others[:1]:
        reason = f"the Secret has {found[0]}, so KServe uses it for {_SOURCES[found[0]]} alone"
        suggestion = f"move {', '.join(others)} to a Secret of its own, which the ServiceAccount lists, too"
        yield single(Setting("set", secret, (keys[key], key)), reason=reason, suggestion=suggestion)
