"""Which objects each part renders, and in which release."""

from __future__ import annotations

import pytest

from tests.chart.conftest import Chart, identities, named, only

PREREQUISITES = [
    "ConfigMap/knative-serving/corp-ca",
    "ConfigMap/kserve/corp-ca",
    *(
        f"ExternalSecret/{namespace}/harbor"
        for namespace in (
            "cert-manager",
            "fraud",
            "istio-system",
            "knative-operator",
            "knative-serving",
            "kserve",
            "ml-gateways",
            "search",
        )
    ),
    *(
        f"Namespace//{name}"
        for name in ("cert-manager", "fraud", "istio-system", "knative-operator", "knative-serving", "ml-gateways")
    ),
]
WIRING = [
    "ClusterStorageContainer//default",
    "ClusterStorageContainer//model-registry",
    "ConfigMap/kserve/inferenceservice-config",
    "ConfigMap/kserve/kserve-environment",
    "Gateway/ml-gateways/ml-ingress",
    "Gateway/ml-gateways/ml-local",
    "InferenceService/fraud/kserve-environment-smoke",
    "KnativeServing/knative-serving/knative-serving",
    "Pod/fraud/kserve-environment-smoke-request",
    "ServiceAccount/fraud/models",
]
PATCHES = [
    "Secret/fraud/fraud-s3",
    "ServiceAccount/knative-operator/knative-operator",
    "ServiceAccount/knative-operator/operator-webhook",
    "ServiceAccount/search/default",
]
YAML_PATCHES = [
    "ConfigMap/knative-serving/config-deployment",
    "ConfigMap/knative-serving/config-domain",
    "ConfigMap/knative-serving/config-istio",
    "ConfigMap/knative-serving/config-network",
    "Deployment/knative-serving/controller",
    "Secret/fraud/fraud-s3",
    "ServiceAccount/knative-serving/activator",
    "ServiceAccount/knative-serving/controller",
    "ServiceAccount/search/default",
]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("prerequisites", PREREQUISITES),
        ("wiring", WIRING),
        ("all", sorted(PREREQUISITES + WIRING)),
        ("patches", PATCHES),
    ],
)
def test_objects_of_a_part(chart: Chart, part: str, expected: list[str]) -> None:
    assert identities(chart.render(named("offline", part=part)).objects) == expected


def test_objects_without_the_operator(chart: Chart) -> None:
    values = named("offline", knative={"install": "yaml"})
    wiring = identities(chart.render(values | {"part": "wiring"}).objects)
    assert wiring == [name for name in WIRING if not name.startswith("KnativeServing")]
    assert identities(chart.render(values | {"part": "patches"}).objects) == YAML_PATCHES


def test_defaults_need_no_patches(chart: Chart) -> None:
    assert chart.render({"part": "patches"}).objects == []


def test_no_part_renders_an_object_twice(chart: Chart) -> None:
    names = identities(chart.render(named("offline", part="all")).objects)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("part", ["all", "patches"])
@pytest.mark.parametrize("name", ["minimal", "offline"])
def test_every_file_holds_objects_of_one_kind(chart: Chart, name: str, part: str) -> None:
    kinds: dict[str, set[str]] = {}
    source = ""
    for line in chart.render(named(name, part=part)).manifest.splitlines():
        if line.startswith("# Source: "):
            source = line
        if line.startswith("kind: "):
            kinds.setdefault(source, set()).add(line)
    assert all(len(found) == 1 for found in kinds.values()), kinds


def test_the_release_namespace_is_never_created(chart: Chart) -> None:
    values = named("minimal", part="prerequisites")
    for namespace in ("kserve", "ml", "istio-ingress"):
        created = {o["metadata"]["name"] for o in chart.render(values, namespace).objects if o["kind"] == "Namespace"}
        assert namespace not in created
        assert len(created) == 6


def test_namespaces_are_kept(chart: Chart) -> None:
    namespaces = chart.render(named("minimal", part="prerequisites")).objects
    assert {o["metadata"]["annotations"]["helm.sh/resource-policy"] for o in namespaces} == {"keep"}


def test_namespaces_of_tenants_follow_the_rest_unless_they_say_otherwise(chart: Chart) -> None:
    tenants = [{"name": "own", "createNamespace": True}, {"name": "given"}]
    values = {"part": "prerequisites", "namespaces": {"create": False}, "tenants": tenants}
    assert identities(chart.render(values).objects) == ["Namespace//own"]


def test_external_secret_makes_a_docker_config(chart: Chart) -> None:
    objects = chart.render(named("offline", part="prerequisites")).objects
    assert only(objects, "ExternalSecret", namespace="fraud")["spec"] == {
        "refreshInterval": "1h",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
        "target": {
            "name": "harbor",
            "creationPolicy": "Owner",
            "template": {"type": "kubernetes.io/dockerconfigjson"},
        },
        "data": [{"secretKey": ".dockerconfigjson", "remoteRef": {"key": "harbor/dockerconfigjson"}}],
    }


def test_ca_is_under_the_key_that_kserve_reads(chart: Chart) -> None:
    objects = chart.render(named("offline", part="prerequisites")).objects
    for namespace in ("kserve", "knative-serving"):
        data = only(objects, "ConfigMap", "corp-ca", namespace)["data"]
        assert data == {"cabundle.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}


@pytest.mark.parametrize("part", ["all", "prerequisites", "wiring"])
def test_every_object_has_the_common_labels_and_annotations(chart: Chart, part: str) -> None:
    """The chart's own labels win."""
    common = {"team": "ml", "helm.sh/chart": "mine"}
    more = {"commonLabels": common, "commonAnnotations": {"contact": "a: b", "number": "1"}}
    objects = chart.render(named("offline", part=part) | more).objects
    assert identities(objects) == identities(chart.render(named("offline", part=part)).objects)
    for body in objects:
        labels = body["metadata"]["labels"]
        assert (labels["team"], labels["helm.sh/chart"].split("-")[0]) == ("ml", "kserve"), body
        assert body["metadata"]["annotations"].items() >= {"contact": "a: b", "number": "1"}.items(), body


def test_a_patch_has_no_common_labels(chart: Chart) -> None:
    more = {"commonLabels": {"team": "ml"}, "commonAnnotations": {"contact": "a"}}
    patches = chart.render(named("offline", part="patches"))
    assert patches.objects
    assert chart.render(named("offline", part="patches") | more).objects == patches.objects
