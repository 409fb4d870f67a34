"""No credential is in what is written."""

from __future__ import annotations

import base64
import json

import pytest

from kserve_wiring.cluster.pull_secrets import auth_hosts
from kserve_wiring.doctor.redact import redacted
from kserve_wiring.manifests.load import load_values

WORD = "hunter2hunter2"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PULL = json.dumps({"auths": {"r.example:8443": {"username": "u", "password": WORD, "auth": encoded(f"u:{WORD}")}}})
OBJECTS = {
    "a Secret": {"kind": "Secret", "data": {"token": encoded(WORD)}},
    "stringData": {"kind": "Secret", "stringData": {"token": WORD}},
    "a pull Secret": {
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": encoded(PULL)},
    },
    "an env": {"kind": "Pod", "spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": WORD}]}]}},
    "an env in lower case": {"kind": "Pod", "spec": {"containers": [{"env": [{"name": "hf_token", "value": WORD}]}]}},
    "an argument": {"kind": "Pod", "spec": {"containers": [{"args": [f"--password={WORD}"]}]}},
    "a proxy": {"kind": "Pod", "spec": {"containers": [{"env": [{"name": "HTTPS_PROXY", "value": f"http://u:{WORD}@p:1"}]}]}},
    "a ConfigMap": {"kind": "ConfigMap", "data": {"db-password": WORD}},
    "JSON in a ConfigMap": {"kind": "ConfigMap", "data": {"config.json": f'{{"password": "{WORD}"}}'}},
    "what kubectl applied": {
        "kind": "Secret",
        "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": f'{{"token":"{WORD}"}}'}},
    },
    "a condition": {"kind": "Revision", "status": {"conditions": [{"message": f"GET https://u:{WORD}@r.example/v2/"}]}},
    "a private key": {
        "kind": "ConfigMap",
        "data": {"tls": f"-----BEGIN RSA PRIVATE KEY-----\n{WORD}\n-----END RSA PRIVATE KEY-----"},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", OBJECTS)
def test_no_credential_is_left(name: str) -> None:
    text = json.dumps(redacted({"apiVersion": "v1", **OBJECTS[name]}))
    assert WORD not in text
    assert encoded(WORD) not in text
    assert encoded(f"u:{WORD}") not in text


def test_a_secret_keeps_its_type_its_keys_and_its_hosts() -> None:
    body = redacted({"apiVersion": "v1", "metadata": {"name": "pull"}, **OBJECTS["a pull Secret"]})
    (secret,) = load_values([body])
    assert secret.get("type") == "kubernetes.io/dockerconfigjson"
    assert list(auth_hosts(secret) or ()) == ["r.example:8443"]
    assert redacted({"kind": "Secret", **OBJECTS["a Secret"]})["data"] == {"token": ""}


@pytest.mark.parametrize(
    "body",
    [
        {
            "kind": "ConfigMap",
            "data": {"ingress": '{"ingressGateway": "a/b"}', "registries-skipping-tag-resolving": "a"},
        },
        {
            "kind": "Pod",
            "spec": {"imagePullSecrets": [{"name": "harbor"}], "volumes": [{"secret": {"secretName": "ca"}}]},
        },
        {
            "kind": "ConfigMap",
            "data": {"credentials": '{"storageSecretNameAnnotation": "serving.kserve.io/secretName"}'},
        },
        {
            "kind": "Pod",
            "spec": {"containers": [{"env": [{"name": "AWS_ENDPOINT_URL", "value": "http://minio:9000"}]}]},
        },
    ],
)
def test_settings_stay(body: dict[str, object]) -> None:
    assert redacted(body) == body


def test_the_name_of_a_secret_stays() -> None:
    body = {
        "kind": "ConfigMap",
        "data": {"pull_secret": "harbor-pull", "storageSecretName": "s3", "client_secret": "x"},
    }
    assert redacted(body)["data"] == {
        "pull_secret": "harbor-pull",
        "storageSecretName": "s3",
        "client_secret": "REDACTED",
    }
