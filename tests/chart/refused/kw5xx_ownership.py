"""Owners, versions and text: values that the chart refuses, and what it says."""

from __future__ import annotations

from tests.chart.refused.case import Cases, container, smoke

CASES: Cases = {
    "KW501": (
        {"gateways": {"ingress": {"name": "knative-ingress-gateway", "namespace": "knative-serving"}}},
        [
            "[KW501] values: gateways.ingress is knative-serving/knative-ingress-gateway, but the owner of that "
            "Gateway is the Knative operator; leave it to the Knative operator"
        ],
    ),
    "KW502": (
        {"namespaces": {"knativeServing": "knative"}},
        [
            "[KW502] values: namespaces.knativeServing is knative, but the namespace in which KServe reads "
            "config-autoscaler is knative-serving; set namespaces.knativeServing to knative-serving"
        ],
    ),
    "KW503 new name, old KServe": (
        {"versions": {"kserve": "v0.15.2"}},
        [
            "[KW503] values: kserve.deploymentMode is Knative, but versions.kserve is v0.15.2: v0.16 renamed "
            "Serverless and RawDeployment to Knative and Standard; set kserve.deploymentMode to Serverless"
        ],
    ),
    "KW503 old name, new KServe": (
        {"kserve": {"deploymentMode": "RawDeployment"}},
        [
            "[KW503] values: kserve.deploymentMode is RawDeployment, but versions.kserve is v0.20.0: v0.16 renamed "
            "Serverless and RawDeployment to Knative and Standard; set kserve.deploymentMode to Standard"
        ],
    ),
    "KW503 of the operator": (
        {"versions": {"knative": "1.23.0"}},
        [
            "[KW503] values: versions.knative is 1.23.0, but versions.knativeOperator is 1.21.1: this operator "
            "installs Knative 1.18 to 1.21; set versions.knative to a version from 1.18 to 1.21"
        ],
    ),
    "KW504 double quote": (
        smoke('docker.io/kserve/sklearnserver:v0.20.0"'),
        [
            '[KW504] values: images.smoke is docker.io/kserve/sklearnserver:v0.20.0": it contains a double quote; '
            "write images.smoke without it"
        ],
    ),
    "KW504 line break": (
        {"registry": {"pullSecret": {"externalSecret": {"remoteKey": "a\nb"}}}},
        [
            "[KW504] values: registry.pullSecret.externalSecret.remoteKey is a\\nb: it contains a line break; write "
            "registry.pullSecret.externalSecret.remoteKey without it"
        ],
    ),
    "KW504 dashes": (
        {"storage": {"supportedUriFormats": [{"prefix": "own://a---b"}]}},
        [
            "[KW504] values: storage.supportedUriFormats[0].prefix is own://a---b: it contains ---; write "
            "storage.supportedUriFormats[0].prefix without it"
        ],
    ),
    "KW505 of two tenants": (
        {"tenants": [{"name": "ml"}, {"name": "ml"}]},
        ["[KW505] values: tenants[1].name is ml, and tenants[0].name is ml; remove or rename one of them"],
    ),
    "KW505 of a tenant and the software": (
        {"tenants": [{"name": "kserve"}, {"name": "istio-ingress"}]},
        [
            "[KW505] values: tenants[0].name is kserve, and namespaces.kserve is kserve; remove or rename one of them",
            "[KW505] values: tenants[1].name is istio-ingress, and gateways.ingress.namespace is istio-ingress; "
            "remove or rename one of them",
        ],
    ),
    "KW505 of ClusterStorageContainers": (
        {"storage": {"containers": [container("default", {"prefix": "own://"})]}},
        [
            "[KW505] values: storage.containers[0].name is default, and the ClusterStorageContainer of storage is "
            "default; remove or rename one of them"
        ],
    ),
}
