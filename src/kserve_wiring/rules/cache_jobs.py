# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW610: the pull Secret and the credentials of the jobs that fill the model cache (wires W5 and W8).

kserve v0.20.0: pkg/controller/v1alpha1/localmodelnode/controller.go launchJob and injectCredentials.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.isvc_config import IsvcConfig
from kserve_wiring.cluster.pull_secrets import known_anywhere, secret_exists
from kserve_wiring.grammar.image import is_below, parse_image, pull_problem
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_CACHES = ("LocalModelCache", "LocalModelNamespaceCache")
_JOB = "localModelDownloadJob"
_STORAGE_CONFIG = "storage-config"  # pkg/credentials/service_account_credentials.go DefaultStorageSecretKey
_ANONYMOUS = "and the job downloads without credentials"


@rule("KW610")
def jobs_of_the_cache(cluster: Cluster) -> Iterator[Draft]:
    """All jobs run in one namespace under its ServiceAccount default, and look for credentials there."""
    config = cluster.isvc_config
    caches = list(cluster.of_kind(*_CACHES))
    jobs = config.setting("localModel", "jobNamespace") if config and config.is_true("localModel", "enabled") else None
    if config is None or jobs is None or not caches:
        return
    yield from _pulled(cluster, config, jobs)
    for cache in caches:
        yield from _account(cluster, jobs, at(cache, "spec", "serviceAccountName"))
        if cache.get("spec", "storage", "key"):
            yield from _storage(cluster, config, jobs, at(cache, "spec", "storage", "key"))


def _pulled(cluster: Cluster, config: IsvcConfig, jobs: Setting) -> Iterator[Draft]:
    facts = cluster.facts
    image = next((one for one in _images(cluster, config) if not pull_problem(one.text())), None)
    if image is None or not facts.pull_secret:
        return
    if not any(is_below(parse_image(image.text()), host) for host in facts.registries):
        return
    accounts = cluster.find("ServiceAccount", jobs.text(), "default")
    reason = f"the jobs of the model cache pull {image.text()} under it, and need the pull Secret {facts.pull_secret}"
    for account in accounts:
        if not list(mappings_of(account.get("imagePullSecrets"))):
            setting = at(account, "imagePullSecrets")
            yield because(setting, reason, f"add {facts.pull_secret} to {setting.key}", jobs, image)
    if not accounts and facts.complete:
        fix = f"add {facts.pull_secret} to imagePullSecrets of ServiceAccount default in namespace {jobs.value}"
        yield because(jobs, reason.replace("under it", "there"), fix, image)


def _images(cluster: Cluster, config: IsvcConfig) -> Iterator[Setting]:
    """The images of the jobs: of a container for them, else that of KServe's configuration."""
    for obj in cluster.of_kind("ClusterStorageContainer"):
        if obj.get("spec", "workloadType") == _JOB and obj.get("disabled") is not True:
            yield at(obj, "spec", "container", "image")
    default = config.setting("storageInitializer", "image")
    if default is not None:
        yield default


def _account(cluster: Cluster, jobs: Setting, setting: Setting) -> Iterator[Draft]:
    name, namespace = setting.text(), jobs.text()
    if name in ("", "default") or cluster.find("ServiceAccount", namespace, name):
        return
    if cluster.facts.exists("ServiceAccount", namespace, name):
        return
    elsewhere = cluster.named("ServiceAccount", name)
    if elsewhere or cluster.facts.complete:
        yield _absent(cluster, jobs, setting, f"ServiceAccount {name}", elsewhere)


def _storage(cluster: Cluster, config: IsvcConfig, jobs: Setting, setting: Setting) -> Iterator[Draft]:
    name = config.text("credentials", "storageSpecSecretName") or _STORAGE_CONFIG
    if secret_exists(cluster, jobs.text(), name):
        return
    if known_anywhere(cluster, name) or cluster.facts.existing is not None:
        yield _absent(cluster, jobs, setting, f"Secret {name}", cluster.named("Secret", name))


def _absent(cluster: Cluster, jobs: Setting, setting: Setting, what: str, elsewhere: list[KubeObject]) -> Draft:
    """What a cache needs in the namespace of the jobs, and what has its name in another one."""
    where = f"namespace {jobs.value} of the jobs has no {what}"
    reason = f"{where}, {_ANONYMOUS}" if not elsewhere else f"{where}, but {elsewhere[0].namespace}, {_ANONYMOUS}"
    found = Setting(elsewhere[0].name, elsewhere[0], ("metadata", "name")) if elsewhere else None
    level = "" if cluster.facts.complete else "warning"
    related = (jobs, found) if found is not None else (jobs,)
    return because(setting, reason, f"create {what} in namespace {jobs.value}", *related, level=level)
