"""Gateway wires, each broken alone on the running environment: the symptom, and the code that reports it.

The expectations are those of docs/how-to/504-and-404.md; test_broken_wires.py compares both.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tests.live.bed.api import Object, until
from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment

CONFIG = ("v1/ConfigMap", "inferenceservice-config", "kserve")
SERVING = ("operator.knative.dev/v1beta1/KnativeServing", "knative-serving", "knative-serving")
GATEWAY = ("networking.istio.io/v1/Gateway", "ml-local-gateway", "ml-gateway")
SERVICE = ("v1/Service", "ml-local-gateway", "ml-gateway")
# Not an object but the values of a release, which is reinstalled.
RELEASE = ("release", "local-gateway", "ml-gateway")
Target = tuple[str, str, str]
Change = Callable[[Object], None]


@dataclass(frozen=True)
class Broken:
    """One broken wire. knative, kserve: Ready of the objects. host, predictor: their responses. code: of the rule."""

    wire: str
    target: Target
    change: Change
    knative: str
    kserve: str
    host: str
    predictor: str
    code: str


def ingress(**values: str) -> Change:
    """Other values in the ingress settings of KServe."""

    def change(config: Object) -> None:
        config["data"]["ingress"] = json.dumps(json.loads(config["data"]["ingress"]) | values)

    return change


def local_gateways(**values: str) -> Change:
    """Other values in the entry of config-istio, where the operator reads it."""

    def change(serving: Object) -> None:
        istio = serving["spec"]["config"]["istio"]
        entry = yaml.safe_load(istio["local-gateways"])[0] | values
        istio["local-gateways"] = json.dumps([entry])

    return change


def server(**values: Any) -> Change:
    """Other values in the Gateway's server."""
    return lambda gateway: gateway["spec"]["servers"][0].update(values)


def selector(**labels: str) -> Change:
    return lambda found: found["spec"]["selector"].update(labels)


def pod_label(values: Object) -> None:
    """Another label on the gateway's Pods, in the values of Istio's chart."""
    values["labels"]["istio"] = "other"


def service_port(**values: Any) -> Change:
    """Other values in the Service's port 80."""

    def change(service: Object) -> None:
        next(port for port in service["spec"]["ports"] if port["port"] == 80).update(values)

    return change


def without_default(serving: Object) -> None:
    """config-istio as Knative ships it."""
    serving["spec"]["config"]["istio"]["local-gateways"] = json.dumps(
        [
            {
                "name": "knative-local-gateway",
                "namespace": "knative-serving",
                "service": "knative-local-gateway.istio-system.svc.cluster.local",
            }
        ]
    )


STOCK = "knative-local-gateway.istio-system.svc.cluster.local"
HTTP = {"number": 80, "name": "http", "protocol": "HTTP"}
REFUSED = "connection refused"

