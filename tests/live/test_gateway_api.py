"""W10 in Standard mode: the conditions of the real KServe and istiod for a Gateway that does not fit, and the rules."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from kserve_wiring import inspect, read
from tests.environments.edit import Edit, every, put
from tests.live.bed import brought
from tests.live.bed.api import ApiError, Object, condition, until
from tests.live.bed.bed import ISVC, Bed
from tests.live.bed.client import send
from tests.live.bed.control_plane import issue
from tests.live.bed.diagnosis import gateway_address
from tests.live.bed.dns import endpoints
from tests.live.bed.environments import Environment
from tests.live.bed.inference import container, fresh
from tests.live.bed.pulls import pull_secret
from tests.live.gateway_wires import (
    CERTIFICATE,
    FITS,
    FITS_OWN_PODS,
    GATEWAYS,
    NAMESPACE,
    READY,
    WIRES,
    Wire,
    gateway,
)
from tests.live.wires import CONFIG, INGRESS, broken
from tools.upstream import modules

pytestmark = pytest.mark.live
IMAGE = "harbor.corp.local:8443/kserve/kserve/sklearnserver:v0.20.0"
API = "gateway.networking.k8s.io/v1"
GATEWAY, ROUTE = f"{API}/Gateway", f"{API}/HTTPRoute"
STANDARD = {"serving.kserve.io/deploymentMode": "Standard"}
GRANTED = "gateway.networking.k8s.io/v1beta1/ReferenceGrant"
# The kinds of which the rules about Standard mode read something.
KINDS = (
    "v1/Namespace",
    "v1/ConfigMap",
    "v1/Secret",
    "v1/Service",
    "v1/ServiceAccount",
    "apps/v1/Deployment",
    "networking.k8s.io/v1/IngressClass",
    "serving.kserve.io/v1beta1/InferenceService",
    f"{API}/GatewayClass",
    GATEWAY,
    GRANTED,
)


def crds() -> str:
    """The CRDs of the Gateway API in one text."""
    folder = modules.folder("symptoms", "sigs.k8s.io/gateway-api") / "config" / "crd" / "standard"
    files = sorted(path for path in folder.glob("*.yaml") if "_vap_" not in path.name)
    return "\n---\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.fixture(scope="module")
def gateway_api(bed: Bed, environment: Environment) -> Iterator[None]:
    """The CRDs of the Gateway API; istiod then creates its classes. And Istio's IngressClass."""
    bed.kubectl("apply", "--server-side", "--filename", "-", text=crds())
    bed.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GATEWAYS}})
    meta, spec = {"name": "istio"}, {"controller": "istio.io/ingress-controller"}
    bed.api.apply({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": meta, "spec": spec})
    until("GatewayClass istio", lambda: bed.api.find(f"{API}/GatewayClass", "istio"), 90)
    yield
    bed.api.delete("networking.k8s.io/v1/IngressClass", "istio")
    bed.kubectl("delete", "--filename", "-", "--wait=false", text=crds())
    bed.api.delete("v1/Namespace", GATEWAYS)


@contextlib.contextmanager
def cluster_of(bed: Bed, environment: Environment, wire: Wire) -> Iterator[None]:
    """The cluster with one wire as it says."""
    ingress = {"enableGatewayApi": True, "kserveIngressGateway": f"{GATEWAYS}/models", **wire.ingress}
    objects = [*secrets(bed, environment, wire), gateway(wire)]
    bed.kubelet.balances = wire.balanced
    with broken(environment, CONFIG, changed(ingress)):
        for body in objects:
            bed.api.apply(body)
        yield
        for body in objects:
            meta = body["metadata"]
            bed.api.delete(f"{body['apiVersion']}/{body['kind']}", meta["name"], meta["namespace"])
    bed.kubelet.balances = True
    until("the gateway's own Pods are gone", lambda: not bed.pods(GATEWAYS), 60)


def changed(ingress: Object) -> Edit:
    return every(*(put(*INGRESS, key, value=value) for key, value in ingress.items()))


def secrets(bed: Bed, environment: Environment, wire: Wire) -> Iterator[Object]:
    """The Secrets that the Pods of a Gateway need, and a certificate in two namespaces."""
    if wire.own_pods and wire.pull_secret:
        answers = environment.answers
        yield pull_secret(answers["pull_secret"], GATEWAYS, answers["registry_host"], environment.password)
    if any("tls" in listener for listener in wire.listeners):
        keys = bed.state / "keys"
        issue(keys, CERTIFICATE, f"*.{environment.answers['ingress_domain']}")
        data = {
            "tls.crt": (keys / f"{CERTIFICATE}.crt").read_bytes(),
            "tls.key": (keys / f"{CERTIFICATE}.key").read_bytes(),
        }
        for namespace in (GATEWAYS, "speech"):
            yield brought.secret(CERTIFICATE, namespace, wire.secret_type, data)


@contextlib.contextmanager
def model(bed: Bed, labels: dict[str, str] | None = None) -> Iterator[str]:
    """An InferenceService in Standard mode; yields its name."""
    name = fresh("route")
    meta = {"name": name, "namespace": NAMESPACE, "annotations": STANDARD, "labels": labels or {}}
    spec = {"predictor": {"serviceAccountName": "inference", **container(IMAGE)}}
    bed.api.create(
        {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": meta, "spec": spec}
    )
    yield name
    bed.api.delete(ISVC, name, NAMESPACE)


def ingress_ready(bed: Bed, name: str, wanted: str) -> str:
    """The status of IngressReady, or its reason, after waiting for a wanted one."""

    def shown() -> str:
        found = condition(bed.api.find(ISVC, name, NAMESPACE), "IngressReady")
        return READY if found["status"] == READY else str(found.get("reason"))

    with contextlib.suppress(TimeoutError):
        until(f"IngressReady {wanted}", lambda: shown() == wanted, 60)
    return shown()


def gateway_shows(bed: Bed, wire: Wire) -> str:
    """The condition of the Gateway that a wire names, as it is."""

    def shown() -> str:
        found = bed.api.get(GATEWAY, "models", wire.namespace)
        listener, colon, wanted = wire.gateway.rpartition(": ")
        if colon:
            listed = found.get("status", {}).get("listeners", [])
            found = {"status": next((one for one in listed if one["name"] == listener), {})}
        is_ = condition(found, wanted.split()[0])
        reason = is_.get("reason", "") if len(wanted.split()) > 2 else ""
        return f"{listener}{colon}{is_['type']} {is_['status']} {reason}".rstrip()

    if not wire.gateway:
        return ""
    with contextlib.suppress(TimeoutError):
        until(wire.gateway, lambda: shown() == wire.gateway, 30)
    return shown()


def answer(bed: Bed, environment: Environment, wire: Wire, url: str, older: str) -> str:
    """The outcome of one request at the Pods of the Gateway; a 200 of the older model names it."""
    parts = urlsplit(url)
    address = gateway_address(bed, environment.answers["ingress_gateway_name"])
    if wire.own_pods:
        found = endpoints(bed.api, "models-istio", GATEWAYS)
        if not found:
            return "no endpoints"
        address = found[0][0]
    secure = parts.scheme == "https"
    ca = bed.state / "keys" / "ca.crt" if secure else None
    got = send(address, parts.port or (443 if secure else 80), str(parts.hostname), parts.path or "/", ca)
    pods = bed.pods(NAMESPACE, f"app=isvc.{older}-predictor") if older else []
    of_older = any(got.body.get("pod") == pod["status"].get("podIP") for pod in pods)
    return f"{got.outcome} from {older}" if of_older else got.outcome


def codes(bed: Bed) -> set[str]:
    """The rules that report something about the objects on the cluster."""
    objects = [item for kind in KINDS for item in bed.api.list(kind)]
    return {finding.code for finding in inspect(read(objects)).findings}


def measured(bed: Bed, environment: Environment, wire: Wire) -> tuple[str, str, dict[str, str], set[str]]:
    """What KServe, the Gateway, requests and the checker show of a wire."""
    with cluster_of(bed, environment, wire), contextlib.ExitStack() as models:
        older = ""
        if any("{older}" in wanted for wanted in wire.requests.values()):
            older = models.enter_context(model(bed))
            ingress_ready(bed, older, READY)
        name = models.enter_context(model(bed, dict(wire.labels)))
        if wire.another_controller:
            refused_by_another(bed, name)
        ready = ingress_ready(bed, name, wire.ready)
        outcomes = answers(bed, environment, wire, name, older)
        return ready, gateway_shows(bed, wire), outcomes, codes(bed)


def answers(bed: Bed, environment: Environment, wire: Wire, name: str, older: str) -> dict[str, str]:
    """The outcome of each request of a wire, after waiting for the wanted one."""
    domain = environment.answers["ingress_domain"]
    words = {"host": f"{name}-{NAMESPACE}.{domain}", "name": name, "older": older, "domain": domain}
    outcomes = {}
    for url, wanted in wire.requests.items():
        got = answered(bed, environment, wire, url.format(**words), wanted.format(**words), older)
        outcomes[url] = wanted if got == wanted.format(**words) else got
    return outcomes


def answered(bed: Bed, environment: Environment, wire: Wire, url: str, wanted: str, older: str) -> str:
    """The outcome of a request, after waiting for a wanted one."""
    with contextlib.suppress(TimeoutError):
        until(url, lambda: answer(bed, environment, wire, url, older) == wanted, 20)
    return answer(bed, environment, wire, url, older)


def refused_by_another(bed: Bed, name: str) -> None:
    """Play a second controller that answers the route of a model."""
    route = until("the route", lambda: bed.api.find(ROUTE, name, NAMESPACE))
    until("istiod's answer", lambda: bed.api.get(ROUTE, name, NAMESPACE).get("status", {}).get("parents"), 30)
    now = route["metadata"]["creationTimestamp"]
    refused = {
        "type": "Accepted",
        "status": "False",
        "reason": "NoMatchingParent",
        "message": "",
        "lastTransitionTime": now,
    }
    parents = bed.api.get(ROUTE, name, NAMESPACE)["status"]["parents"]
    other = {"controllerName": "corp.example/gateway", "parentRef": parents[0]["parentRef"], "conditions": [refused]}
    bed.api.patch(ROUTE, name, NAMESPACE, {"status": {"parents": [*parents, other]}}, "status")


def test_without_the_crds_nothing_is_admitted(bed: Bed, environment: Environment) -> None:
    """KServe's controller exits when it starts, and its webhooks refuse every object. Before the CRDs are there."""
    assert (
        bed.api.find("apiextensions.k8s.io/v1/CustomResourceDefinition", f"httproutes.{API.partition('/')[0]}") is None
    )
    with broken(environment, CONFIG, changed({"enableGatewayApi": True, "kserveIngressGateway": f"{GATEWAYS}/models"})):
        restart_kserve(bed)
        until("the controller exits", lambda: EXITS in bed.log("kserve", "kserve-controller-manager", 100), 60)
        with pytest.raises(ApiError, match="failed calling webhook"), model(bed):
            pass
    restart_kserve(bed)
    until("KServe is ready", lambda: all(ready_pods(bed)), 90)


@pytest.fixture(scope="module")
def before(bed: Bed, environment: Environment, gateway_api: None) -> set[str]:
    """What the checker reports of a Gateway that fits."""
    found = measured(bed, environment, FITS)
    assert found[:3] == (FITS.ready, FITS.gateway, FITS.requests)
    return found[3]


def test_a_gateway_that_fits(bed: Bed, environment: Environment, before: set[str]) -> None:
    wire = FITS_OWN_PODS
    assert measured(bed, environment, wire) == (wire.ready, wire.gateway, wire.requests, before)


@pytest.mark.rule("KW417", "KW419", "KW420", "KW421")
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.what.replace("`", ""))
def test_a_gateway_that_does_not_fit(bed: Bed, environment: Environment, before: set[str], wire: Wire) -> None:
    ready, shown, outcomes, found = measured(bed, environment, wire)
    assert (ready, shown, outcomes, found - before) == (
        wire.ready,
        wire.gateway,
        wire.requests,
        {wire.code} - {""},
    )


def test_models_keep_their_gateway_until_they_are_reconciled(
    bed: Bed, environment: Environment, before: set[str]
) -> None:
    """KServe does not watch its ConfigMap: another Gateway counts for a model when the model changes."""

    def parent(name: str) -> str:
        return str(bed.api.get(ROUTE, name, NAMESPACE)["spec"]["parentRefs"][0]["name"])

    with cluster_of(bed, environment, FITS), model(bed) as name:
        assert ingress_ready(bed, name, READY) == READY
        with broken(environment, CONFIG, changed({"kserveIngressGateway": f"{GATEWAYS}/other"})):
            time.sleep(10)
            assert (parent(name), ingress_ready(bed, name, READY)) == ("models", READY)
            bed.api.patch(ISVC, name, NAMESPACE, {"metadata": {"labels": {"corp.example/changed": "true"}}})
            until("the other Gateway", lambda: parent(name) == "other", 30)


EXITS = 'gateway API mode requires gateway.networking.k8s.io/v1 "HTTPRoute" CRD'
CONTROLLER = "control-plane=kserve-controller-manager"


def restart_kserve(bed: Bed) -> None:
    """Delete the Pod of KServe's controller, and wait until it is gone."""
    names = [pod["metadata"]["name"] for pod in bed.pods("kserve", CONTROLLER)]
    for name in names:
        bed.api.delete("v1/Pod", name, "kserve")
    until(
        "the old Pod is gone",
        lambda: not {p["metadata"]["name"] for p in bed.pods("kserve", CONTROLLER)} & {*names},
        60,
    )


def ready_pods(bed: Bed) -> list[bool]:
    """Whether each Pod of KServe's controller is ready; [False] if there is none."""
    return [condition(pod, "Ready")["status"] == "True" for pod in bed.pods("kserve", CONTROLLER)] or [False]
