"""W1-W3, W6, W7, W14: how the real operator applies our KnativeServing."""

from __future__ import annotations

import json
import time

import pytest

from tests.live.bed.api import ApiError, Object, condition
from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment

pytestmark = pytest.mark.live
NAMESPACE = "knative-serving"
ENTRY = {"name": "a", "namespace": "b", "service": "c.d.svc"}
SERVING = "operator.knative.dev/v1beta1/KnativeServing"


def test_ready(bed: Bed, environment: Environment) -> None:
    serving = bed.api.get(SERVING, "knative-serving", NAMESPACE)
    assert {item["type"]: item["status"] for item in serving["status"]["conditions"]}.get("Ready") == "True"
    assert serving["status"]["version"] == serving["spec"]["version"]


@pytest.mark.rule("KW201", "KW207")
@pytest.mark.parametrize(
    ("deployment", "key"),
    [
        ("activator", "activator"),
        ("autoscaler", "autoscaler"),
        ("autoscaler-hpa", "autoscaler-hpa"),
        ("controller", "controller"),
        ("webhook", "webhook"),
        ("net-istio-controller", "net-istio-controller/controller"),
        ("net-istio-webhook", "net-istio-webhook/webhook"),
    ],
)
def test_image(bed: Bed, environment: Environment, deployment: str, key: str) -> None:
    """W1, W7: none public, none of another component."""
    wanted = bed.api.get(SERVING, "knative-serving", NAMESPACE)["spec"]["registry"]["override"][key]
    found = bed.api.get("apps/v1/Deployment", deployment, NAMESPACE)["spec"]["template"]["spec"]
    assert [container["image"] for container in found["containers"]] == [wanted]
    assert found["imagePullSecrets"] == [{"name": "harbor-pull"}]


@pytest.mark.rule("KW206")
def test_queue_proxy(bed: Bed, environment: Environment) -> None:
    """W6: from spec.config alone; the override does not reach it (knative/operator#2313)."""
    serving = bed.api.get(SERVING, "knative-serving", NAMESPACE)["spec"]
    found = bed.api.get("v1/ConfigMap", "config-deployment", NAMESPACE)["data"]["queue-sidecar-image"]
    assert (
        found
        == serving["config"]["deployment"]["queue-sidecar-image"]
        == serving["registry"]["override"]["queue-proxy"]
    )


def test_every_key_of_ours_arrives(bed: Bed, environment: Environment) -> None:
    config = bed.api.get(SERVING, "knative-serving", NAMESPACE)["spec"]["config"]
    differing = {
        f"config-{name}.{key}": value
        for name, values in config.items()
        for key, value in values.items()
        if bed.api.get("v1/ConfigMap", f"config-{name}", NAMESPACE)["data"].get(key) != value
    }
    assert differing == {}


@pytest.mark.rule("KW501")
def test_nobody_fights_over_an_object(bed: Bed, environment: Environment) -> None:
    """W14: the environment settles, and then nothing is written any more.

    The operator applies its manifests a few times until all Deployments are available, and Knative's webhook then
    writes its configuration again; that ends. Two owners that revert each other would not.
    """
    deadline = time.monotonic() + 120
    changing: dict[str, object] = {"": ""}
    while changing and time.monotonic() < deadline:
        before = versions(bed)
        time.sleep(15)
        changing = {name: value for name, value in versions(bed).items() if before.get(name, value) != value}
    assert changing == {}


@pytest.mark.rule("KW305")
def test_the_ca_reaches_the_controller(bed: Bed, environment: Environment) -> None:
    """W4: mounted, and SSL_CERT_DIR points to it."""
    spec = bed.api.get("apps/v1/Deployment", "controller", NAMESPACE)["spec"]["template"]["spec"]
    mounts = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
    volume = next(v for v in spec["volumes"] if v.get("configMap", {}).get("name") == "harbor-ca")
    folders = next(e["value"] for e in spec["containers"][0]["env"] if e["name"] == "SSL_CERT_DIR")
    assert mounts[volume["name"]] in folders.split(":")


@pytest.mark.rule("KW103", "KW206", "KW507")
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("digest-resolution-timeout", "30", "missing unit in duration"),
        ("queue-sidecar-image", None, "queue-sidecar-image cannot be empty or unset"),
        ("_example", "changed", 'the update modifies a key in "_example"'),
    ],
)
def test_config_deployment_is_refused(
    bed: Bed, environment: Environment, key: str, value: str | None, message: str
) -> None:
    """By serving's webhook."""
    with pytest.raises(ApiError, match=message):
        bed.api.patch("v1/ConfigMap", "config-deployment", NAMESPACE, {"data": {key: value}})


