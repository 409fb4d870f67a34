"""The objects that the user of an environment creates by its README: Secrets, a CA, namespaces."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.live.bed.api import Object
from tests.live.bed.control_plane import issue
from tests.live.bed.pulls import pull_secret

Answers = dict[str, Any]


def namespaces_first(answers: Answers) -> Iterator[Object]:
    """The namespaces that must exist before the environment: those of existing tenants."""
    for tenant in answers["tenants"]:
        if not tenant.get("create_namespace", True):
            yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": tenant["name"]}}


def objects(answers: Answers, namespaces: list[str], keys: Path, password: str) -> Iterator[Object]:
    """The objects that the README asks for once the first release has created the namespaces.

    answers: of the environment, including defaults. namespaces: all that belong to it. keys: folder of the bed's CA,
    which issues the certificates. password: "user:password" of the private registry.
    """
    if answers.get("pull_secret") and answers["pull_secret_source"] == "existing":  # noqa: S105
        for namespace in namespaces:
            yield pull_secret(answers["pull_secret"], namespace, answers["registry_host"], password)
    yield from _registry_ca(answers, keys)
    yield from _storage(answers)
    if answers.get("ingress_tls_secret"):
        yield _certificate(answers, keys)


def store(answers: Answers, password: str) -> dict[str, bytes]:
    """Content of the user's ClusterSecretStore, {key: content}."""
    if answers.get("pull_secret_source") != "external-secret":
        return {}
    made = pull_secret("any", "any", answers["registry_host"], password)
    return {answers["external_secret_key"]: base64.b64decode(made["data"][".dockerconfigjson"])}


def hosts_of(answers: Answers) -> list[str]:
    """External hosts of the models: of each tenant, or in Standard mode of all."""
    if answers.get("deployment_mode") == "standard":
        return [f"*.{answers['ingress_domain']}"]
    return [f"*.{tenant['name']}.{answers['ingress_domain']}" for tenant in answers["tenants"]]


def secret(name: str, namespace: str, kind: str, data: dict[str, bytes]) -> Object:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": kind, "data": encoded}


def _registry_ca(answers: Answers, keys: Path) -> Iterator[Object]:
    """The CA in the namespaces of Knative and KServe; as a Secret, for Knative alone."""
    kind = answers.get("registry_ca_source")
    bundle = (keys / "ca.crt").read_bytes()
    if kind == "secret":
        yield secret(answers["registry_ca_name"], "knative-serving", "Opaque", {"cabundle.crt": bundle})
    elif kind == "configmap":
        readers = ("kserve",) if answers.get("deployment_mode") == "standard" else ("knative-serving", "kserve")
        for namespace in readers:
            meta = {"name": answers["registry_ca_name"], "namespace": namespace}
            yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"cabundle.crt": bundle.decode()}}


def _storage(answers: Answers) -> Iterator[Object]:
    for tenant in answers["tenants"]:
        if tenant.get("external_secrets"):
            continue
        if tenant.get("s3_secret"):
            keys = {"AWS_ACCESS_KEY_ID": b"id", "AWS_SECRET_ACCESS_KEY": b"key"}
            yield secret(tenant["s3_secret"], tenant["name"], "Opaque", keys)
        if tenant.get("hf_secret"):
            yield secret(tenant["hf_secret"], tenant["name"], "Opaque", {"HF_TOKEN": b"token"})
        if tenant.get("oci_secret"):
            yield pull_secret(tenant["oci_secret"], tenant["name"], "models.corp.local", "user:password")


def _certificate(answers: Answers, keys: Path) -> Object:
    name = answers["ingress_tls_secret"]
    issue(keys, name, *hosts_of(answers))
    data = {"tls.crt": (keys / f"{name}.crt").read_bytes(), "tls.key": (keys / f"{name}.key").read_bytes()}
    return secret(name, answers["ingress_gateway_namespace"], "kubernetes.io/tls", data)
