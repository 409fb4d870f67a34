"""Every value of values.yaml has an effect: a change to it changes the output, or is rejected by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, Chart, Values, merged, named

DEFAULTS: Values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
IMAGE = "harbor.corp.example:8443/mirror/other/image:1"

# Another value for each leaf, where turning a boolean round or taking the next line will not do.
OTHERS: dict[str, Any] = {
    "part": "prerequisites",
    "stack": "knative-1.23",
    "commonLabels": {"team": "other"},
    "commonAnnotations": {"contact": "other"},
    "clusterDomain": "other.internal",
    "size": "ha",
    "proxy.http": "http://proxy.corp.example:3128",
    "proxy.https": "http://proxy.corp.example:3128",
    "proxy.noProxy": [".corp.example"],
    "components.certManager": "existing",
    "components.istio": "existing",
    "versions.kserve": "v0.19.0",
    "versions.knative": "1.23.0",
    "versions.knativeOperator": "1.21.2",
    "versions.istio": "1.27.2",
    "registry.host": "nexus.corp.example:5000",
    "registry.project": "other",
    "registry.map": {"docker.io": "harbor.corp.example/other"},
    "registry.layout": "flatten",
    "registry.ca.kind": "Secret",
    "registry.ca.bundle": "-----BEGIN CERTIFICATE-----\nother",
    "registry.pullSecret.externalSecret.apiVersion": "external-secrets.io/v1beta1",
    "registry.pullSecret.externalSecret.refreshInterval": "2h",
    "registry.pullSecret.externalSecret.secretStoreRef.kind": "SecretStore",
    "digests.policy": "resolve",
    "digests.images": {"docker.io/kserve/agent:v0.20.0": "sha256:" + "ab" * 32},
    "digests.skipRegistries": ["other.example"],
    "digests.timeout": "99s",
    "digests.tlsMinVersion": "1.3",
    "knative.install": "yaml",
    "knative.features": {"multi-container": "enabled"},
    "knative.config": {"autoscaler": {"initial-scale": "0"}},
    "kserve.deploymentMode": "Standard",
    "kserve.config": {"security": {"autoMountServiceAccountToken": False}},
    "gateways.local.existing": {"service": "edge", "labels": {"istio": "edge"}, "ports": [{"port": 80}]},
    "gateways.ingress.existing": {
        "service": "edge",
        "labels": {"istio": "edge"},
        "ports": [{"port": 80}, {"port": 443}],
    },
    "storage.resources.requests.cpu": "50m",
    "storage.resources.requests.memory": "50Mi",
    "storage.resources.limits.cpu": "7",
    "storage.resources.limits.memory": "7Gi",
    "storage.containerSecurityContext.capabilities.drop": ["NET_RAW"],
    "storage.caBundleMountPath": "/other",
    "storage.supportedUriFormats": [{"prefix": "other://"}],
    "storage.containers": [],
    "storage.s3.useHttps": "1",
    "storage.s3.verifySSL": "0",
    "storage.s3.useVirtualBucket": "0",
    "storage.huggingFace.endpoint": "https://hub.corp.example",
    "knative.spec": {"high-availability": {"replicas": 2}},
    "tenants": [{"name": "other"}],
    "smoke.namespace": "search",
    "standard.ingress": "none",
}
# The values with which the keys of `standard` have an effect.
STANDARD = {
    "kserve": {"deploymentMode": "Standard"},
    "standard": {"ingress": "ingress"},
    "gateways": {"ingress": {"tlsSecret": ""}},
}


def leaves(values: Values, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its key. An empty map is a leaf."""
    for name, value in values.items():
        key = f"{path}.{name}".strip(".")
        if isinstance(value, dict) and value:
            yield from leaves(value, key)
        else:
            yield key, value


def base() -> Values:
    """The values of offline.yaml with a proxy, without its images, so that they follow from other values."""
    values = {name: value for name, value in named("offline").items() if name != "images"}
    return values | {"proxy": {"https": "http://other.corp.example:3128"}}


def current(key: str) -> Any:
    """The value of a key in offline.yaml, or its default."""
    found: Any = merged(DEFAULTS, base())
    for name in key.split("."):
        found = found[name]
    return found


def other(key: str) -> Any:
    """Another value of the same type."""
    if key in OTHERS:
        return OTHERS[key]
    if isinstance(current(key), bool):
        return not current(key)
    return IMAGE if key.startswith("images.") else "other"


def nested(key: str, value: Any) -> Values:
    """Values with only this key."""
    for name in reversed(key.split(".")):
        value = {name: value}
    found: Values = value
    return found


def outcome(chart: Chart, install: str, part: str, change: Values) -> tuple[str, str]:
    """The output of a part with one change: the manifest and the findings."""
    given = merged(base() | {"part": part, "knative": {"install": install}}, STANDARD if install == "none" else {})
    found = chart.render(merged(given, change))
    refused = "the values disagree" in found.error or "without a KnativeServing" in found.error
    assert refused or not found.error, found.error
    return found.manifest, found.error


KEYS = [key for key, _ in leaves(DEFAULTS)]
OF_LLM = [key for key in KEYS if "llm" in key.split(".")]


@pytest.mark.parametrize("key", [key for key in KEYS if key not in OF_LLM])
def test_every_value_does_something(chart: Chart, key: str) -> None:
    value = other(key)
    assert value != current(key)
    change = nested(key, value)
    ways = [(install, part) for part in ("all", "patches") for install in ("operator", "yaml")]
    ways += [("none", "all")] if key.startswith("standard.") else []
    assert any(outcome(chart, *way, change) != outcome(chart, *way, {}) for way in ways)


@pytest.mark.parametrize("key", OF_LLM)
def test_every_value_of_llm_does_something(chart: Chart, key: str) -> None:
    values = {name: value for name, value in base().items() if name != "knative"} | {"part": "presets"}
    values |= {"knative": {"install": "none"}, "kserve": {"deploymentMode": "Standard"}, "llm": {"enabled": True}}
    assert not chart.render(values).error
    assert chart.render(merged(values, nested(key, False if key == "llm.enabled" else IMAGE))) != chart.render(values)
