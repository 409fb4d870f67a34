"""W9 to W11: an InferenceService becomes ready, and a request arrives at its Pod through the environment's gateways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.environments.edit import Edit, put
from tests.live.bed.api import until
from tests.live.bed.bed import Bed
from tests.live.bed.client import send
from tests.live.bed.diagnosis import gateway_address
from tests.live.bed.environments import Environment
from tests.live.bed.inference import ISVC, container, inference, outcome, pod_of, ready
from tests.live.wires import CONFIG, INGRESS, broken

pytestmark = [pytest.mark.live, pytest.mark.net_istio]
NAMESPACE = "vision"
IMAGE = "harbor.corp.local:8443/kserve/kserve/sklearnserver:v0.20.0"


@pytest.fixture(scope="module")
def service(bed: Bed, environment: Environment) -> Iterator[str]:
    transformer = {"serviceAccountName": "inference", **container(IMAGE)}
    with inference(bed, NAMESPACE, container(IMAGE), transformer=transformer) as name:
        ready(bed, NAMESPACE, name)
        yield name


@pytest.mark.parametrize("component", ["", "-predictor", "-transformer"])
def test_local_gateway(bed: Bed, service: str, component: str) -> None:
    host = f"{service}{component}.{NAMESPACE}.svc.{bed.cluster_domain}"
    answer = outcome(bed, host, "200")
    assert (answer.outcome, answer.server) == ("200", "istio-envoy"), host
    # KServe sends requests to the transformer, if there is one.
    asked = pod_of(bed, NAMESPACE, service, "predictor" if component == "-predictor" else "transformer")
    assert answer.body["pod"] == asked["status"]["podIP"]


@pytest.mark.parametrize("component", ["", "-predictor"])
def test_ingress_gateway(bed: Bed, environment: Environment, service: str, component: str) -> None:
    """The external host is Knative's name.namespace.domain."""
    host = f"{service}{component}.{NAMESPACE}.{environment.answers['ingress_domain']}"
    address = gateway_address(bed, environment.answers["ingress_gateway_name"])
    answer = until(host, lambda: (a := send(address, 80, host)).outcome == "200" and a, 10)
    assert answer.server == "istio-envoy"
    if not component:
        assert bed.api.get(ISVC, service, NAMESPACE)["status"]["url"] == f"http://{host}"


@pytest.mark.rule("KW412")
def test_local_names_are_not_served_outside(bed: Bed, environment: Environment, service: str) -> None:
    """Cluster-local services must not be reachable through the ingress gateway."""
    host = f"{service}.{NAMESPACE}.svc.{bed.cluster_domain}"
    address = gateway_address(bed, environment.answers["ingress_gateway_name"])
    assert send(address, 80, host).outcome == "404"


@pytest.mark.rule("KW409", "KW410")
@pytest.mark.parametrize(
    ("change", "domain"),
    [
        (put(*INGRESS, "ingressGateway", value="knative-serving/knative-ingress-gateway"), "ml.corp.local"),
        (put(*INGRESS, "ingressDomain", value="other.corp"), "other.corp"),
    ],
    ids=["another gateway", "another domain"],
)
def test_kserve_and_knative_disagree_outside(bed: Bed, environment: Environment, change: Edit, domain: str) -> None:
    """Ready, and Knative's route exposes the predictor, but KServe's does not expose the model."""
    address = gateway_address(bed, environment.answers["ingress_gateway_name"])
    with broken(environment, CONFIG, change), inference(bed, NAMESPACE, container(IMAGE), "outside") as name:
        ready(bed, NAMESPACE, name)
        predictor = f"{name}-predictor.{NAMESPACE}.{environment.answers['ingress_domain']}"
        until(predictor, lambda: send(address, 80, predictor).outcome == "200", 10)
        assert send(address, 80, f"{name}.{NAMESPACE}.{domain}").outcome == "404"
