"""Digests and the registries that are skipped: values that the chart refuses, and what it says."""

from __future__ import annotations

from tests.chart.refused.case import DIGEST, Cases, skip_entry

SKIP = "which never matches, because Knative compares whole registry hosts:"

CASES: Cases = {
    "KW101 docker.io": (
        skip_entry("docker.io"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry docker.io, {SKIP} Knative calls Docker Hub "
            "index.docker.io; set the entry to index.docker.io"
        ],
    ),
    "KW101 registry-1.docker.io": (
        skip_entry("registry-1.docker.io"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry registry-1.docker.io, {SKIP} Knative calls "
            "Docker Hub index.docker.io; set the entry to index.docker.io"
        ],
    ),
    "KW101 scheme": (
        skip_entry("https://harbor.corp.example:8443"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry https://harbor.corp.example:8443, {SKIP} it has "
            "a scheme; set the entry to harbor.corp.example:8443"
        ],
    ),
    "KW101 path": (
        skip_entry("harbor.corp.example/ml"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry harbor.corp.example/ml, {SKIP} it has a path; "
            "set the entry to harbor.corp.example"
        ],
    ),
    "KW101 wildcard": (
        skip_entry("*.corp.example"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry *.corp.example, {SKIP} wildcards are not "
            "expanded; set the entry to each host in full"
        ],
    ),
    "KW101 no dot and no port": (
        skip_entry("kserve"),
        [
            f"[KW101] values: digests.skipRegistries[0] has the entry kserve, {SKIP} a name without a dot or a port is "
            "read as a path on Docker Hub; set the entry to index.docker.io"
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
            "[KW102] values: images.smoke is harbor.corp.example/smoke:1, but digests.skipRegistries is empty: "
            "Knative would resolve the tag at harbor.corp.example, over HTTPS, but registry.plainHTTP is true; add "
            "harbor.corp.example to digests.skipRegistries, or reference the image by digest"
        ],
    ),
    "KW103 without a unit": (
        {"digests": {"timeout": "30"}},
        [
            "[KW103] values: digests.timeout is 30: it has no unit; set digests.timeout to a positive duration with "
            "a unit, such as 30s"
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
            "[KW105] values: images.kserve.agent is docker.io/kserve/agent:v0.20.0, but digests.policy is pinned; "
            "reference docker.io/kserve/agent:v0.20.0 by digest, or set digests.policy to skip"
        ],
    ),
    "KW106": (
        {"digests": {"tlsMinVersion": "1.3"}, "versions": {"knative": "1.10.2", "knativeOperator": "1.10.3"}},
        [
            "[KW106] values: digests.tlsMinVersion is 1.3, but versions.knative is 1.10.2: Knative reads it only "
            "from 1.11 on; leave digests.tlsMinVersion empty"
        ],
    ),
    "KW107 of Knative": (
        {"knative": {"config": {"deployment": {"digest-resolution-timeout": "20s"}}}},
        [
            "[KW107] values: digests.timeout is 10s, but knative.config.deployment.digest-resolution-timeout is 20s; "
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
            "[KW107] values: knative.features.multi-container is enabled, but "
            "knative.config.features.multi-container is disabled; remove knative.config.features.multi-container and "
            "set knative.features.multi-container"
        ],
    ),
    "KW107 of a domain": (
        {"knative": {"config": {"domain": {"example.com": "selector: {app: x}"}}}},
        [
            "[KW107] values: gateways.ingress.domain is example.com, but knative.config.domain.example.com is "
            "selector: {app: x}; remove knative.config.domain.example.com and set gateways.ingress.domain"
        ],
    ),
    "KW107 of KServe": (
        {"kserve": {"config": {"storageInitializer": {"memoryLimit": "8Gi"}}}},
        [
            "[KW107] values: storage.resources.limits.memory is 1Gi, but "
            "kserve.config.storageInitializer.memoryLimit is 8Gi; remove "
            "kserve.config.storageInitializer.memoryLimit and set storage.resources.limits.memory"
        ],
    ),
    "KW107 of a gateway": (
        {"kserve": {"config": {"ingress": {"localGateway": "knative-serving/knative-local-gateway"}}}},
        [
            "[KW107] values: gateways.local is istio-ingress/kserve-local-gateway, but "
            "kserve.config.ingress.localGateway is knative-serving/knative-local-gateway; remove "
            "kserve.config.ingress.localGateway and set gateways.local"
        ],
    ),
}

# Over the values of an environment without the internet.
OFFLINE: Cases = {
    "KW102 offline": (
        {"digests": {"policy": "resolve"}},
        [
            "[KW102] values: images.kserve.router is harbor.corp.example:8443/mirror/kserve/router:v0.20.0, but "
            "digests.skipRegistries is index.docker.io: Knative would resolve the tag at harbor.corp.example:8443, "
            "which it cannot reach: offline is true; add harbor.corp.example:8443 to digests.skipRegistries, or "
            "reference the image by digest",
            "[KW102] values: images.smoke is harbor.corp.example:8443/mirror/kserve/sklearnserver:v0.20.0, but "
            "digests.skipRegistries is index.docker.io: Knative would resolve the tag at harbor.corp.example:8443, "
            "which it cannot reach: offline is true; add harbor.corp.example:8443 to digests.skipRegistries, or "
            "reference the image by digest",
        ],
    ),
}
