"""ServiceAccounts and Secrets of the tenants, and the facts about them for the checker."""

from __future__ import annotations

from collections.abc import Callable

from tests.chart.conftest import Chart, Object, Values, identities, named, only

Render = Callable[[Values], list[Object]]


def test_service_account_carries_both_secrets(wiring: Render) -> None:
    account = only(wiring(named("offline")), "ServiceAccount", "models", "fraud")
    assert account["imagePullSecrets"] == [{"name": "harbor"}]
    assert account["secrets"] == [{"name": "fraud-s3"}]


def test_each_source_of_models_has_a_secret_of_its_own(wiring: Render) -> None:
    """KServe takes a Secret for one source, by the first key that it knows."""
    sources = {"s3": {"secret": "s3"}, "huggingFace": {"secret": "hub"}, "oci": {"pullSecret": "images"}}
    tenant = {"name": "ml", "serviceAccount": "models"}
    objects = wiring({"registry": {"pullSecret": {"name": "harbor"}}, "tenants": [tenant | sources]})
    account = only(objects, "ServiceAccount", "models", "ml")
    assert account["secrets"] == [{"name": "s3"}, {"name": "hub"}]
    assert account["imagePullSecrets"] == [{"name": "harbor"}, {"name": "images"}]
    existing = only(objects, "ConfigMap", "kserve-environment")["data"]["existing"].split("\n")
    assert {"Secret/ml/s3", "Secret/ml/hub", "Secret/ml/images"} <= set(existing)


def test_secrets_of_an_external_store_are_made_and_not_expected(chart: Chart) -> None:
    store = {"store": "vault", "key": "kserve/ml"}
    sources = {"s3": {"secret": "s3", "endpoint": "minio:9000"}, "huggingFace": {"secret": "hub"}}
    tenant = {"name": "ml", "externalSecrets": store, **sources, "oci": {"pullSecret": "images"}}
    values = {"registry": {"pullSecret": {"name": "harbor"}}, "tenants": [tenant]}
    made = {
        name: only(chart.render(values | {"part": "prerequisites"}).objects, "ExternalSecret", name)["spec"]
        for name in ("s3", "hub", "images")
    }
    assert made["s3"] == {
        "refreshInterval": "1h",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
        "target": {
            "name": "s3",
            "creationPolicy": "Owner",
            "template": {
                "type": "Opaque",
                "metadata": {"annotations": {"serving.kserve.io/s3-endpoint": "minio:9000"}},
            },
        },
        "data": [
            {"secretKey": key, "remoteRef": {"key": "kserve/ml", "property": key}}
            for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        ],
    }
    assert made["hub"]["data"] == [{"secretKey": "HF_TOKEN", "remoteRef": {"key": "kserve/ml", "property": "HF_TOKEN"}}]
    assert made["images"]["target"]["template"] == {"type": "kubernetes.io/dockerconfigjson"}
    assert made["images"]["data"] == [
        {"secretKey": ".dockerconfigjson", "remoteRef": {"key": "kserve/ml", "property": "dockerconfigjson"}}
    ]
    data = only(chart.render(values | {"part": "wiring"}).objects, "ConfigMap", "kserve-environment")["data"]
    assert [line for line in data["existing"].split("\n") if line.startswith("Secret/ml/")] == ["Secret/ml/harbor"]
    patches = chart.render(values | {"part": "patches"}).objects
    assert identities([obj for obj in patches if obj["metadata"]["namespace"] == "ml"]) == ["ServiceAccount/ml/default"]


def test_the_pull_secret_of_the_environment_is_not_made_twice(chart: Chart) -> None:
    tenant = {"name": "ml", "externalSecrets": {"store": "vault", "key": "a"}, "oci": {"pullSecret": "harbor"}}
    objects = chart.render(named("offline", part="prerequisites", tenants=[tenant])).objects
    (made,) = [obj for obj in objects if obj["kind"] == "ExternalSecret" and obj["metadata"]["namespace"] == "ml"]
    assert made["spec"]["data"] == [{"secretKey": ".dockerconfigjson", "remoteRef": {"key": "harbor/dockerconfigjson"}}]


def test_one_pull_secret_for_all_images_is_listed_once(wiring: Render) -> None:
    tenant = {"name": "ml", "serviceAccount": "models", "oci": {"pullSecret": "harbor"}}
    account = only(wiring({"registry": {"pullSecret": {"name": "harbor"}}, "tenants": [tenant]}), "ServiceAccount")
    assert account["imagePullSecrets"] == [{"name": "harbor"}]


def test_service_account_without_secrets(wiring: Render) -> None:
    account = only(wiring({"tenants": [{"name": "ml", "serviceAccount": "models"}]}), "ServiceAccount")
    assert account.keys() == {"apiVersion", "kind", "metadata"}


