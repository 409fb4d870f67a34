"""Images that the Knative operator carries for a KnativeServing."""

from __future__ import annotations

import pytest

from kserve_wiring.cluster.facts import Facts
from kserve_wiring.inventory.find import found_images
from kserve_wiring.inventory.operator import operators
from kserve_wiring.manifests.load import load_values
from tests.unit.inventory.manifests import found, knative

KNATIVE = "gcr.io/knative-releases/knative.dev"


def test_the_operators_own_manifests_count() -> None:
    images = found(knative(version="1.21.1"), knative_operator_version="1.21.1")
    data = operators()["1.21.1"]
    assert set(images) == {*data["serving"]["1.21.1"].values(), *data["ingress"]["1.21"]["istio"].values()}
    activator = data["serving"]["1.21.1"]["activator/activator"]
    assert images[activator] == ["embedded in the operator 1.21.1 for Knative 1.21.1 (activator/activator)"]


def test_the_operators_version_counts_too() -> None:
    """One net-istio per minor: operator 1.23.0 brings another one for Knative 1.21 than operator 1.21.1 does."""
    old, new = (set(found(knative(version="1.21.1"), knative_operator_version=one)) for one in ("1.21.1", "1.23.0"))
    assert {image.partition("@")[0] for image in old ^ new} == {
        f"{KNATIVE}/net-istio/cmd/controller",
        f"{KNATIVE}/net-istio/cmd/webhook",
    }


@pytest.mark.parametrize(("version", "meant"), [("1.21", "1.21.3"), ("latest", "1.23.0"), ("v1.20.0", "1.20.0")])
def test_a_version_may_be_short(version: str, meant: str) -> None:
    reason = next(iter(found(knative(version=version)).values()))[0]
    assert reason.startswith(f"embedded in the operator 1.23.0 for Knative {meant} ")


def test_a_version_that_is_not_known_is_said() -> None:
    images, notes = found_images(load_values([knative(version="1.99.0")]), Facts())
    assert images == []
    assert notes == [
        "KnativeServing knative-serving/knative-serving: "
        "the images that the operator embeds for Knative 1.99.0 are unknown"
    ]


def test_an_override_replaces_what_is_embedded() -> None:
    override = {"activator": "r.local/a:v1", "net-istio-webhook/webhook": "r.local/n:v1", "queue-proxy": "r.local/q:v1"}
    images = found(knative(version="1.23.0", registry={"override": override}))
    repositories = {image.partition("@")[0] for image in images}
    assert f"{KNATIVE}/serving/cmd/activator" not in repositories
    assert f"{KNATIVE}/net-istio/cmd/webhook" not in repositories
    assert f"{KNATIVE}/serving/cmd/webhook" in repositories
    assert images["r.local/a:v1"] == ["KnativeServing knative-serving/knative-serving spec.registry.override.activator"]
    # The ConfigMap is out of reach of spec.registry.
    queue = next(image for image in images if image.startswith(f"{KNATIVE}/serving/cmd/queue@"))
    assert images[queue] == [
        "embedded in the operator 1.23.0 for Knative 1.23.0 (config-deployment/queue-sidecar-image)"
    ]


def test_a_default_with_name_is_followed() -> None:
    images = found(
        knative(
            version="1.23.0",
            registry={"default": "r.local/knative/${NAME}:v1.23.0"},
            config={"deployment": {"queue-sidecar-image": "r.local/knative/queue:v1.23.0"}},
        )
    )
    assert {image.rpartition("/")[2].partition(":")[0] for image in images} == {
        "activator",
        "autoscaler",
        "autoscaler-hpa",
        "controller",
        "webhook",
        "queue",
        "migrate",
        "cleanup",
    }
    assert [reason.partition(" (")[2] for reason in images["r.local/knative/webhook:v1.23.0"]] == [
        "webhook/webhook), through spec.registry.default of KnativeServing knative-serving/knative-serving",
        "net-istio-webhook/webhook), through spec.registry.default of KnativeServing knative-serving/knative-serving",
    ]


def test_the_enabled_ingress_counts() -> None:
    images = found(knative(version="1.23.0", ingress={"kourier": {"enabled": True}}))
    assert "docker.io/envoyproxy/envoy:v1.37-latest" in images
    assert not [image for image in images if "net-istio" in image]