BROKEN = [
    Broken(
        "KServe's `localGateway` names another Gateway",
        CONFIG,
        ingress(localGateway="knative-serving/knative-local-gateway"),
        *("True", "True", "404", "200", "KW401"),
    ),
    Broken(
        "KServe's gateway and Services are still the default ones",
        CONFIG,
        ingress(
            localGateway="knative-serving/knative-local-gateway",
            localGatewayService=STOCK,
            knativeLocalGatewayService=STOCK,
        ),
        *("True", "True", "no endpoints", "200", "KW401"),
    ),
    Broken(
        "KServe's `localGatewayService` is in another namespace",
        CONFIG,
        ingress(localGatewayService="ml-local-gateway.istio-system.svc.cluster.local"),
        *("True", "True", "no such host", "200", "KW401"),
    ),
    Broken(
        "KServe's `localGatewayService` is in another cluster domain",
        CONFIG,
        ingress(localGatewayService="ml-local-gateway.ml-gateway.svc.corp.local"),
        *("True", "True", "no such host", "200", "KW411"),
    ),
    Broken(
        "KServe's `knativeLocalGatewayService` names another Service",
        CONFIG,
        ingress(knativeLocalGatewayService="ml-local.ml-gateway.svc.cluster.local"),
        *("True", "True", "503", "200", "KW401"),
    ),
    Broken(
        "the Gateway's selector matches no Pods",
        GATEWAY,
        selector(istio="typo"),
        *("True", "True", REFUSED, REFUSED, "KW403"),
    ),
    Broken(
        "the gateway's Pods have another label than the Gateway selects",
        RELEASE,
        pod_label,
        *("True", "True", REFUSED, REFUSED, "KW403"),
    ),
    Broken(
        "the Gateway listens on a port that its Service does not lead to",
        GATEWAY,
        server(port=HTTP | {"number": 8081}),
        *("True", "True", REFUSED, REFUSED, "KW405"),
    ),
    Broken(
        "the Gateway's hosts are those of another namespace",
        GATEWAY,
        server(hosts=["*.speech", "*.speech.svc", "*.speech.svc.cluster.local"]),
        *("Unknown", "Unknown", "404", "no such host", "KW406"),
    ),
    Broken(
        "the Gateway's hosts have only the longest of Knative's three names",
        GATEWAY,
        server(hosts=["*.vision.svc.cluster.local"]),
        *("Unknown", "Unknown", "404", "no such host", "KW406"),
    ),
    Broken(
        "the Service's selector matches no Pods",
        SERVICE,
        selector(istio="typo"),
        *("True", "True", "no endpoints", "no endpoints", "KW404"),
    ),
    Broken(
        "the Service has another port than 80",
        SERVICE,
        service_port(port=8080),
        *("True", "True", REFUSED, REFUSED, "KW405"),
    ),
    Broken(
        "`config-istio` names a Gateway that does not exist",
        SERVING,
        local_gateways(name="other"),
        *("Unknown", "Unknown", "404", "no such host", "KW402"),
    ),
    Broken(
        "`config-istio` names a Service that does not exist",
        SERVING,
        local_gateways(service="other.ml-gateway.svc.cluster.local"),
        *("True", "True", "200", "no such host", "KW404"),
    ),
    Broken(
        "`config-istio` still names the stock gateway",
        SERVING,
        without_default,
        *("True", "True", "404", "no endpoints", "KW401"),
    ),
]


@contextlib.contextmanager
def broken(environment: Environment, target: Target, change: Change) -> Iterator[None]:
    """Change the object, and restore it afterwards."""
    if target == RELEASE:
        with _reinstalled(environment, change):
            yield
        return
    bed = environment.bed
    original = bed.api.get(*target)
    changed = json.loads(json.dumps(original))
    change(changed)
    _replace(bed, target, changed)
    try:
        _followed(bed, target)
        yield
    finally:
        _replace(bed, target, original)
        # Else helm's next change of a field that we changed would be a conflict.
        owners = original["metadata"]["managedFields"]
        bed.api.patch(*target, [{"op": "replace", "path": "/metadata/managedFields", "value": owners}])
        _followed(bed, target)
        # The operator creates its Service where an entry with its name points, and never deletes it.
        bed.api.delete("v1/Service", "knative-local-gateway", "knative-serving")


@contextlib.contextmanager
def _reinstalled(environment: Environment, change: Change) -> Iterator[None]:
    _, release, namespace = RELEASE
    original = environment.values(release)
    changed = json.loads(json.dumps(original))
    change(changed)
    try:
        _install(environment, release, namespace, changed)
        yield
    finally:
        _install(environment, release, namespace, original)


def _install(environment: Environment, release: str, namespace: str, values: Object) -> None:
    environment.helm("uninstall", release, "--namespace", namespace, "--wait")
    environment.change(release, values)
    environment.make(f"install-{release}")


def _replace(bed: Bed, target: Target, wanted: Object) -> None:
    """Write data or spec back, whatever the object's current version is."""
    kind, name, namespace = target
    key = "data" if "data" in wanted else "spec"
    patch = [{"op": "replace", "path": f"/{key}", "value": wanted[key]}]
    bed.api.patch(kind, name, namespace, patch)


def _followed(bed: Bed, target: Target) -> None:
    """Wait until the operator has applied a change of its object."""
    if target != SERVING:
        return

    until("the operator writes Knative's ConfigMaps", lambda: _written(bed), 30)


def _written(bed: Bed) -> bool:
    """True if every ConfigMap has the keys of KnativeServing, and no key that it had before and lacks now."""
    config = bed.api.get(*SERVING)["spec"]["config"]
    found = {name: bed.api.get("v1/ConfigMap", f"config-{name}", "knative-serving")["data"] for name in config}
    same = all(found[name].get(key) == value for name, data in config.items() for key, value in data.items())
    return same and set(found["deployment"]) - {"_example"} == set(config["deployment"])
