"""KnativeServing, and the same settings without the operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.chart.conftest import Chart, Object, Values, named, only

Render = Callable[[Values], list[Object]]


def spec(objects: list[Object]) -> dict[str, Any]:
    found: dict[str, Any] = only(objects, "KnativeServing")["spec"]
    return found


def deployment(wiring: Render, **values: Any) -> dict[str, str]:
    found: dict[str, str] = spec(wiring(values))["config"]["deployment"]
    return found


def test_defaults(wiring: Render) -> None:
    found = spec(wiring({}))
    assert found.pop("config").keys() == {"deployment", "domain", "istio", "network"}
    assert found == {"version": "1.21.1", "ingress": {"istio": {"enabled": True}}}


def test_overrides_tell_net_istio_from_serving(wiring: Render) -> None:
    registry = spec(wiring(named("offline")))["registry"]
    assert registry["imagePullSecrets"] == [{"name": "harbor"}]
    assert registry["override"] == {
        name: f"harbor.corp.example:8443/mirror/{path}:1.21.1"
        for name, path in {
            "activator": "knative/activator",
            "autoscaler": "knative/autoscaler",
            "autoscaler-hpa": "knative/autoscaler-hpa",
            "controller": "knative/controller",
            "webhook": "knative/webhook",
            "migrate": "knative/migrate",
            "cleanup": "knative/cleanup",
            "net-istio-controller/controller": "net-istio/controller",
            "net-istio-webhook/webhook": "net-istio/webhook",
            "queue-proxy": "knative/queue",
        }.items()
    }


def test_queue_proxy_is_where_pods_get_it_from(wiring: Render) -> None:
    found = spec(wiring(named("offline")))
    assert found["config"]["deployment"]["queue-sidecar-image"] == found["registry"]["override"]["queue-proxy"]


def test_controller_trusts_the_ca_and_restarts_when_it_changes(wiring: Render) -> None:
    def checksum(bundle: str) -> str:
        changed = named("offline", registry={"ca": {"bundle": bundle}})
        found: str = spec(wiring(changed))["workloads"][0]["annotations"]["kserve-wiring.io/registry-ca-checksum"]
        return found

    found = spec(wiring(named("offline")))
    assert found["controller-custom-certs"] == {"type": "ConfigMap", "name": "corp-ca"}
    env = found["workloads"][0]["env"]
    assert env == [{"container": "controller", "envVars": [{"name": "TAG_TO_DIGEST_TLS_MIN_VERSION", "value": "1.2"}]}]
    assert checksum("-----BEGIN CERTIFICATE-----\na") != checksum("-----BEGIN CERTIFICATE-----\nb")


def test_ca_in_a_secret(wiring: Render) -> None:
    found = spec(wiring({"registry": {"ca": {"kind": "Secret", "name": "corp-ca"}}}))
    assert found["controller-custom-certs"] == {"type": "Secret", "name": "corp-ca"}
    assert "workloads" not in found


SKIPPED = "kind.local,ko.local,dev.local,"


@pytest.mark.parametrize(
    ("digests", "expected"),
    [
        ({"policy": "resolve"}, None),
        ({"policy": "skip"}, None),
        ({"policy": "resolve", "skipRegistries": ["nexus.corp.example"]}, SKIPPED + "nexus.corp.example"),
        ({"policy": "skip", "skipRegistries": ["a.b", "ko.local", "a.b"]}, SKIPPED + "a.b"),
    ],
)
def test_skip_list_without_a_registry(wiring: Render, digests: Values, expected: str | None) -> None:
    assert deployment(wiring, digests=digests).get("registries-skipping-tag-resolving") == expected


@pytest.mark.parametrize(
    ("digests", "expected"),
    [
        ({"policy": "skip", "skipRegistries": []}, SKIPPED + "harbor.corp.example:8443"),
        ({"policy": "skip"}, SKIPPED + "harbor.corp.example:8443,index.docker.io"),
        ({"policy": "resolve", "skipRegistries": ["harbor.corp.example:8443"]}, SKIPPED + "harbor.corp.example:8443"),
    ],
)
def test_skip_list_with_a_registry(wiring: Render, digests: Values, expected: str) -> None:
    config = spec(wiring(named("offline", digests=digests)))["config"]
    assert config["deployment"]["registries-skipping-tag-resolving"] == expected


def test_docker_hub_is_skipped_under_the_name_that_knative_gives_it(wiring: Render) -> None:
    upstream = [
        "activator",
        "autoscaler",
        "autoscaler-hpa",
        "controller",
        "webhook",
        "migrate",
        "cleanup",
        "queue-proxy",
    ]
    names = [*upstream, "net-istio-controller", "net-istio-webhook"]
    values = {
        "registry": {"host": "docker.io"},
        "digests": {"policy": "skip"},
        "images": {"knative": {name: f"docker.io/mine/{name}:1" for name in names}},
    }
    assert deployment(wiring, **values)["registries-skipping-tag-resolving"] == SKIPPED + "index.docker.io"


def test_timeout(wiring: Render) -> None:
    assert deployment(wiring, digests={"timeout": "45s"})["digest-resolution-timeout"] == "45s"


def test_gateways_are_one_entry_each(wiring: Render) -> None:
    istio = spec(wiring(named("offline")))["config"]["istio"]
    assert {key: yaml.safe_load(text) for key, text in istio.items()} == {
        "external-gateways": [
            {"name": "ml-ingress", "namespace": "ml-gateways", "service": "ml-ingress.ml-gateways.svc.corp.internal"}
        ],
        "local-gateways": [
            {"name": "ml-local", "namespace": "ml-gateways", "service": "ml-local.ml-gateways.svc.corp.internal"}
        ],
    }


@pytest.mark.parametrize("word", ["y", "n", "on", "off", "no", "123", "1e3", "0x1"])
def test_names_that_yaml_1_1_reads_as_something_else_stay_names(wiring: Render, word: str) -> None:
    """PyYAML reads YAML 1.1 like net-istio, but keeps y and n as text."""
    istio = spec(wiring({"gateways": {"local": {"name": word, "namespace": word}}}))["config"]["istio"]
    assert f'- name: "{word}"\n  namespace: "{word}"\n' in istio["local-gateways"]
    assert yaml.safe_load(istio["local-gateways"])[0]["namespace"] == word


def test_domain_and_scheme(wiring: Render) -> None:
    config = spec(wiring(named("offline")))["config"]
    assert config["domain"] == {"models.corp.example": ""}
    assert config["network"]["default-external-scheme"] == "https"
    assert spec(wiring({}))["config"]["network"]["default-external-scheme"] == "http"


def test_other_settings_are_merged_in(wiring: Render) -> None:
    knative = {
        "features": {"multi-container": "enabled"},
        "config": {
            "autoscaler": {"initial-scale": "0"},
            "deployment": {"progress-deadline": "1200s"},
            "domain": {"internal.example": "selector:\n  app: x\n"},
            "features": {"tag-header-based-routing": "enabled"},
        },
    }
    config = spec(wiring({"knative": knative}))["config"]
    assert config["autoscaler"] == {"initial-scale": "0"}
    assert config["deployment"] == {"digest-resolution-timeout": "10s", "progress-deadline": "1200s"}
    assert config["domain"] == {"example.com": "", "internal.example": "selector:\n  app: x\n"}
    assert config["features"] == {"multi-container": "enabled", "tag-header-based-routing": "enabled"}


def test_every_setting_is_a_string(wiring: Render) -> None:
    """spec.config is a map of maps of strings; the CRD prunes anything else."""
    for data in spec(wiring(named("offline")))["config"].values():
        assert all(isinstance(value, str) for value in data.values())


def test_without_the_operator_the_config_maps_say_the_same(chart: Chart, wiring: Render) -> None:
    values = named("offline", knative={"features": {"multi-container": "enabled"}})
    expected = spec(wiring(values))["config"]
    values["knative"]["install"] = "yaml"
    patches = chart.render(values | {"part": "patches"}).objects
    found = {o["metadata"]["name"]: o["data"] for o in patches if o["kind"] == "ConfigMap"}
    assert found == {f"config-{name}": data for name, data in expected.items()}


@pytest.mark.parametrize(
    ("kind", "volume"),
    [("ConfigMap", {"configMap": {"name": "corp-ca"}}), ("Secret", {"secret": {"secretName": "corp-ca"}})],
)
def test_without_the_operator_the_controller_is_patched(chart: Chart, kind: str, volume: Values) -> None:
    values = {
        "part": "patches",
        "knative": {"install": "yaml"},
        "registry": {"ca": {"kind": kind, "name": "corp-ca"}},
        "digests": {"tlsMinVersion": "1.2"},
    }
    pod = only(chart.render(values).objects, "Deployment")["spec"]["template"]["spec"]
    assert pod == {
        "containers": [
            {
                "name": "controller",
                "env": [
                    {"name": "SSL_CERT_DIR", "value": "/custom-certs"},
                    {"name": "TAG_TO_DIGEST_TLS_MIN_VERSION", "value": "1.2"},
                ],
                "volumeMounts": [{"name": "custom-certs", "mountPath": "/custom-certs"}],
            }
        ],
        "volumes": [{"name": "custom-certs", **volume}],
    }
