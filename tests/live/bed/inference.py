"""InferenceServices in tests: create, wait, request, delete."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

from tests.live.bed.api import Object, condition, until
from tests.live.bed.bed import ISVC, Bed
from tests.live.bed.client import Answer, ask

KSVC = "serving.knative.dev/v1/Service"
REVISION = "serving.knative.dev/v1/Revision"
DIGEST = "sha256:" + "0123456789abcdef" * 4
_numbers = itertools.count(1)


def fresh(prefix: str) -> str:
    """A unique name."""
    return f"{prefix}-{next(_numbers)}"


def container(image: str) -> Object:
    """A predictor with its own container."""
    ports = [{"containerPort": 8080, "protocol": "TCP"}]
    return {"containers": [{"name": "kserve-container", "image": image, "ports": ports}]}


def sklearn(uri: str) -> Object:
    """A predictor of a ClusterServingRuntime that downloads a model."""
    return {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri}}


def tenant(answers: dict[str, Any]) -> str:
    """The namespace for the models of an environment."""
    return str(next(iter(answers["tenants"]), {"name": "default"})["name"])


def account(answers: dict[str, Any]) -> str:
    """The ServiceAccount of the models there."""
    return str(next(iter(answers["tenants"]), {}).get("service_account", "default"))


def is_standard(answers: dict[str, Any]) -> bool:
    """Whether the environment has no Knative."""
    return answers.get("deployment_mode") == "standard"


def outside_host(answers: dict[str, Any], name: str) -> str:
    """The host of a model of the first tenant, from outside."""
    between = "-" if is_standard(answers) else "."
    return f"{name}{between}{tenant(answers)}.{answers['ingress_domain']}"


def model(answers: dict[str, Any], uri: str = "s3://models/iris") -> Object:
    """A predictor with a runtime of the environment.

    If Knative resolves tags, for which it would need the internet, the image has a digest.
    """
    predictor = sklearn(uri)
    if answers.get("digest_policy") == "resolve":
        predictor["model"]["image"] = f"docker.io/kserve/sklearnserver@{DIGEST}"
    return predictor


def make(bed: Bed, namespace: str, name: str, predictor: Object, account: str = "inference", **more: Any) -> Object:
    """Create an InferenceService under a ServiceAccount; `inference` in the example that most tests share."""
    spec = {"predictor": {"serviceAccountName": account, **predictor}, **more}
    meta = {"name": name, "namespace": namespace}
    return bed.api.create(
        {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": meta, "spec": spec}
    )


@contextlib.contextmanager
def inference(
    bed: Bed, namespace: str, predictor: Object, prefix: str = "model", account: str = "inference", **more: Any
) -> Iterator[str]:
    """An InferenceService for the duration of a test; yields its name. After a failure it stays for inspection."""
    name = fresh(prefix)
    make(bed, namespace, name, predictor, account, **more)
    yield name
    bed.api.delete(ISVC, name, namespace)


def ready(bed: Bed, namespace: str, name: str, seconds: float = 60) -> Object:
    """Wait until an InferenceService is Ready, and return it. Raises TimeoutError when it does not become Ready."""
    what = f"InferenceService {namespace}/{name} Ready"
    found: Object = until(what, lambda: _if_ready(bed.api.find(ISVC, name, namespace)), seconds)
    return found


def settled(bed: Bed, namespace: str, name: str, seconds: float = 8) -> tuple[str, str]:
    """Final Ready of the predictor's Knative Service and of the InferenceService."""
    with contextlib.suppress(TimeoutError):
        ready(bed, namespace, name, seconds)
    service = bed.api.find(KSVC, f"{name}-predictor", namespace)
    return condition(service, "Ready")["status"], condition(bed.api.find(ISVC, name, namespace), "Ready")["status"]


def outcome(bed: Bed, host: str, wanted: str = "", seconds: float = 10) -> Answer:
    """Request a host until the outcome is the wanted one, or for some seconds; return the last answer."""
    last: list[Answer] = []

    def asked() -> bool:
        last[:] = [ask(bed.api, host, bed.cluster_domain)]
        return last[0].outcome == wanted

    with contextlib.suppress(TimeoutError):
        until(host, asked, seconds)
    return last[0]


def pod_of(bed: Bed, namespace: str, name: str, component: str = "predictor") -> Object:
    """The Pod of a component: of its Knative Service, or of its Deployment in Standard mode."""
    labels = (f"serving.knative.dev/service={name}-{component}", f"app=isvc.{name}-{component}")
    found: list[Object] = until(
        f"Pod of {name}-{component}", lambda: [pod for label in labels for pod in bed.pods(namespace, label)]
    )
    return found[0]


def _if_ready(found: Object | None) -> Object | None:
    return found if condition(found, "Ready")["status"] == "True" else None
