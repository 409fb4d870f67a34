"""A cluster with one ready model behind two gateways, as the objects of a real one describe it."""

from __future__ import annotations

import json
from typing import Any

Object = dict[str, Any]
DOMAIN = "svc.cluster.local"
LOCAL, INGRESS = "ml-gateway/ml-local", "istio-system/ingress"


def made(kind: str, name: str, namespace: str, version: str = "v1", **more: Any) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **more}


def pod(name: str, namespace: str, labels: Object, ports: list[Object] | None = None) -> Object:
    status = {"phase": "Running", "podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    spec = {"containers": [{"name": "istio-proxy", "ports": ports or []}]}
    found = made("Pod", name, namespace, spec=spec, status=status)
    found["metadata"]["labels"] = labels
    return found


def service(name: str, namespace: str, port: int, target: int | str, selector: Object) -> Object:
    spec = {"ports": [{"port": port, "targetPort": target}], "selector": selector, "clusterIP": "10.0.0.1"}
    return made("Service", name, namespace, spec=spec)


def alias(name: str, target: str) -> Object:
    return made("Service", name, "models", spec={"type": "ExternalName", "externalName": target})


def model(scheme: str = "http", **predictor: Any) -> Object:
    predictor = predictor or {"model": {"modelFormat": {"name": "sklearn"}}}
    status = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "url": f"{scheme}://iris.models.ml.example.com",
        "address": {"url": f"http://iris.models.{DOMAIN}"},
        "components": {"predictor": {"address": {"url": f"http://iris-predictor.models.{DOMAIN}"}}},
    }
    return made(
        "InferenceService",
        "iris",
        "models",
        "serving.kserve.io/v1beta1",
        spec={"predictor": predictor},
        status=status,
    )


def config(**ingress: Any) -> Object:
    text = {"ingressGateway": INGRESS, "localGateway": LOCAL, "localGatewayService": f"ml-local.ml-gateway.{DOMAIN}"}
    return made("ConfigMap", "inferenceservice-config", "kserve", data={"ingress": json.dumps(text | ingress)})


def gateway(name: str, namespace: str, *servers: tuple[int, str]) -> Object:
    listed = [{"port": {"number": port, "protocol": protocol}, "hosts": ["*"]} for port, protocol in servers]
    spec = {"selector": {"istio": name}, "servers": listed}
    return made("Gateway", name, namespace, "networking.istio.io/v1", spec=spec)


def cluster(local: int = 8081, ingress: int = 8080) -> list[Object]:
    """All objects. local, ingress: the ports on which the gateways listen."""
    named = [{"name": "http", "containerPort": ingress}]
    owned = pod("iris-predictor-1", "models", {"serving.kserve.io/inferenceservice": "iris"})
    return [
        model(),
        owned,
        config(),
        alias("iris", f"ml-local.ml-gateway.{DOMAIN}"),
        alias("iris-predictor", f"ml-local.ml-gateway.{DOMAIN}"),
        service("ml-local", "ml-gateway", 80, local, {"istio": "ml-local"}),
        pod("ml-local-1", "ml-gateway", {"istio": "ml-local"}),
        gateway("ml-local", "ml-gateway", (local, "HTTP")),
        service("ingress", "istio-system", 80, "http", {"istio": "ingress"}),
        pod("ingress-1", "istio-system", {"istio": "ingress"}, named),
        gateway("ingress", "istio-system", (80, "HTTP"), (443, "HTTPS")),
    ]
