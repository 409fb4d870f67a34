"""Gateway wires, each broken alone on the running environment: the symptom, and the code that reports it.

make generate writes the table of docs/how-to/504-and-404.md from them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from tests.environments.edit import Edit, edited, every, put
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


@dataclass(frozen=True)
class Broken:
    """One broken wire. knative, kserve: Ready of the objects. host, predictor: their responses. code: of the rule."""

    wire: str
    target: Target
    change: Edit
    knative: str
    kserve: str
    host: str
    predictor: str
    code: str


INGRESS = ("data", "ingress", "json")
GATEWAYS = ("spec", "config", "istio", "local-gateways")
ENTRY = (*GATEWAYS, "yaml", 0)
SERVER = ("spec", "servers", 0)
STOCK = "knative-local-gateway.istio-system.svc.cluster.local"
REFUSED = "connection refused"
# config-istio as Knative ships it.
SHIPPED = [{"name": "knative-local-gateway", "namespace": "knative-serving", "service": STOCK}]

BROKEN = [
    Broken(
        "KServe's `localGateway` names another Gateway",
        CONFIG,
        put(*INGRESS, "localGateway", value="knative-serving/knative-local-gateway"),
        *("True", "True", "404", "200", "KW401"),
    ),
    Broken(
        "KServe's gateway and Services are still the default ones",
        CONFIG,
        every(
            put(*INGRESS, "localGateway", value="knative-serving/knative-local-gateway"),
            put(*INGRESS, "localGatewayService", value=STOCK),
            put(*INGRESS, "knativeLocalGatewayService", value=STOCK),
        ),
        *("True", "True", "no endpoints", "200", "KW401"),
    ),
    Broken(
        "KServe's `localGatewayService` is in another namespace",
        CONFIG,
        put(*INGRESS, "localGatewayService", value="ml-local-gateway.istio-system.svc.cluster.local"),
        *("True", "True", "no such host", "200", "KW401"),
    ),
    Broken(
        "KServe's `localGatewayService` is in another cluster domain",
        CONFIG,
        put(*INGRESS, "localGatewayService", value="ml-local-gateway.ml-gateway.svc.corp.local"),
        *("True", "True", "no such host", "200", "KW411"),
    ),
    Broken(
        "KServe's `knativeLocalGatewayService` names another Service",
        CONFIG,
        put(*INGRESS, "knativeLocalGatewayService", value="ml-local.ml-gateway.svc.cluster.local"),
        *("True", "True", "503", "200", "KW401"),
    ),
    Broken(
        "the Gateway's selector matches no Pods",
        GATEWAY,
        put("spec", "selector", "istio", value="typo"),
        *("True", "True", REFUSED, REFUSED, "KW403"),
    ),
    Broken(
        "the gateway's Pods have another label than the Gateway selects",
        RELEASE,
        put("labels", "istio", value="other"),
        *("True", "True", REFUSED, REFUSED, "KW403"),
    ),
    Broken(
        "the Gateway listens on a port that is not a target port of its Service",
        GATEWAY,
        put(*SERVER, "port", "number", value=8081),
        *("True", "True", REFUSED, REFUSED, "KW405"),
    ),
    Broken(
        "the Gateway's hosts are those of another namespace",
        GATEWAY,
        put(*SERVER, "hosts", value=["*.speech", "*.speech.svc", "*.speech.svc.cluster.local"]),
        *("Unknown", "Unknown", "404", "no such host", "KW406"),
    ),
    Broken(
        "the Gateway's hosts have only the longest of Knative's three names",
        GATEWAY,
        put(*SERVER, "hosts", value=["*.vision.svc.cluster.local"]),
        *("Unknown", "Unknown", "404", "no such host", "KW406"),
    ),
    Broken(
        "the Service's selector matches no Pods",
        SERVICE,
        put("spec", "selector", "istio", value="typo"),
        *("True", "True", "no endpoints", "no endpoints", "KW404"),
    ),
    Broken(
        "the Service has another port than 80",
        SERVICE,
        put("spec", "ports", 1, "port", value=8080),
        *("True", "True", REFUSED, REFUSED, "KW405"),
    ),
    Broken(
        "`config-istio` names a Gateway that does not exist",
        SERVING,
        put(*ENTRY, "name", value="other"),
        *("Unknown", "Unknown", "404", "no such host", "KW402"),
    ),
    Broken(
        "`config-istio` names a Service that does not exist",
        SERVING,
        put(*ENTRY, "service", value="other.ml-gateway.svc.cluster.local"),
        *("True", "True", "200", "no such host", "KW404"),
    ),
    Broken(
        "`config-istio` still names the stock gateway",
        SERVING,
        put(*GATEWAYS, value=json.dumps(SHIPPED)),
        *("True", "True", "404", "no endpoints", "KW401"),
    ),
]


@contextlib.contextmanager
def broken(environment: Environment, target: Target, change: Edit) -> Iterator[None]:
    """The object changed, and as it was again afterwards."""
    if target == RELEASE:
        with _reinstalled(environment, change):
            yield
        return
    bed = environment.bed
    original = bed.api.get(*target)
    changed = edited(original, change)
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
def _reinstalled(environment: Environment, change: Edit) -> Iterator[None]:
    _, release, namespace = RELEASE
    original = environment.values(release)
    changed = edited(original, change)
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
