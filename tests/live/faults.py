"""The faults of faults.yaml: each is a context in which a healthy environment has it."""

from __future__ import annotations

import base64
import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.live.bed.api import ApiError, Object, condition, until
from tests.live.bed.bed import Bed
from tests.live.bed.environments import PASSWORD, Environment
from tests.live.bed.failing_registry import PLAIN, PORT, SECURE, Server, absent, expire, reset, silent, status, tls
from tests.live.bed.inference import container, inference, sklearn
from tests.live.bed.network import HOST
from tests.live.bed.pulls import pull_secret
from tests.live.test_kserve import text
from tests.live.wires import CONFIG, SERVING, broken
from tools.generate.fault_page import faults

NAMESPACE = "vision"
DEPLOYMENT = "apps/v1/Deployment"
CRD = "apiextensions.k8s.io/v1/CustomResourceDefinition"
LLMS = "llminferenceservices.serving.kserve.io"
MIRRORED = "harbor.corp.local:8443/kserve/kserve/sklearnserver:v0.20.0"
Fault = Callable[[Bed, Environment], contextlib.AbstractContextManager[Any]]


@dataclass(frozen=True)
class Injected:
    """A row of faults.yaml, and what injects it."""

    inject: Fault
    name: str
    seen: str
    symptom: str
    wire: str = ""
    code: str = ""


def predictor(spec: Object) -> Fault:
    return lambda bed, _: inference(bed, NAMESPACE, spec, "sick")


def unresolved(server: Server, host: str = SECURE, address: str = HOST) -> Fault:
    """A tag of a registry that fails Knative's controller, which is not in the skip list."""

    @contextlib.contextmanager
    def named(bed: Bed, environment: Environment) -> Iterator[None]:
        bed.dns.outside[host] = address
        try:
            with (
                server(bed.state / "keys"),
                inference(bed, NAMESPACE, container(f"{host}:{PORT}/ml/iris:1"), "sick"),
            ):
                yield
        finally:
            del bed.dns.outside[host]

    return named


@contextlib.contextmanager
def quota(bed: Bed, environment: Environment) -> Iterator[None]:
    meta = {"name": "tight", "namespace": NAMESPACE}
    kind = "v1/ResourceQuota"
    bed.api.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": {"pods": "0"}}})
    try:
        with inference(bed, NAMESPACE, container(MIRRORED), "sick"):
            yield
    finally:
        bed.api.delete(kind, "tight", NAMESPACE)


@contextlib.contextmanager
def unread_ingress(bed: Bed, environment: Environment) -> Iterator[None]:
    with broken(environment, CONFIG, text("ingress", "{")), inference(bed, NAMESPACE, sklearn("s3://m/iris"), "sick"):
        yield


@contextlib.contextmanager
def other_password(bed: Bed, environment: Environment) -> Iterator[None]:
    """The registry's password was changed, and nobody told the cluster."""
    before = dict(bed.pulls.passwords)
    bed.pulls.passwords["harbor.corp.local:8443"] = "robot:other"
    try:
        with inference(bed, NAMESPACE, container(MIRRORED), "sick"):
            yield
    finally:
        bed.pulls.passwords.update(before)


def pull_secret_is(change: Callable[[Object], Object | None]) -> Fault:
    """The pull Secret of the namespace, changed or removed, while a model starts."""

    @contextlib.contextmanager
    def changed(bed: Bed, environment: Environment) -> Iterator[None]:
        kind, name = "v1/Secret", environment.answers["pull_secret"]
        before = bed.api.get(kind, name, NAMESPACE)
        kept = {key: before[key] for key in ("type", "data")} | {"apiVersion": "v1", "kind": "Secret"}
        kept["metadata"] = {"name": name, "namespace": NAMESPACE}
        wrong = change(copy.deepcopy(kept))
        bed.api.delete(kind, name, NAMESPACE)
        if wrong:
            bed.api.create(wrong)
        try:
            with inference(bed, NAMESPACE, container(MIRRORED), "sick"):
                yield
        finally:
            bed.api.delete(kind, name, NAMESPACE)
            bed.api.create(kept)

    return changed


def of_another_registry(secret: Object) -> Object:
    return pull_secret(secret["metadata"]["name"], NAMESPACE, "registry.other.local", PASSWORD)


def of_another_type(secret: Object) -> Object:
    return secret | {"type": "Opaque", "data": {"password": base64.b64encode(b"x").decode()}}


def in_another_namespace(secret: Object) -> None:
    """It is still in the other namespaces of the environment."""