@pytest.mark.net_istio
@pytest.mark.rule("KW407")
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("local-gateway.a.b", "c.d.svc", "can not be defined simultaneously"),
        ("local-gateways", '[{"name": "a", "namespace": "b", "serviceURL": "c.d.svc"}]', "missing service"),
        ("local-gateways", json.dumps([ENTRY, ENTRY | {"name": "c"}]), "exactly one local gateway with no selector"),
        ("local-gateways", json.dumps([ENTRY | {"service": "c.d.svc:80"}]), "invalid gateway service format"),
    ],
)
def test_config_istio_is_refused(bed: Bed, environment: Environment, key: str, value: str, message: str) -> None:
    """By net-istio's webhook."""
    with pytest.raises(ApiError, match=message):
        bed.api.patch("v1/ConfigMap", "config-istio", NAMESPACE, {"data": {key: value}})


@pytest.mark.rule("KW413")
def test_istio_refuses_https_without_tls(bed: Bed, environment: Environment) -> None:
    """By istiod's own webhook."""
    server = {"port": {"number": 443, "name": "https", "protocol": "HTTPS"}, "hosts": ["*"]}
    spec = {"selector": {"istio": "x"}, "servers": [server]}
    meta = {"name": "https", "namespace": "ml-gateway"}
    body = {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": meta, "spec": spec}
    with pytest.raises(ApiError, match="server must have TLS settings for HTTPS/TLS protocols"):
        bed.api.create(body)


@pytest.mark.rule("KW506")
def test_istiod_changes_its_webhook(bed: Bed, environment: Environment) -> None:
    """It sets the failurePolicy and the CA bundle that its chart omits: a permanent GitOps diff."""
    kind = "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration"
    (webhook,) = bed.api.get(kind, "istiod-default-validator")["webhooks"]
    assert (webhook["failurePolicy"], bool(webhook["clientConfig"].get("caBundle"))) == ("Fail", True)


@pytest.mark.rule("KW508")
def test_an_unknown_field_is_refused(bed: Bed, environment: Environment) -> None:
    """With strict validation; without it the field is dropped silently."""
    body = bed.api.get(SERVING, "knative-serving", NAMESPACE)
    spec = {"version": body["spec"]["version"], "registrys": {}}
    meta = {"name": "other", "namespace": NAMESPACE}
    with pytest.raises(ApiError, match=r'unknown field "spec\.registrys"'):
        bed.api.create({"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": meta, "spec": spec})


@pytest.mark.rule("KW516")
def test_of_a_key_twice_the_last_is_taken(bed: Bed, environment: Environment) -> None:
    """By kubectl, although it requests strict validation: it parses the file, so its request no longer has both."""
    meta = "metadata: {name: twice, namespace: default}"
    bed.kubectl("create", "-f", "-", text=f"apiVersion: v1\nkind: ConfigMap\n{meta}\ndata:\n  a: first\n  a: last\n")
    found = bed.api.get("v1/ConfigMap", "twice", "default")
    bed.api.delete("v1/ConfigMap", "twice", "default")
    assert found["data"] == {"a": "last"}


def versions(bed: Bed) -> dict[str, object]:
    """The content of each object of the environment, without its status."""
    kinds = ["v1/ConfigMap", "apps/v1/Deployment", "v1/Service", "networking.istio.io/v1/Gateway", SERVING]
    kinds += ["admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration"]
    leader = "control-plane.alpha.kubernetes.io/leader"
    listed: list[Object] = [item for kind in kinds for item in bed.api.list(kind)]
    listed = [item for item in listed if leader not in item["metadata"].get("annotations", {})]
    return {
        f"{item['kind']} {item['metadata'].get('namespace')}/{item['metadata']['name']}": _spec(item) for item in listed
    }


def _spec(item: Object) -> object:
    if item["kind"] in ("Deployment", "KnativeServing", "Gateway"):
        return item["metadata"]["generation"]
    return item["metadata"]["resourceVersion"]


def test_conditions_are_all_true(bed: Bed, environment: Environment) -> None:
    serving = bed.api.get(SERVING, "knative-serving", NAMESPACE)
    assert condition(serving, "DeploymentsAvailable")["status"] == "True"
