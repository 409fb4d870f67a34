# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What istiod does with Ingresses: the Pods that it gives them to, and the Service whose address they get.

istio 1.27 pilot/pkg/config/kube/ingress: gateways.go getIngressGatewaySelector, ingress.go runningAddresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.mesh_config import meshes
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of

CONTROLLER = "istio.io/ingress-controller"
NAMESPACE = "K8S_INGRESS_NS"
"""The environment variable of istiod with the namespace of that Service."""
_DEFAULT_NAMESPACE = "istio-system"
_DEFAULT_SERVICE, _DEFAULT_LABEL = "istio-ingressgateway", "ingressgateway"


@dataclass(frozen=True, slots=True)
class IngressMesh:
    """The configuration of a mesh, as far as Ingresses go."""

    obj: KubeObject
    config: Mapping[str, Any]

    def setting(self, key: str) -> Setting:
        """A key of it, present or not."""
        return Setting(self.config.get(key), self.obj, ("data", "mesh", key))

    @property
    def label(self) -> tuple[str, Setting]:
        """The label istio of the Pods that get the Ingresses, and the setting that decides it."""
        key = "ingressSelector" if self.config.get("ingressSelector") else "ingressService"
        given = self.setting(key).text()
        default = key == "ingressService" and given in ("", _DEFAULT_SERVICE)
        return _DEFAULT_LABEL if default else given, self.setting(key)

    def istiod(self, cluster: Cluster) -> PodUse | None:
        """Its istiod, which is in its namespace and has a label of that name; None if it was not read."""
        found = (pod for pod in cluster.pods if pod.labels.get("app") == "istiod")
        return next((pod for pod in found if pod.namespace == self.obj.namespace), None)

    def namespace(self, cluster: Cluster) -> str:
        """Where istiod looks for the Service whose address it writes into Ingresses."""
        istiod = self.istiod(cluster)
        for _, container in istiod.containers() if istiod else ():
            for _, variable in mappings_of(container.get("env")):
                if variable.get("name") == NAMESPACE and variable.get("value"):
                    return str(variable["value"])
        return _DEFAULT_NAMESPACE


def ingress_meshes(cluster: Cluster) -> Iterator[IngressMesh]:
    """The meshes whose configuration was read."""
    for obj, config in meshes(cluster):
        yield IngressMesh(obj, config)
