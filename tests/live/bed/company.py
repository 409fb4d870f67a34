"""A cluster that other teams have made ready: cert-manager, istiod and a gateway by releases of their own names."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.live.bed.api import Object
from tests.live.bed.bed import Bed
from tests.live.bed.environments import OVERRIDES
from tools import stacks
from tools.console import BUILD

CHARTS = BUILD / "upstream" / stacks.DEFAULT / "modules"
SHOP = "shop.corp.example"
# Fields that the API server and controllers write at any time.
WRITTEN = ("managedFields", "resourceVersion", "generation")
# Kinds whose objects others keep writing, or that say nothing about a cluster's settings.
RESTLESS = ("events", "leases", "endpointslices", "endpoints", "componentstatuses", "nodes", "apiservices")
GATEWAY: dict[str, Any] = {
    "name": "istio-ingressgateway",
    "labels": {"app": "istio-ingressgateway", "istio": "ingressgateway"},
    "service": {
        "ports": [
            {"name": "http2", "port": 80, "targetPort": 8080},
            {"name": "https", "port": 443, "targetPort": 8443},
        ]
    },
}
RELEASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "mesh-crds": ("base", "istio-system", {}),
    "mesh": ("istiod", "istio-system", yaml.safe_load((OVERRIDES / "istiod.yaml").read_text("utf-8"))),
    "pki": ("cert-manager", "platform-pki", {"crds": {"enabled": True}}),
    "front-door": ("gateway", "edge", GATEWAY),
}


def make_ready(bed: Bed, folder: Path) -> None:
    """Install what the teams run, with Pod Security labels and a quota in their namespaces."""
    _remove_crds(bed)  # an environment of the tests before
    for body in _namespaces():
        bed.api.apply(body, manager="teams")
    for name, (chart, namespace, values) in RELEASES.items():
        file = folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(values), "utf-8")
        path = next(CHARTS.glob(f"{chart}-*[0-9]"))
        helm(bed, "install", name, str(path), "--namespace", namespace, "--values", str(file), "--wait")
    for body in _shop():
        bed.api.apply(body, manager="teams")


def remove(bed: Bed) -> None:
    """Remove the releases of the teams."""
    for name, (_, namespace, _) in reversed(RELEASES.items()):
        helm(bed, "uninstall", name, "--namespace", namespace, "--wait")
    bed.api.delete("networking.istio.io/v1/Gateway", "web", "shop")
    _remove_crds(bed)


def _remove_crds(bed: Bed) -> None:
    """Helm keeps the CRDs of Istio and cert-manager, with the name of the release that other releases must not have."""
    names = bed.kubectl("get", "crd", "--output", "name").split()
    kept = [name for name in names if name.endswith((".istio.io", ".cert-manager.io"))]
    if kept:
        bed.kubectl("delete", "--wait", *kept)


def helm(bed: Bed, *arguments: str) -> str:
    done = subprocess.run(
        [bed.variables["HELM"], *arguments], env=bed.variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def snapshot(bed: Bed) -> dict[str, Object]:
    """Every object of the cluster, without what others write at any time."""
    names = bed.kubectl("api-resources", "--verbs=list", "--output=name").split()
    kinds = ",".join(name for name in names if name.partition(".")[0] not in RESTLESS)
    listed = json.loads(bed.kubectl("get", kinds, "--all-namespaces", "--output", "json"))["items"]
    return {_title(item): _settled(item) for item in listed if not _leads(item)}


def _title(item: Object) -> str:
    meta = item["metadata"]
    return f"{item['apiVersion']}/{item['kind']} {meta.get('namespace', '')}/{meta['name']}"


def _settled(item: Object) -> Object:
    meta = {key: value for key, value in item["metadata"].items() if key not in WRITTEN}
    return {**{key: value for key, value in item.items() if key != "status"}, "metadata": meta}


def _leads(item: Object) -> bool:
    """True for a ConfigMap in which istiod renews that it leads."""
    return "control-plane.alpha.kubernetes.io/leader" in item["metadata"].get("annotations", {})


def _namespaces() -> list[Object]:
    levels = {
        "istio-system": "",
        "platform-pki": "restricted",
        "edge": "baseline",
        "shop": "restricted",
        "models": "baseline",
    }
    found: list[Object] = [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": level} if level else {}},
        }
        for name, level in levels.items()
    ]
    quota = {"name": "team", "namespace": "models"}
    hard = {"pods": "20", "requests.cpu": "40", "limits.memory": "80Gi"}
    found.append({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": quota, "spec": {"hard": hard}})
    limit = {"type": "Container", "default": {"memory": "2Gi"}, "defaultRequest": {"cpu": "100m"}}
    found.append({"apiVersion": "v1", "kind": "LimitRange", "metadata": quota, "spec": {"limits": [limit]}})
    return found


def _shop() -> list[Object]:
    """A team's own Gateway for all hosts on the same Pods, and a route through it."""
    gateway = {
        "selector": {"istio": "ingressgateway"},
        "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
    }
    return [
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Gateway",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": gateway,
        },
        route("shop", "web", "shop/web", SHOP, 418),
    ]


def route(namespace: str, name: str, gateway: str, host: str, status: int) -> Object:
    """A VirtualService whose gateway itself answers with a status."""
    spec = {"hosts": [host], "gateways": [gateway], "http": [{"directResponse": {"status": status}}]}
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta, "spec": spec}