def test_default_service_account_is_patched(chart: Chart) -> None:
    """Kubernetes creates it, so helm refuses to install it."""
    tenants = [{"name": "ml", "s3": {"secret": "s3"}}, {"name": "web", "serviceAccount": "default"}]
    values = {"registry": {"pullSecret": {"name": "harbor"}}, "tenants": tenants}
    rendered = identities(chart.render(values | {"part": "all"}).objects)
    assert not [name for name in rendered if name.startswith("ServiceAccount")]
    patches = chart.render(values | {"part": "patches"}).objects
    assert only(patches, "ServiceAccount", "default", "ml")["secrets"] == [{"name": "s3"}]
    assert only(patches, "ServiceAccount", "default", "web") == {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": "web"},
        "imagePullSecrets": [{"name": "harbor"}],
    }


def test_default_service_account_without_secrets_needs_no_patch(chart: Chart) -> None:
    assert chart.render({"part": "patches", "tenants": [{"name": "ml"}]}).objects == []


def test_s3_settings_are_annotations_of_the_secret(chart: Chart) -> None:
    """KServe reads them from a ServiceAccount only if it also has eks.amazonaws.com/role-arn."""
    s3 = {
        "secret": "s3",
        "endpoint": "minio:9000",
        "region": "eu",
        "useHttps": "0",
        "verifySSL": "1",
        "useVirtualBucket": "0",
    }
    values = {"part": "patches", "tenants": [{"name": "ml", "serviceAccount": "models", "s3": s3}]}
    assert chart.render(values).objects == [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "s3",
                "namespace": "ml",
                "annotations": {
                    "serving.kserve.io/s3-endpoint": "minio:9000",
                    "serving.kserve.io/s3-region": "eu",
                    "serving.kserve.io/s3-usehttps": "0",
                    "serving.kserve.io/s3-verifyssl": "1",
                    "serving.kserve.io/s3-usevirtualbucket": "0",
                },
            },
        }
    ]


def test_patches_carry_no_labels_of_a_release(chart: Chart) -> None:
    """Others own these objects; a server-side apply would overwrite app.kubernetes.io/managed-by."""
    for values in (named("offline"), named("offline", knative={"install": "yaml"})):
        for patch in chart.render(values | {"part": "patches"}).objects:
            assert patch["metadata"].keys() <= {"name", "namespace", "annotations"}


def test_context(wiring: Render) -> None:
    context = only(wiring(named("offline")), "ConfigMap", "kserve-environment", "kserve")
    assert context["metadata"]["labels"]["kserve-wiring.io/context"] == "true"
    assert context["data"] == {
        "registry": "harbor.corp.example:8443",
        "registry_project": "mirror",
        "registry_caches": "",
        "registry_plain_http": "false",
        "registry_ca": "ConfigMap/corp-ca",
        "pull_secret": "harbor",
        "offline": "true",
        "digest_policy": "skip",
        "cluster_domain": "corp.internal",
        "knative_version": "1.21.1",
        "knative_operator_version": "1.21.1",
        "kserve_version": "v0.20.0",
        "istio_version": "1.27.1",
        "existing_knative": "",
        "existing_gateways": "",
        "existing": "Namespace//kserve\nNamespace//search\nSecret/ml-gateways/models-tls\nSecret/fraud/fraud-s3",
    }


def test_context_without_the_operator(wiring: Render) -> None:
    data = only(wiring({"knative": {"install": "yaml"}}), "ConfigMap", "kserve-environment")["data"]
    assert data["knative_operator_version"] == ""
    assert data["existing"] == "Namespace//kserve"
    assert data["registry_ca"] == ""


def test_what_is_not_created_is_expected_to_exist(wiring: Render) -> None:
    values = {
        "registry": {
            "ca": {"kind": "ConfigMap", "name": "corp-ca"},
            "pullSecret": {"name": "harbor"},
        },
        "tenants": [{"name": "ml"}],
        "smoke": {"namespace": "trial"},
    }
    existing = only(wiring(values), "ConfigMap", "kserve-environment")["data"]["existing"].split("\n")
    assert sorted(existing) == [
        "ConfigMap/knative-serving/corp-ca",
        "ConfigMap/kserve/corp-ca",
        "Namespace//kserve",
        "Namespace//trial",
        "Secret/cert-manager/harbor",
        "Secret/istio-ingress/harbor",
        "Secret/istio-system/harbor",
        "Secret/knative-operator/harbor",
        "Secret/knative-serving/harbor",
        "Secret/kserve/harbor",
        "Secret/ml/harbor",
        "Secret/trial/harbor",
    ]


def test_a_ca_in_a_secret_is_expected_by_knative_only(wiring: Render) -> None:
    values = {"registry": {"ca": {"kind": "Secret", "name": "corp-ca"}}}
    data = only(wiring(values), "ConfigMap", "kserve-environment")["data"]
    assert data["existing"] == "Namespace//kserve\nSecret/knative-serving/corp-ca"