@contextlib.contextmanager
def account_without_secret(bed: Bed, environment: Environment) -> Iterator[None]:
    kind, name = "v1/ServiceAccount", "inference"
    before = bed.api.get(kind, name, NAMESPACE)["imagePullSecrets"]
    bed.api.patch(kind, name, NAMESPACE, {"imagePullSecrets": None})
    try:
        with inference(bed, NAMESPACE, container(MIRRORED), "sick"):
            yield
    finally:
        bed.api.patch(kind, name, NAMESPACE, {"imagePullSecrets": before})


@contextlib.contextmanager
def without_ca(bed: Bed, environment: Environment) -> Iterator[None]:
    """The ConfigMap that `caBundleConfigMapName` names, from which KServe makes that of the model's namespace."""
    kind, name, namespace = "v1/ConfigMap", environment.answers["registry_ca_name"], "kserve"
    found = bed.api.get(kind, name, namespace)
    bed.api.delete(kind, name, namespace)
    try:
        with inference(bed, NAMESPACE, sklearn("s3://m/iris"), "sick"):
            yield
    finally:
        meta = {key: found["metadata"].get(key) for key in ("name", "namespace", "labels", "annotations")}
        bed.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": found["data"]})


@contextlib.contextmanager
def kserve_switched_off(bed: Bed, environment: Environment) -> Iterator[None]:
    kind, name, namespace = "apps/v1/Deployment", "kserve-controller-manager", "kserve"
    before = bed.api.get(kind, name, namespace)["spec"]["replicas"]
    bed.api.patch(kind, name, namespace, {"spec": {"replicas": 0}})
    try:
        yield
    finally:
        bed.api.patch(kind, name, namespace, {"spec": {"replicas": before}})
        until(f"{name} is ready", lambda: bed.api.get(kind, name, namespace)["status"].get("readyReplicas") == before)


@contextlib.contextmanager
def without_the_service_of_the_webhook(bed: Bed, environment: Environment) -> Iterator[None]:
    kind, name = "v1/Service", "kserve-webhook-server-service"
    before = bed.api.get(kind, name, "kserve")
    bed.api.delete(kind, name, "kserve")
    try:
        yield
    finally:
        kept = {key: before["metadata"].get(key) for key in ("name", "namespace", "labels", "annotations")}
        spec = {key: before["spec"][key] for key in ("ports", "selector")}
        bed.api.create({"apiVersion": "v1", "kind": "Service", "metadata": kept, "spec": spec})


@contextlib.contextmanager
def another_ca_bundle(bed: Bed, environment: Environment) -> Iterator[None]:
    """Without its annotation, cert-manager does not write it back."""
    kind, name = "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration", "inferenceservice.serving.kserve.io"
    before = bed.api.get(kind, name, "")
    issued = next(one for one in bed.api.list("v1/Secret") if one["metadata"]["name"] == "istio-ca-secret")
    other = issued["data"]["ca-cert.pem"]
    annotations = dict.fromkeys(before["metadata"]["annotations"])
    bed.api.patch(kind, name, "", {"metadata": {"annotations": annotations}})
    paths = [f"/webhooks/{number}/clientConfig/caBundle" for number in range(len(before["webhooks"]))]
    bed.api.patch(kind, name, "", [{"op": "replace", "path": path, "value": other} for path in paths])
    try:
        yield
    finally:
        bed.api.patch(kind, name, "", {"metadata": {"annotations": before["metadata"]["annotations"]}})
        until("the CA is back", lambda: bundles(bed.api.get(kind, name, "")) == bundles(before))


def bundles(configuration: Object) -> list[str]:
    return [webhook["clientConfig"]["caBundle"] for webhook in configuration["webhooks"]]


def knative_version(version: str) -> Fault:
    @contextlib.contextmanager
    def changed(bed: Bed, environment: Environment) -> Iterator[None]:
        before = bed.api.get(*SERVING)["spec"]["version"]
        bed.api.patch(*SERVING, {"spec": {"version": version}})
        try:
            yield
        finally:
            bed.api.patch(*SERVING, {"spec": {"version": before}})
            until("Knative is ready", lambda: condition(bed.api.get(*SERVING), "Ready")["status"] == "True", 60)

    return changed


