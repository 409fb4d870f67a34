"""W10 in Standard mode: the conditions of the real KServe and istiod for a Gateway that does not fit, and the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kserve_wiring import inspect, read
from tests.environments.edit import every, put
from tests.live.bed.api import Object, condition, until
from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment
from tests.live.bed.inference import ISVC, container, fresh
from tests.live.test_doctor import doctor, live, verdicts
from tests.live.wires import CONFIG, INGRESS, broken
from tools.upstream import modules

pytestmark = pytest.mark.live
NAMESPACE, GATEWAYS = "vision", "api-gateways"
IMAGE = "harbor.corp.local:8443/kserve/kserve/sklearnserver:v0.20.0"
GATEWAY = "gateway.networking.k8s.io/v1/Gateway"
SERVICE = "ml-ingress-gateway.ml-gateway.svc.cluster.local"
STANDARD = {"serving.kserve.io/deploymentMode": "Standard"}


@dataclass(frozen=True)
class Unfit:
    """A Gateway, the name that KServe has for it, the reason of IngressReady, the rule, and the symptom for doctor."""

    listener: dict[str, Any]
    reason: str
    code: str
    symptom: str
    named: str = f"{GATEWAYS}/models"
    gateway_class: str = "istio"


ALL = {"allowedRoutes": {"namespaces": {"from": "All"}}}
CASES = {
    "no such Gateway": Unfit(ALL, "ParentStatusNotAvailable", "KW419", "parent-status", named=f"models/{GATEWAYS}"),
    "a class that nobody serves": Unfit(
        ALL, "ParentStatusNotAvailable", "KW417", "parent-status", gateway_class="envoy"
    ),
    "no other namespace": Unfit({}, "NotAllowedByListeners", "KW420", "not-allowed-by-listeners"),
    "another hostname": Unfit(
        {**ALL, "hostname": "*.corp.example"}, "NoMatchingListenerHostname", "KW421", "no-listener-hostname"
    ),
}


@pytest.fixture(scope="module")
def gateway_api(bed: Bed, environment: Environment) -> Iterator[None]:
    """The CRDs of the Gateway API; istiod then creates its classes."""
    folder = modules.folder("symptoms", "sigs.k8s.io/gateway-api") / "config" / "crd" / "standard"
    files = sorted(path for path in folder.glob("*.yaml") if "_vap_" not in path.name)
    text = "\n---\n".join(path.read_text(encoding="utf-8") for path in files)
    bed.kubectl("apply", "--server-side", "--filename", "-", text=text)
    bed.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GATEWAYS}})
    until("GatewayClass istio", lambda: bed.api.find("gateway.networking.k8s.io/v1/GatewayClass", "istio"), 90)
    yield
    bed.kubectl("delete", "--filename", "-", "--wait=false", text=text)
    bed.api.delete("v1/Namespace", GATEWAYS)


def gateway(case: Unfit) -> Object:
    """The Gateway of a case, on the Pods of the ingress gateway."""
    listener = {"name": "http", "port": 80, "protocol": "HTTP", **case.listener}
    spec = {
        "gatewayClassName": case.gateway_class,
        "addresses": [{"type": "Hostname", "value": SERVICE}],
        "listeners": [listener],
    }
    meta = {"name": "models", "namespace": GATEWAYS}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": meta, "spec": spec}


def model(name: str) -> Object:
    """An InferenceService in Standard mode."""
    meta = {"name": name, "namespace": NAMESPACE, "annotations": STANDARD}
    spec = {"predictor": {"serviceAccountName": "inference", **container(IMAGE)}}
    return {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": meta, "spec": spec}


def ingress_ready(bed: Bed, name: str, wanted: str) -> str:
    """The status of IngressReady, or its reason, after waiting for a wanted one."""

    def shown() -> str:
        found = condition(bed.api.find(ISVC, name, NAMESPACE), "IngressReady")
        return found["status"] if found["status"] == "True" else str(found.get("reason"))

    until(f"IngressReady {wanted}", lambda: shown() == wanted, 90)
    return shown()


def codes(bed: Bed, name: str) -> set[str]:
    """The rules about the Gateway, of the objects as they are on the cluster."""
    objects = [bed.api.get(*CONFIG), bed.api.get(GATEWAY, "models", GATEWAYS), bed.api.get(ISVC, name, NAMESPACE)]
    objects += bed.api.list("gateway.networking.k8s.io/v1/GatewayClass")
    return {finding.code for finding in inspect(read(objects)).findings if finding.code[:4] in ("KW41", "KW42")}


def change(named: str) -> Any:
    return every(put(*INGRESS, "enableGatewayApi", value=True), put(*INGRESS, "kserveIngressGateway", value=named))


def judged(bed: Bed, environment: Environment, case: Unfit, wanted: str) -> tuple[str, set[str], list[tuple[str, str]]]:
    """What KServe, the checker and doctor say of a case."""
    with broken(environment, CONFIG, change(case.named)):
        bed.api.apply(gateway(case))
        name = fresh("route")
        bed.api.create(model(name))
        reason, found = ingress_ready(bed, name, wanted), codes(bed, name)
        said = verdicts(doctor(bed, name, "-n", NAMESPACE, *live(bed))[1])
        bed.api.delete(ISVC, name, NAMESPACE)
        bed.api.delete(GATEWAY, "models", GATEWAYS)
    return reason, found, said


@pytest.mark.rule("KW417", "KW419", "KW420", "KW421")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_gateway_that_does_not_fit(bed: Bed, environment: Environment, gateway_api: None, case: Unfit) -> None:
    assert judged(bed, environment, case, case.reason) == (case.reason, {case.code}, [(case.symptom, "W10")])


def test_a_gateway_that_fits(bed: Bed, environment: Environment, gateway_api: None) -> None:
    assert judged(bed, environment, Unfit(ALL, "", "", ""), "True") == ("True", set(), [])
