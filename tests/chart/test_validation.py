"""Every disagreement that the chart refuses, with the exact line it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, ROOT, Chart, named

MINIMAL: dict[str, Any] = {}
DIGEST = "sha256:" + "0" * 64
ROUTER_BY_DIGEST = {"kserve": {"router": f"docker.io/kserve/router@{DIGEST}"}}

SKIP = "but Knative compares whole registry hosts, so it never matches:"
IMAGE = "write it as host[:port]/path:tag or host[:port]/path@sha256:<64 hex digits>"


def skip_entry(value: str) -> dict[str, Any]:
    return {"digests": {"skipRegistries": [value]}}


def smoke(image: str) -> dict[str, Any]:
    return {"images": {"smoke": image}}


def container(name: str, *formats: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "supportedUriFormats": list(formats)}


# (values over the defaults, the exact lines)
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "KW101 docker.io": (
        skip_entry("docker.io"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry docker.io {SKIP} Knative calls Docker Hub "
            "index.docker.io; set the entry to index.docker.io"
        ],
    ),
    "KW101 registry-1.docker.io": (
        skip_entry("registry-1.docker.io"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry registry-1.docker.io {SKIP} Knative calls Docker "
            "Hub index.docker.io; set the entry to index.docker.io"
        ],
    ),
    "KW101 scheme": (
        skip_entry("https://harbor.corp.example:8443"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry https://harbor.corp.example:8443 {SKIP} it has a "
            "scheme; set the entry to harbor.corp.example:8443"
        ],
    ),
    "KW101 path": (
        skip_entry("harbor.corp.example/ml"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry harbor.corp.example/ml {SKIP} it has a path; "
            "set the entry to harbor.corp.example"
        ],
    ),
    "KW101 wildcard": (
        skip_entry("*.corp.example"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry *.corp.example {SKIP} a wildcard is not "
            "expanded; set the entry to each host in full"
        ],
    ),
    "KW101 no dot and no port": (
        skip_entry("kserve"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry kserve {SKIP} a name without a dot and a port is "
            "a path of Docker Hub; set the entry to index.docker.io"
        ],
    ),
    "KW102 plain http": (
        {
            "registry": {"host": "harbor.corp.example", "plainHTTP": True},
            "knative": {"install": "yaml"},
            "images": {
                "knative": {"queue-proxy": "harbor.corp.example/queue:1"},
                "kserve": {
                    "agent": "harbor.corp.example/agent:1",
                    "router": f"harbor.corp.example/router@{DIGEST}",
                    "artExplainer": "harbor.corp.example/art:1",
                    "storageInitializer": "harbor.corp.example/init:1",
                },
                "smoke": "harbor.corp.example/smoke:1",
            },
        },
        [
            "[KW102] values: images.smoke is harbor.corp.example/smoke:1 but digests.skipRegistries is empty: Knative "
            "would resolve the tag at harbor.corp.example, by https, while registry.plainHTTP is true; add "
            "harbor.corp.example to digests.skipRegistries, or name the image by digest"
        ],
    ),
    "KW103 without a unit": (
        {"digests": {"timeout": "30"}},
        [
            "[KW103] values: digests.timeout is 30: it has no unit; set digests.timeout to a positive duration with a "
            "unit, such as 30s"
        ],
    ),
    "KW103 not positive": (
        {"digests": {"timeout": "0s"}},
        [
            "[KW103] values: digests.timeout is 0s: it is not positive; set digests.timeout to a positive duration "
            "with a unit, such as 30s"
        ],
    ),
    "KW103 negative": (
        {"digests": {"timeout": "-1s"}},
        [
            "[KW103] values: digests.timeout is -1s: it is not positive; set digests.timeout to a positive duration "
            "with a unit, such as 30s"
        ],
    ),
    "KW103 malformed": (
        {"digests": {"timeout": " 30s"}},
        [
            "[KW103] values: digests.timeout is  30s: it is not a Go duration; set digests.timeout to a positive "
            "duration with a unit, such as 30s"
        ],
    ),
    "KW105": (
        {
            "digests": {"policy": "pinned"},
            "images": {
                "smoke": f"docker.io/kserve/sklearnserver@{DIGEST}",
                "kserve": {
                    "agent": "docker.io/kserve/agent:v0.20.0",
                    "router": f"docker.io/kserve/router@{DIGEST}",
                    "artExplainer": f"docker.io/kserve/art-explainer:v0.20.0@{DIGEST}",
                    "storageInitializer": f"docker.io/kserve/storage-initializer@{DIGEST}",
                },
            },
        },
        [
            "[KW105] values: images.kserve.agent is docker.io/kserve/agent:v0.20.0 but digests.policy is pinned; name "
            "docker.io/kserve/agent:v0.20.0 by digest, or set digests.policy to skip"
        ],
    ),
    "KW106": (
        {"digests": {"tlsMinVersion": "1.3"}, "versions": {"knative": "1.10.2", "knativeOperator": "1.10.3"}},
        [
            "[KW106] values: digests.tlsMinVersion is 1.3 but versions.knative is 1.10.2: Knative reads it from 1.11 "
            "on; leave digests.tlsMinVersion empty"
        ],
    ),
    "KW107 of Knative": (
        {"knative": {"config": {"deployment": {"digest-resolution-timeout": "20s"}}}},
        [
            "[KW107] values: digests.timeout is 10s but knative.config.deployment.digest-resolution-timeout is 20s; "
            "remove knative.config.deployment.digest-resolution-timeout and set digests.timeout"
        ],
    ),
    "KW107 of a feature": (
        {
            "knative": {
                "features": {"multi-container": "enabled"},
                "config": {"features": {"multi-container": "disabled"}},
            }
        },
        [
            "[KW107] values: knative.features.multi-container is enabled but knative.config.features.multi-container "
            "is disabled; remove knative.config.features.multi-container and set knative.features.multi-container"
        ],
    ),
    "KW107 of a domain": (
        {"knative": {"config": {"domain": {"example.com": "selector: {app: x}"}}}},
        [
            "[KW107] values: gateways.ingress.domain is example.com but knative.config.domain.example.com is "
            "selector: {app: x}; remove knative.config.domain.example.com and set gateways.ingress.domain"
        ],
    ),
    "KW107 of KServe": (
        {"kserve": {"config": {"storageInitializer": {"memoryLimit": "8Gi"}}}},
        [
            "[KW107] values: storage.resources.limits.memory is 1Gi but kserve.config.storageInitializer.memoryLimit "
            "is 8Gi; remove kserve.config.storageInitializer.memoryLimit and set storage.resources.limits.memory"
        ],
    ),
    "KW107 of a gateway": (
        {"kserve": {"config": {"ingress": {"localGateway": "knative-serving/knative-local-gateway"}}}},
        [
            "[KW107] values: gateways.local is istio-ingress/kserve-local-gateway but "
            "kserve.config.ingress.localGateway is knative-serving/knative-local-gateway; remove "
            "kserve.config.ingress.localGateway and set gateways.local"
        ],
    ),
    "KW202 without a registry": (
        smoke("kserve/sklearnserver:v0.20.0"),
        [
            "[KW202] values: images.smoke is kserve/sklearnserver:v0.20.0: it names no registry, so it means "
            f"docker.io; {IMAGE}"
        ],
    ),
    "KW202 with a scheme": (
        smoke("https://docker.io/kserve/sklearnserver:v0.20.0"),
        [f"[KW202] values: images.smoke is https://docker.io/kserve/sklearnserver:v0.20.0: it has a scheme; {IMAGE}"],
    ),
    "KW202 with a blank": (
        smoke("docker.io/kserve/sklearnserver: v0.20.0"),
        [f"[KW202] values: images.smoke is docker.io/kserve/sklearnserver: v0.20.0: it has a blank; {IMAGE}"],
    ),
    "KW202 with capitals": (
        smoke("docker.io/KServe/sklearnserver:v0.20.0"),
        [f"[KW202] values: images.smoke is docker.io/KServe/sklearnserver:v0.20.0: its path has capitals; {IMAGE}"],
    ),
    "KW202 with a short path": (
        smoke("docker.io/x:v1"),
        [
            "[KW202] values: images.smoke is docker.io/x:v1: its path is not 2 to 255 of a-z, 0-9, '.', '_', '-' "
            f"and '/'; {IMAGE}"
        ],
    ),
    "KW202 without a tag": (
        smoke("docker.io/kserve/sklearnserver"),
        [f"[KW202] values: images.smoke is docker.io/kserve/sklearnserver: it has neither tag nor digest; {IMAGE}"],
    ),
    "KW202 with an empty tag": (
        smoke("docker.io/kserve/sklearnserver:"),
        [f"[KW202] values: images.smoke is docker.io/kserve/sklearnserver:: its tag is malformed; {IMAGE}"],
    ),
    "KW202 with a short digest": (
        smoke("docker.io/kserve/sklearnserver@sha256:12"),
        [
            "[KW202] values: images.smoke is docker.io/kserve/sklearnserver@sha256:12: its digest is not sha256: and "
            f"64 hex digits; {IMAGE}"
        ],
    ),
    "KW202 of a ClusterStorageContainer": (
        {"storage": {"containers": [container("own", {"prefix": "own://"}) | {"image": "own/init"}]}},
        [
            "[KW202] values: storage.containers[0].image is own/init: it names no registry, so it means "
            f"docker.io; {IMAGE}"
        ],
    ),
    "KW207": (
        {
            "images": {
                "knative": {
                    "controller": "gcr.io/mine/controller:1",
                    "webhook": "gcr.io/mine/webhook:1",
                    "net-istio-webhook": "gcr.io/mine/net-istio/webhook:1",
                }
            }
        },
        [
            "[KW207] values: images.knative.net-istio-controller is empty but images.knative.controller is "
            "gcr.io/mine/controller:1: ${NAME} is the last part of the upstream image, so net-istio gets serving's "
            "controller; set images.knative.net-istio-controller to the mirrored net-istio controller"
        ],
    ),
    "KW208": (
        {
            "registry": {"pullSecret": {"name": "harbor"}},
            "kserve": {"config": {"router": {"imagePullSecrets": ["nexus"]}}},
        },
        [
            "[KW208] values: kserve.config.router.imagePullSecrets is nexus but registry.pullSecret.name is harbor; "
            "set kserve.config.router.imagePullSecrets to harbor"
        ],
    ),
    "KW305 without a name": (
        {"registry": {"ca": {"kind": "ConfigMap"}}},
        [
            "[KW305] values: registry.ca.kind is ConfigMap but registry.ca.name is empty; set registry.ca.name to the "
            "name of the ConfigMap"
        ],
    ),
    "KW305 without a kind": (
        {"registry": {"ca": {"name": "corp-ca"}}},
        ["[KW305] values: registry.ca.kind is empty but registry.ca.name is given; set registry.ca.kind to ConfigMap"],
    ),
    "KW305 bundle without a kind": (
        {"registry": {"ca": {"bundle": "-----BEGIN CERTIFICATE-----"}}},
        [
            "[KW305] values: registry.ca.kind is empty but registry.ca.bundle is given; set registry.ca.kind to "
            "ConfigMap"
        ],
    ),
    "KW305 bundle in a Secret": (
        {"registry": {"ca": {"kind": "Secret", "name": "corp-ca", "bundle": "-----BEGIN CERTIFICATE-----"}}},
        [
            "[KW305] values: registry.ca.kind is Secret but registry.ca.bundle is given; set registry.ca.kind to "
            "ConfigMap: this chart writes no Secret, and KServe reads none"
        ],
    ),
    "KW305 plain http": (
        {"registry": {"plainHTTP": True, "ca": {"kind": "Secret", "name": "corp-ca"}}},
        [
            "[KW305] values: registry.ca.kind is Secret but registry.plainHTTP is true; set registry.plainHTTP to "
            "false, or leave registry.ca empty"
        ],
    ),
    "KW306 malformed": (
        {"storage": {"resources": {"limits": {"memory": "1gb"}}}},
        [
            "[KW306] values: storage.resources.limits.memory is 1gb: it is not a quantity; write a number with a unit, "
            'such as 100m, "1" or 1Gi'
        ],
    ),
    "KW306 request above the limit": (
        {"storage": {"resources": {"requests": {"cpu": "1500m"}}}},
        [
            "[KW306] values: storage.resources.requests.cpu is 1500m: storage.resources.limits.cpu is only 1; set "
            "storage.resources.requests.cpu to at most 1"
        ],
    ),
    "KW306 request above the limit in other units": (
        {"storage": {"resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "1G"}}}},
        [
            "[KW306] values: storage.resources.requests.memory is 1Gi: storage.resources.limits.memory is only 1G; set "
            "storage.resources.requests.memory to at most 1G"
        ],
    ),
    "KW306 of kserve.config": (
        {"kserve": {"config": {"inferenceService": {"resource": {"cpuRequest": "2"}}}}},
        [
            "[KW306] values: kserve.config.inferenceService.resource.cpuRequest is 2: "
            "kserve.config.inferenceService.resource.cpuLimit is only 1; set "
            "kserve.config.inferenceService.resource.cpuRequest to at most 1"
        ],
    ),
    "KW307 prefix of a prefix": (
        {"storage": {"containers": [container("own", {"prefix": "s3://models/"})]}},
        [
            "[KW307] values: storage.containers[0].supportedUriFormats[0] is s3://models/ but "
            "storage.supportedUriFormats[1] is s3://: which one KServe takes is not defined; give one of them another "
            "prefix"
        ],
    ),
    "KW307 prefix below a regular expression": (
        {"storage": {"containers": [container("own", {"prefix": "https://models.corp.example/"})]}},
        [
            "[KW307] values: storage.containers[0].supportedUriFormats[0] is https://models.corp.example/ but "
            "storage.supportedUriFormats[7] is https?://(.+)/(.+): which one KServe takes is not defined; give one of "
            "them another prefix"
        ],
    ),
    "KW307 of two further containers": (
        {
            "storage": {
                "containers": [container("one", {"regex": "^one://"}), container("two", {"regex": "^one://"})],
            }
        },
        [
            "[KW307] values: storage.containers[1].supportedUriFormats[0] is ^one:// but "
            "storage.containers[0].supportedUriFormats[0] is ^one://: which one KServe takes is not defined; give one "
            "of them another prefix"
        ],
    ),
    "KW407": (
        {"knative": {"config": {"istio": {"gateway.kubeflow.kubeflow-gateway": "istio.istio-system.svc"}}}},
        [
            "[KW407] values: knative.config.istio.gateway.kubeflow.kubeflow-gateway is istio.istio-system.svc: "
            "external-gateways and local-gateways are set too, and net-istio refuses both formats together; remove "
            "knative.config.istio.gateway.kubeflow.kubeflow-gateway and set gateways"
        ],
    ),
    "KW408": (
        {"gateways": {"local": {"name": "knative-local-gateway"}}},
        [
            "[KW408] values: gateways.local.name is knative-local-gateway but knative.install is operator: the "
            "operator moves its own Service knative-local-gateway into istio-ingress; give the local gateway another "
            "name"
        ],
    ),
    "KW410 of Knative": (
        {"knative": {"config": {"domain": {"other.example": ""}}}},
        [
            "[KW410] values: knative.config.domain is other.example but gateways.ingress.domain is example.com; set "
            "knative.config.domain to example.com"
        ],
    ),
    "KW410 of KServe": (
        {"kserve": {"config": {"ingress": {"ingressDomain": "other.example"}}}},
        [
            "[KW410] values: kserve.config.ingress.ingressDomain is other.example but gateways.ingress.domain is "
            "example.com; set kserve.config.ingress.ingressDomain to example.com"
        ],
    ),
    "KW412": (
        {"gateways": {"local": {"name": "one"}, "ingress": {"name": "one"}}},
        [
            "[KW412] values: gateways.local.name is one but gateways.ingress.name is one: what is cluster-local could "
            "be reached from outside; give the local gateway its own name and Pods"
        ],
    ),
    "KW413 of KServe": (
        {"kserve": {"config": {"ingress": {"urlScheme": "https"}}}},
        [
            "[KW413] values: kserve.config.ingress.urlScheme is https but gateways.ingress.tlsSecret is empty; remove "
            "kserve.config.ingress.urlScheme and set gateways.ingress.tlsSecret"
        ],
    ),
    "KW413 of Knative": (
        {
            "gateways": {"ingress": {"tlsSecret": "models-tls"}},
            "knative": {"config": {"network": {"default-external-scheme": "http"}}},
        },
        [
            "[KW413] values: knative.config.network.default-external-scheme is http but gateways.ingress.tlsSecret is "
            "models-tls; remove knative.config.network.default-external-scheme and set gateways.ingress.tlsSecret"
        ],
    ),
    "KW501": (
        {"gateways": {"ingress": {"name": "knative-ingress-gateway", "namespace": "knative-serving"}}},
        [
            "[KW501] values: gateways.ingress is knative-serving/knative-ingress-gateway but the owner of that Gateway "
            "is the Knative operator; leave it to the Knative operator"
        ],
    ),
    "KW502": (
        {"namespaces": {"knativeServing": "knative"}},
        [
            "[KW502] values: namespaces.knativeServing is knative but the namespace in which KServe reads "
            "config-autoscaler is knative-serving; set namespaces.knativeServing to knative-serving"
        ],
    ),
    "KW503 new name, old KServe": (
        {"versions": {"kserve": "v0.15.2"}},
        [
            "[KW503] values: kserve.deploymentMode is Knative but versions.kserve is v0.15.2: v0.16 renamed Serverless "
            "and RawDeployment to Knative and Standard; set kserve.deploymentMode to Serverless"
        ],
    ),
    "KW503 old name, new KServe": (
        {"kserve": {"deploymentMode": "RawDeployment"}},
        [
            "[KW503] values: kserve.deploymentMode is RawDeployment but versions.kserve is v0.20.0: v0.16 renamed "
            "Serverless and RawDeployment to Knative and Standard; set kserve.deploymentMode to Standard"
        ],
    ),
    "KW503 of the operator": (
        {"versions": {"knative": "1.23.0"}},
        [
            "[KW503] values: versions.knative is 1.23.0 but versions.knativeOperator is 1.21.1: this operator carries "
            "Knative 1.18 to 1.21; set versions.knative to a version of 1.18 to 1.21"
        ],
    ),
    "KW504 double quote": (
        smoke('docker.io/kserve/sklearnserver:v0.20.0"'),
        [
            '[KW504] values: images.smoke is docker.io/kserve/sklearnserver:v0.20.0": it has a double quote; write '
            "images.smoke without it"
        ],
    ),
    "KW504 line break": (
        {"registry": {"pullSecret": {"externalSecret": {"remoteKey": "a\nb"}}}},
        [
            "[KW504] values: registry.pullSecret.externalSecret.remoteKey is a\\nb: it has a line break; write "
            "registry.pullSecret.externalSecret.remoteKey without it"
        ],
    ),
    "KW504 dashes": (
        {"storage": {"supportedUriFormats": [{"prefix": "own://a---b"}]}},
        [
            "[KW504] values: storage.supportedUriFormats[0].prefix is own://a---b: it has ---; write "
            "storage.supportedUriFormats[0].prefix without it"
        ],
    ),
    "KW505 of two tenants": (
        {"tenants": [{"name": "ml"}, {"name": "ml"}]},
        [
            "[KW505] values: tenants[1].name is ml but tenants[0].name is ml; remove one of them, or give it another "
            "name"
        ],
    ),
    "KW505 of a tenant and the software": (
        {"tenants": [{"name": "kserve"}, {"name": "istio-ingress"}]},
        [
            "[KW505] values: tenants[0].name is kserve but namespaces.kserve is kserve; remove one of them, or give it "
            "another name",
            "[KW505] values: tenants[1].name is istio-ingress but gateways.ingress.namespace is istio-ingress; remove "
            "one of them, or give it another name",
        ],
    ),
    "KW505 of ClusterStorageContainers": (
        {"storage": {"containers": [container("default", {"prefix": "own://"})]}},
        [
            "[KW505] values: storage.containers[0].name is default but the ClusterStorageContainer of storage is "
            "default; remove one of them, or give it another name"
        ],
    ),
}

# The same, over the values of an environment without the internet.
OFFLINE_CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "KW102 offline": (
        {"digests": {"policy": "resolve"}},
        [
            "[KW102] values: images.kserve.router is harbor.corp.example:8443/mirror/kserve/router:v0.20.0 but "
            "digests.skipRegistries is index.docker.io: Knative would resolve the tag at harbor.corp.example:8443, and "
            "offline is true; add harbor.corp.example:8443 to digests.skipRegistries, or name the image by digest",
            "[KW102] values: images.smoke is harbor.corp.example:8443/mirror/kserve/sklearnserver:v0.20.0 but "
            "digests.skipRegistries is index.docker.io: Knative would resolve the tag at harbor.corp.example:8443, and "
            "offline is true; add harbor.corp.example:8443 to digests.skipRegistries, or name the image by digest",
        ],
    ),
    "KW201 elsewhere": (
        smoke("docker.io/kserve/sklearnserver:v0.20.0"),
        [
            "[KW201] values: images.smoke is docker.io/kserve/sklearnserver:v0.20.0 but registry.host with "
            "registry.project is harbor.corp.example:8443/mirror; set images.smoke to an image below "
            "harbor.corp.example:8443/mirror"
        ],
    ),
    "KW201 without the port": (
        smoke("harbor.corp.example/mirror/kserve/sklearnserver:v0.20.0"),
        [
            "[KW201] values: images.smoke is harbor.corp.example/mirror/kserve/sklearnserver:v0.20.0 but registry.host "
            "with registry.project is harbor.corp.example:8443/mirror; set images.smoke to an image below "
            "harbor.corp.example:8443/mirror"
        ],
    ),
    "KW201 left to upstream": (
        {"images": {"knative": {"queue-proxy": ""}, "kserve": {"agent": ""}}},
        [
            "[KW201] values: images.knative.queue-proxy is empty but registry.host with registry.project is "
            "harbor.corp.example:8443/mirror; set images.knative.queue-proxy to an image below "
            "harbor.corp.example:8443/mirror",
            "[KW201] values: images.kserve.agent is docker.io/kserve/agent:v0.20.0 but registry.host with "
            "registry.project is harbor.corp.example:8443/mirror; set images.kserve.agent to an image below "
            "harbor.corp.example:8443/mirror",
        ],
    ),
}


@pytest.mark.parametrize(("values", "lines"), CASES.values(), ids=CASES)
def test_says_the_exact_line(chart: Chart, values: dict[str, Any], lines: list[str]) -> None:
    assert chart.render(values).findings == lines


@pytest.mark.parametrize(("values", "lines"), OFFLINE_CASES.values(), ids=OFFLINE_CASES)
def test_says_the_exact_line_offline(chart: Chart, values: dict[str, Any], lines: list[str]) -> None:
    assert chart.render(named("offline", **values)).findings == lines


def test_says_everything_at_once(chart: Chart) -> None:
    values = {
        "digests": {"timeout": "30", "skipRegistries": ["docker.io"]},
        "gateways": {"local": {"name": "one"}, "ingress": {"name": "one"}},
        "tenants": [{"name": "ml"}, {"name": "ml"}],
    }
    codes = [line[1:6] for line in chart.render(values).findings]
    assert codes == ["KW101", "KW103", "KW412", "KW505"]


@pytest.mark.parametrize("part", ["prerequisites", "wiring", "patches", "all"])
def test_every_part_is_checked(chart: Chart, part: str) -> None:
    assert chart.render({"part": part, "digests": {"timeout": "30"}}).findings == CASES["KW103 without a unit"][1]


ACCEPTED: dict[str, dict[str, Any]] = {
    "a Secret for the resolver and a ConfigMap for KServe": {
        "registry": {"ca": {"kind": "Secret", "name": "corp-ca"}},
        "kserve": {"config": {"storageInitializer": {"caBundleConfigMapName": "corp-ca"}}},
    },
    "a wired setting repeated with the same value": {
        "knative": {"config": {"deployment": {"digest-resolution-timeout": "10s"}, "domain": {"example.com": ""}}},
        "kserve": {"config": {"ingress": {"ingressDomain": "example.com"}}},
    },
    "a further domain with a selector": {"knative": {"config": {"domain": {"a.example": "selector: {app: x}"}}}},
    "a registry with a port in the skip list": skip_entry("harbor:5000"),
    "the stock name of a gateway without the operator": {
        "knative": {"install": "yaml"},
        "gateways": {"local": {"name": "knative-local-gateway"}},
    },
    "a duration of several units": {"digests": {"timeout": "1m30.5s"}},
    "old mode names for an old KServe": {"versions": {"kserve": "v0.15.2"}, "kserve": {"deploymentMode": "Serverless"}},
    "Knative of the three minor versions before its operator's": {"versions": {"knative": "1.18.2"}},
    "quotes and line breaks where free text is": {
        "knative": {"config": {"autoscaler": {"initial-scale": 'a"---\nb'}}},
        "storage": {"containers": [container("own", {"prefix": "own://"}) | {"env": [{"name": "A", "value": '"---'}]}]},
    },
    "a private prefix once the general format is gone": {
        "storage": {
            "supportedUriFormats": [{"prefix": "s3://"}],
            "containers": [container("own", {"prefix": "https://models.corp.example/"})],
        }
    },
    "quantities in different units": {
        "storage": {"resources": {"requests": {"memory": "1000M"}, "limits": {"memory": "1Gi"}}}
    },
    "quantities with an exponent": {
        "storage": {"resources": {"requests": {"memory": "1e6"}, "limits": {"memory": "1E"}}}
    },
}


@pytest.mark.parametrize("values", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(chart: Chart, values: dict[str, Any]) -> None:
    assert chart.render(values).objects


@pytest.mark.parametrize("host", ["10.1.2.3:5000", "localhost:5000", "harbor.local", "harbor.corp.example"])
def test_resolver_speaks_plain_http_to_private_hosts_only(chart: Chart, host: str) -> None:
    images = {name: f"{host}/x/{name.lower()}:1" for name in ("agent", "router", "artExplainer", "storageInitializer")}
    values = {
        "registry": {"host": host, "plainHTTP": True},
        "knative": {"install": "yaml"},
        "images": {"kserve": images, "smoke": f"{host}/x/smoke:1", "knative": {"queue-proxy": f"{host}/x/queue:1"}},
    }
    error = chart.render(values).error
    assert ("KW102" in error) == (host == "harbor.corp.example")


def test_every_code_of_the_chart_has_a_case() -> None:
    sources = (CHART / "templates" / "z_validation").glob("*.tpl")
    used = {code for source in sources for code in re.findall(r'"(KW\d+)"', source.read_text("utf-8"))}
    assert used == {name.split()[0] for name in [*CASES, *OFFLINE_CASES]}
    assert used <= yaml.safe_load((ROOT / "schemas" / "rules.yaml").read_text("utf-8")).keys()


def test_validation_is_rendered_first() -> None:
    """Helm renders by depth, then by name, backwards (helm pkg/engine/engine.go, sortTemplates)."""
    templates = [path.relative_to(CHART).as_posix() for path in (CHART / "templates").rglob("*") if path.is_file()]
    rendered = [path for path in templates if not path.rsplit("/", 1)[1].startswith("_")]
    assert max(rendered, key=lambda path: (path.count("/"), path)) == "templates/z_validation/validation.txt"