@contextlib.contextmanager
def another_image_of_a_job(bed: Bed, environment: Environment) -> Iterator[None]:
    """The Pod template of a Job never changes; Kubernetes deletes the Job ten minutes after it is done."""
    job, (_, name, namespace) = "batch/v1/Job", SERVING
    before = bed.api.get(*SERVING)["spec"]["registry"]["override"]["migrate"]
    override = {"spec": {"registry": {"override": {"migrate": "harbor.corp.local:8443/other/migrate:v1"}}}}
    jobs_again(bed)
    bed.api.patch(*SERVING, override)
    try:
        yield
    finally:
        override["spec"]["registry"]["override"]["migrate"] = before
        bed.api.patch(*SERVING, override)
        until(f"{name} is ready", lambda: condition(bed.api.get(*SERVING), "Ready")["status"] == "True", 60)
        until("the Jobs are there", lambda: bed.api.list(job, namespace), 60)


def jobs_again(bed: Bed) -> None:
    """Have Knative's operator make its Jobs again."""
    job, namespace = "batch/v1/Job", SERVING[2]
    for found in bed.api.list(job, namespace):
        bed.api.delete(job, found["metadata"]["name"], namespace)
    until("the Jobs are gone", lambda: bed.api.list(job, namespace) == [], 30)
    bed.api.patch(*SERVING, {"metadata": {"annotations": {"test": "again"}}})
    until("the Jobs are there again", lambda: len(bed.api.list(job, namespace)) > 0, 120)


@contextlib.contextmanager
def expired_certificate(bed: Bed, environment: Environment) -> Iterator[None]:
    """Issued by the right CA for the right name, two days ago for one. cert-manager would issue it again."""
    kind, name, namespace = "v1/Secret", "kserve-webhook-server-cert", "kserve"
    before = bed.api.get(kind, name, namespace)["data"]
    expired = expired_by(bed.state / "keys", "kserve-webhook-server-service.kserve.svc")
    bed.api.patch(kind, name, namespace, {"data": expired})
    try:
        restarted(bed, "kserve-controller-manager", namespace)
        yield
    finally:
        bed.api.patch(kind, name, namespace, {"data": before})
        restarted(bed, "kserve-controller-manager", namespace)


def expired_by(keys: Path, host: str) -> dict[str, str]:
    """The data of a TLS Secret."""
    expire(keys, "webhook", host)
    files = {"tls.crt": "webhook.crt", "tls.key": "webhook.key", "ca.crt": "ca.crt"}
    return {key: base64.b64encode((keys / file).read_bytes()).decode() for key, file in files.items()}


def ready_pods(bed: Bed, name: str, namespace: str) -> int:
    return int(bed.api.get(DEPLOYMENT, name, namespace)["status"].get("readyReplicas", 0))


def restarted(bed: Bed, name: str, namespace: str) -> None:
    """The bed mounts a Secret when a container starts."""
    labels = bed.api.get(DEPLOYMENT, name, namespace)["spec"]["selector"]["matchLabels"]
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    old = {pod["metadata"]["uid"] for pod in bed.pods(namespace, selector)}
    for pod in bed.pods(namespace, selector):
        bed.api.delete("v1/Pod", pod["metadata"]["name"], namespace)
    until("the old Pods are gone", lambda: not old & {pod["metadata"]["uid"] for pod in bed.pods(namespace, selector)})
    until(f"{name} is ready", lambda: ready_pods(bed, name, namespace) > 0)


