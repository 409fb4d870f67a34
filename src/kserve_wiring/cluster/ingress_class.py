# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Which Knative ingress controllers run, and which one serves a class."""

from __future__ import annotations

from collections.abc import Mapping

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.manifests.objects import Setting

ISTIO = "istio.ingress.networking.knative.dev"
_DOMAIN = ".ingress.networking.knative.dev"
# spec.ingress of KnativeServing and the Deployment of the controller, by the first part of the class.
CONTROLLERS = {
    "istio": ("net-istio-controller",),
    "kourier": ("net-kourier-controller",),
    "contour": ("net-contour-controller",),
    "gateway-api": ("net-gateway-api-controller",),
}
KEYS = ("ingress-class", "ingress.class")


def class_of(controller: str) -> str:
    """The class that a controller serves."""
    return f"{controller}{_DOMAIN}"


def ingress_controllers(cluster: Cluster) -> list[str]:
    """The ingress controllers that the manifests show, such as ``istio``; empty if they show none."""
    server = cluster.knative.server
    found = {name for name, (deployment,) in CONTROLLERS.items() if cluster.named("Deployment", deployment)}
    if server is not None:
        chosen = server.get("spec", "ingress")
        if not isinstance(chosen, Mapping):
            return sorted(found | {"istio"})
        found |= {name for name in CONTROLLERS if server.get("spec", "ingress", name, "enabled") is True}
    return sorted(found)


def configured_class(cluster: Cluster) -> Setting | None:
    """Knative's ingress class, or None if it is not set: then it is istio's."""
    return next((found for key in KEYS if (found := cluster.knative.setting("network", key)) and found.value), None)


def why_unserved(cluster: Cluster, name: str) -> str:
    """Why no controller serves a class; "" if one may do so."""
    controllers = ingress_controllers(cluster)
    known = {class_of(controller): controller for controller in CONTROLLERS}
    if name in known and controllers and known[name] not in controllers:
        return f"the ingress controller that is installed serves {_listed(controllers)}"
    if name not in known and (name.endswith(_DOMAIN) or "." not in name):
        return f"Knative's ingress controllers serve {_listed(controllers or sorted(CONTROLLERS))}"
    return ""


def nearest_class(cluster: Cluster, name: str) -> str:
    """The class that was probably meant: the one that is installed, else the one that the text names."""
    controllers = ingress_controllers(cluster) or sorted(CONTROLLERS)
    named = [controller for controller in controllers if name.startswith(controller) or controller in name]
    return class_of((named or (["istio"] if "istio" in controllers else controllers))[0])


def _listed(controllers: list[str]) -> str:
    return " and ".join(class_of(controller) for controller in controllers)
