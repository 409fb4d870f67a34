"""What to read when a test fails: conditions that are not true, last log lines, Envoy's routes."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator

from tests.live.bed.api import ApiError, Object
from tests.live.bed.bed import Bed
from tests.live.bed.gateway import ADMIN_PORT
from tests.live.bed.processes import last_lines

WATCHED = (
    "operator.knative.dev/v1beta1/KnativeServing",
    "serving.kserve.io/v1beta1/InferenceService",
    "serving.knative.dev/v1/Service",
    "serving.knative.dev/v1/Revision",
    "networking.internal.knative.dev/v1alpha1/Ingress",
    "gateway.networking.k8s.io/v1/Gateway",
    "serving.kserve.io/v1alpha2/LLMInferenceService",
)
CONTROLLERS = (
    ("knative-operator", "knative-operator"),
    ("knative-serving", "controller"),
    ("knative-serving", "net-istio-controller"),
    ("kserve", "kserve-controller-manager"),
    ("kserve", "llmisvc-controller-manager"),
    ("istio-system", "istiod"),
)


# A warning or an error: in the JSON of Knative and KServe, the text of istiod, the text of Kubernetes.
ALARMING = re.compile(r'"(severity|level)":"(?i:warn|error|fatal)|\t(warn|error)\t|^[WEF]\d{4} ')


def diagnosis(bed: Bed) -> str:
    """The report. A part that fails contributes its error."""
    parts: list[tuple[str, Callable[[Bed], Iterator[str]]]] = [
        ("conditions that are not True", conditions),
        ("Pods that are not ready", pods),
        ("last lines of the controllers", logs),
        ("Envoy's routes", routes),
    ]
    return "\n".join(f"--- {title}\n{_text(part, bed)}" for title, part in parts)


def conditions(bed: Bed) -> Iterator[str]:
    for kind in WATCHED:
        for found in bed.api.list(kind):
            meta = found["metadata"]
            for item in found.get("status", {}).get("conditions", []):
                # An InferenceService has Stopped False while it is not stopped.
                if item["status"] != "True" and item["type"] != "Stopped":
                    text = f"{item.get('reason', '')} {item.get('message', '')}".strip()
                    name = f"{found['kind']} {meta.get('namespace', '')}/{meta['name']}"
                    yield f"{name}: {item['type']} {item['status']}: {text}"


def pods(bed: Bed) -> Iterator[str]:
    for pod in bed.pods(""):
        for status in pod["status"].get("containerStatuses", []):
            if not status["ready"] and pod["status"]["phase"] != "Succeeded":
                meta = pod["metadata"]
                yield f"{meta['namespace']}/{meta['name']} {status['name']}: {json.dumps(status['state'])}"


def logs(bed: Bed) -> Iterator[str]:
    for namespace, name in CONTROLLERS:
        yield f"[{namespace}/{name}]"
        yield from map(readable, worth_reading(bed.log(namespace, name, 300).splitlines()))
    lines = last_lines(bed.state / "logs" / "kube-apiserver.log", 300).splitlines()
    yield "[kube-apiserver]"
    yield from map(readable, worth_reading(lines))


def worth_reading(lines: list[str]) -> list[str]:
    """The last warnings, without repetitions, and the very last lines."""
    warnings = {readable(line)[-120:]: line for line in lines if ALARMING.search(line)}
    return [*list(warnings.values())[-6:], *lines[-2:]]


def readable(line: str) -> str:
    """A readable log line: severity, message and error of a JSON line."""
    try:
        entry = json.loads(line)
        keys = ("severity", "level", "message", "msg", "error", "knative.dev/key")
        return " ".join(str(entry[key]) for key in keys if key in entry)[:300]
    except (ValueError, TypeError):
        return line[:300]


def routes(bed: Bed) -> Iterator[str]:
    for pod in gateways(bed):
        yield f"[{pod['metadata']['namespace']}/{pod['metadata']['name']}]"
        for host, target in route_table(pod["status"]["podIP"]):
            yield f"{host} -> {target}"


def gateways(bed: Bed) -> list[Object]:
    """The gateway Pods that run an Envoy."""
    return [pod for pod in bed.pods("") if any("proxyv2" in c["image"] for c in pod["spec"]["containers"])]


def gateway_address(bed: Bed, name: str) -> str:
    """The address of a gateway's Pod, by its name in the answers."""
    return str(next(p for p in gateways(bed) if p["metadata"]["labels"].get("istio") == name)["status"]["podIP"])


def route_table(address: str) -> list[tuple[str, str]]:
    """The routes of an Envoy, as (domains of a virtual host, clusters)."""
    connection = http.client.HTTPConnection(address, ADMIN_PORT, timeout=3)
    connection.request("GET", "/config_dump?resource=dynamic_route_configs")
    dump = json.loads(connection.getresponse().read())
    found = []
    for config in dump.get("configs", []):
        for host in config["route_config"].get("virtual_hosts", []):
            clusters = [_cluster(route) for route in host.get("routes", [])]
            found.append((" ".join(host["domains"]), ", ".join(dict.fromkeys(clusters))))
    return found


def _cluster(route: Object) -> str:
    action = route.get("route", {})
    weighted = action.get("weighted_clusters", {}).get("clusters", [])
    return str(action.get("cluster") or [item["name"] for item in weighted] or list(route))


def _text(part: Callable[[Bed], Iterator[str]], bed: Bed) -> str:
    try:
        return "\n".join(part(bed)) or "none"
    except (ApiError, OSError, http.client.HTTPException, ValueError, KeyError) as error:
        return f"not available: {error}"
