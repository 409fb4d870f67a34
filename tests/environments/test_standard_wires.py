"""W10 without Knative: each end of what serves Ingresses, or nothing, is reported with its code when it changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kserve_wiring import inspect, read
from tests.environments.edit import REMOVED, Edit, Step, put
from tests.environments.test_wires import Objects, changed, objects, said
from tests.environments.wires import KSERVE_CONFIG, End
from tests.template.conftest import EXAMPLES

__all__ = ["objects"]

ISTIO, OTHERS, NONE = "standard-ingress", "standard-ingress-of-others", "standard-without-routes"
GATEWAY = "istio-ingress/kserve-ingress-gateway"
ISTIOD = "Deployment istio-system/istiod"
MESH = "ConfigMap istio-system/istio"
CLASS = "IngressClass istio"


def kserve(field: str, value: object) -> tuple[str, Edit]:
    return KSERVE_CONFIG, put("data", "ingress", "json", field, value=value)


def mesh(field: str, value: object) -> tuple[str, Edit]:
    return MESH, put("data", "mesh", "yaml", field, value=value)


def of(target: str, *path: Step, value: object) -> tuple[str, Edit]:
    return target, put(*path, value=value)


# Example, changed end, expected code.
ENDS = [
    (ISTIO, kserve("ingressClassName", "nginx"), "KW428"),
    (ISTIO, kserve("ingressClassName", "isto"), "KW428"),
    (ISTIO, kserve("enableGatewayApi", True), "KW426"),
    (ISTIO, kserve("ingressGateway", REMOVED), "KW303"),
    (ISTIO, kserve("urlScheme", "https"), "KW428"),
    (ISTIO, of(CLASS, "metadata", "name", value="other"), "KW428"),
    (ISTIO, of(CLASS, "spec", "controller", value="istio.io/ingress-controler"), "KW428"),
    (ISTIO, of(CLASS, "spec", "controller", value="k8s.io/ingress-nginx"), "KW428"),
    (ISTIO, mesh("ingressSelector", "other"), "KW428"),
    (ISTIO, mesh("ingressService", "other"), "KW428"),
    (ISTIO, of(f"Service {GATEWAY}", "spec", "selector", "istio", value="typo"), "KW428"),
    (ISTIO, of(f"Service {GATEWAY}", "metadata", "name", value="other"), "KW428"),
    (ISTIO, of(f"Service {GATEWAY}", "spec", "ports", 1, "port", value=8080), "KW428"),
    (ISTIO, of(f"Deployment {GATEWAY}", "spec", "template", "metadata", "labels", "istio", value="typo"), "KW428"),
    (ISTIO, of(ISTIOD, "spec", "template", "spec", "containers", 0, "env", value=[]), "KW428"),
    (OTHERS, kserve("ingressClassName", "nginx-2"), "KW428"),
    (OTHERS, kserve("enableGatewayApi", True), "KW426"),
    (OTHERS, kserve("disableIstioVirtualHost", False), "KW426"),
    (NONE, kserve("disableIngressCreation", False), "KW428"),
    (NONE, kserve("enableGatewayApi", True), "KW426"),
    (NONE, kserve("disableIstioVirtualHost", False), "KW426"),
]


@pytest.mark.parametrize(("example", "change", "code"), ENDS)
def test_a_changed_end_is_named(
    example: str, change: tuple[str, Edit], code: str, objects: Callable[[Path], Objects]
) -> None:
    path = next(path for path in EXAMPLES if path.stem == example)
    target, edit = change
    findings = inspect(read(changed(objects(path), End("W10", example, target, edit, code)))).findings
    assert code in {finding.code for finding in findings}, [said(finding) for finding in findings]