def llm_crd(stored: str, conversion: Object) -> Object:
    """KServe's CRD of LLMInferenceServices, without its schemas."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [
        {"name": name, "served": True, "storage": name == stored, "schema": schema} for name in ("v1alpha1", "v1alpha2")
    ]
    names = {"kind": "LLMInferenceService", "plural": "llminferenceservices"}
    spec = {"group": "serving.kserve.io", "names": names, "scope": "Namespaced", "versions": versions}
    body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": LLMS}}
    return body | {"spec": spec | {"conversion": conversion}}


@contextlib.contextmanager
def conversion_without_controller(bed: Bed, environment: Environment) -> Iterator[None]:
    """An object of the old version, and a CRD that converts it with a webhook that is not installed."""
    service = {"name": "llmisvc-webhook-server-service", "namespace": "kserve", "path": "/convert", "port": 443}
    webhook = {"clientConfig": {"service": service}, "conversionReviewVersions": ["v1"]}
    meta = {"name": "llama", "namespace": NAMESPACE}
    body = {"apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService", "metadata": meta, "spec": {}}
    bed.api.create(llm_crd("v1alpha1", {"strategy": "None"}))
    try:
        until("the CRD is there", lambda: bed.api.call("POST", llm_path("v1alpha1"), body))
        bed.api.apply(llm_crd("v1alpha2", {"strategy": "Webhook", "webhook": webhook}))
        until("nothing is converted", lambda: is_refused(bed, llm_path("v1alpha2")))
        yield
    finally:
        bed.api.apply(llm_crd("v1alpha2", {"strategy": "None"}))
        until("it is converted", lambda: bed.api.call("GET", llm_path("v1alpha2")))
        bed.api.delete(CRD, LLMS)
        until("the CRD is gone", lambda: bed.api.find(CRD, LLMS) is None)


def llm_path(version: str) -> str:
    return f"/apis/serving.kserve.io/{version}/namespaces/{NAMESPACE}/llminferenceservices"


def is_refused(bed: Bed, path: str) -> bool:
    try:
        bed.api.call("GET", path)
    except ApiError:
        return True
    return False


@contextlib.contextmanager
def without_crd(bed: Bed, environment: Environment) -> Iterator[None]:
    name = "inferenceservices.serving.kserve.io"
    found = bed.api.get(CRD, name)
    meta = {key: found["metadata"].get(key) for key in ("name", "labels", "annotations")}
    bed.api.delete(CRD, name)
    try:
        until(f"{name} is gone", lambda: is_refused(bed, "/apis/serving.kserve.io/v1beta1/inferenceservices"))
        yield
    finally:
        bed.api.create({key: found[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": meta})
        until(name, lambda: not is_refused(bed, "/apis/serving.kserve.io/v1beta1/inferenceservices"))
        restarted(bed, "kserve-controller-manager", "kserve")


INJECT: dict[str, Fault] = {
    "no pull Secret there": pull_secret_is(in_another_namespace),
    "a pull Secret of another registry": pull_secret_is(of_another_registry),
    "a pull Secret of another type": pull_secret_is(of_another_type),
    "a ServiceAccount without the pull Secret": account_without_secret,
    "another password at the registry": other_password,
    "an image without a host": predictor(container("me/model@sha256:" + "0" * 64)),
    "a malformed image": predictor(container("harbor.corp.local:8443/UPPER:1")),
    "a tag of a registry that is not in the skip list": predictor(container("registry.other.local:8443/ml/a:1")),
    "no route to the registry of a tag": unresolved(absent, address="198.51.100.1"),
    "nothing listens at the registry of a tag": unresolved(absent),
    "the registry of a tag has a CA that Knative does not trust": unresolved(tls(authority="other")),
    "the registry of a tag has another name in its certificate": unresolved(tls("harbor.corp.test")),
    "the certificate of the registry of a tag has expired": unresolved(tls(expired=True)),
    "the registry of a tag speaks TLS 1.1": unresolved(tls(old=True)),
    "the registry of a tag speaks plain HTTP": unresolved(status(200)),
    "the registry of a tag answers 401": unresolved(status(401, WWW_Authenticate='Basic realm="bed"'), PLAIN),
    "the registry of a tag answers 403": unresolved(status(403), PLAIN),
    "the registry of a tag answers 404": unresolved(status(404), PLAIN),
    "the registry of a tag answers 429": unresolved(status(429), PLAIN),
    "the registry of a tag answers 500": unresolved(status(500), PLAIN),
    "the registry of a tag never answers": unresolved(silent),
    "the registry of a tag cuts connections": unresolved(reset),
    "a model format that no runtime has": predictor(
        {"model": {"modelFormat": {"name": "cobol"}, "storageUri": "s3://models/iris"}}
    ),
    "a runtime that does not exist": predictor(
        {"model": {"modelFormat": {"name": "sklearn"}, "runtime": "absent", "storageUri": "s3://m/i"}}
    ),
    "a quota of no Pods": quota,
    "`ingress` of inferenceservice-config does not parse": unread_ingress,
    "the ConfigMap with the CA is gone": without_ca,
    "KServe's controller is scaled to zero": kserve_switched_off,
    "the Service of KServe's webhook is gone": without_the_service_of_the_webhook,
    "the caBundle of KServe's webhook is that of another CA": another_ca_bundle,
    "Knative is to skip a minor version": knative_version("1.19.9"),
    "Knative is to have a version that the operator does not carry": knative_version("1.22.9"),
    "a Job of Knative's operator is to have another image": another_image_of_a_job,
    "the certificate of KServe's webhook has expired": expired_certificate,
    "the conversion webhook of LLMInferenceServices is not installed": conversion_without_controller,
    "the CRD of InferenceServices is gone": without_crd,
}
# The rows of faults.yaml, which are also those of docs/faults.md.
FAULTS = [Injected(INJECT[row["fault"]], row.pop("fault"), **row) for row in faults()]
