"""W10 in Standard mode with Ingresses: the real KServe is Ready and the real istiod serves nothing, as KW428 says.

That they serve what fits shows test_examples.py with the example standard-ingress.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from kserve_wiring import inspect, read
from tests.environments.edit import put
from tests.live.bed.api import until
from tests.live.bed.bed import Bed
from tests.live.bed.client import send
from tests.live.bed.diagnosis import gateway_address
from tests.live.bed.environments import Environment
from tests.live.bed.inference import ISVC, fresh
from tests.live.test_gateway_api import NAMESPACE, ingress_ready, model
from tests.live.wires import CONFIG, INGRESS, broken

pytestmark = pytest.mark.live
CLASS, KUBERNETES = "networking.k8s.io/v1/IngressClass", "networking.k8s.io/v1/Ingress"


@pytest.fixture(scope="module")
def ingress_class(bed: Bed, environment: Environment) -> Iterator[None]:
    """The class of istiod, in an environment whose istiod gives Ingresses to Pods labelled istio: ingressgateway."""
    spec = {"controller": "istio.io/ingress-controller"}
    bed.api.apply(
        {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "istio"}, "spec": spec}
    )
    yield
    bed.api.delete(CLASS, "istio")


def codes(bed: Bed, environment: Environment, name: str) -> set[str]:
    """The rules about what serves Ingresses, of the objects as they are on the cluster."""
    gateway = environment.answers["ingress_gateway_namespace"]
    objects = [bed.api.get(*CONFIG), bed.api.get(ISVC, name, NAMESPACE), *bed.api.list(CLASS)]
    objects += [*bed.api.list("apps/v1/Deployment", gateway), bed.api.get("v1/ConfigMap", "istio", "istio-system")]
    return {finding.code for finding in inspect(read(objects)).findings if finding.code[:4] == "KW42"}


@pytest.mark.rule("KW428")
@pytest.mark.parametrize("named", ["other", "istio"], ids=["no such class", "Pods with another label"])
def test_an_ingress_that_nothing_serves(bed: Bed, environment: Environment, ingress_class: None, named: str) -> None:
    change = put(*INGRESS, "ingressClassName", value=named)
    # The environment has KServe's default, istio.
    with broken(environment, CONFIG, change) if named != "istio" else nullcontext():
        name = fresh("ingress")
        bed.api.create(model(name))
        assert ingress_ready(bed, name, "True") == "True"
        found = until("the Ingress", lambda: bed.api.find(KUBERNETES, name, NAMESPACE), 30)
        assert found["spec"]["ingressClassName"] == named
        address = gateway_address(bed, environment.answers["ingress_gateway_name"])
        assert send(address, 80, found["spec"]["rules"][0]["host"]).outcome != "200"
        assert codes(bed, environment, name) == {"KW428"}
        bed.api.delete(ISVC, name, NAMESPACE)
