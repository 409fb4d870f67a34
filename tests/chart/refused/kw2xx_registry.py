"""Images and pull Secrets: values that the chart refuses, and what it says."""

from __future__ import annotations

from tests.chart.refused.case import Cases, container, smoke

IMAGE = "write it as host[:port]/path:tag or host[:port]/path@sha256:<64 hex digits>"

CASES: Cases = {
    "KW202 without a registry": (
        smoke("kserve/sklearnserver:v0.20.0"),
        [
            "[KW202] values: images.smoke is kserve/sklearnserver:v0.20.0: it names no registry, so it defaults to "
            f"docker.io; {IMAGE}"
        ],
    ),
    "KW202 with a scheme": (
        smoke("https://docker.io/kserve/sklearnserver:v0.20.0"),
        [f"[KW202] values: images.smoke is https://docker.io/kserve/sklearnserver:v0.20.0: it has a scheme; {IMAGE}"],
    ),
    "KW202 with a blank": (
        smoke("docker.io/kserve/sklearnserver: v0.20.0"),
        [f"[KW202] values: images.smoke is docker.io/kserve/sklearnserver: v0.20.0: it contains whitespace; {IMAGE}"],
    ),
    "KW202 with capitals": (
        smoke("docker.io/KServe/sklearnserver:v0.20.0"),
        [
            "[KW202] values: images.smoke is docker.io/KServe/sklearnserver:v0.20.0: its path has upper-case "
            f"letters; {IMAGE}"
        ],
    ),
    "KW202 with a short path": (
        smoke("docker.io/x:v1"),
        [
            "[KW202] values: images.smoke is docker.io/x:v1: its path is not 2 to 255 characters of a-z, 0-9, '.', "
            f"'_', '-' and '/'; {IMAGE}"
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
            "[KW202] values: images.smoke is docker.io/kserve/sklearnserver@sha256:12: its digest is not sha256: "
            f"with 64 hex digits; {IMAGE}"
        ],
    ),
    "KW202 of a ClusterStorageContainer": (
        {"storage": {"containers": [container("own", {"prefix": "own://"}) | {"image": "own/init"}]}},
        [
            "[KW202] values: storage.containers[0].image is own/init: it names no registry, so it defaults to "
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
            "[KW207] values: images.knative.net-istio-controller is empty, but images.knative.controller is "
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
            "[KW208] values: kserve.config.router.imagePullSecrets is nexus, but registry.pullSecret.name is harbor; "
            "set kserve.config.router.imagePullSecrets to harbor"
        ],
    ),
}

# Over the values of an environment without the internet.
OFFLINE: Cases = {
    "KW201 elsewhere": (
        smoke("docker.io/kserve/sklearnserver:v0.20.0"),
        [
            "[KW201] values: images.smoke is docker.io/kserve/sklearnserver:v0.20.0, but registry.host with "
            "registry.project is harbor.corp.example:8443/mirror; set images.smoke to an image under "
            "harbor.corp.example:8443/mirror"
        ],
    ),
    "KW201 without the port": (
        smoke("harbor.corp.example/mirror/kserve/sklearnserver:v0.20.0"),
        [
            "[KW201] values: images.smoke is harbor.corp.example/mirror/kserve/sklearnserver:v0.20.0, but "
            "registry.host with registry.project is harbor.corp.example:8443/mirror; set images.smoke to an image "
            "under harbor.corp.example:8443/mirror"
        ],
    ),
    "KW201 left to upstream": (
        {"images": {"knative": {"queue-proxy": ""}, "kserve": {"agent": ""}}},
        [
            "[KW201] values: images.knative.queue-proxy is empty, but registry.host with registry.project is "
            "harbor.corp.example:8443/mirror; set images.knative.queue-proxy to an image under "
            "harbor.corp.example:8443/mirror",
            "[KW201] values: images.kserve.agent is docker.io/kserve/agent:v0.20.0, but registry.host with "
            "registry.project is harbor.corp.example:8443/mirror; set images.kserve.agent to an image under "
            "harbor.corp.example:8443/mirror",
        ],
    ),
}
