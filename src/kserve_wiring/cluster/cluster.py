# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The typed index that the rules read. It contains no rule and prints nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.config_istio import GatewayConfig, GatewayEntry
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.image_uses import ImageUse, image_uses
from kserve_wiring.cluster.isvc_config import NAME as ISVC_CONFIG
from kserve_wiring.cluster.isvc_config import IsvcConfig, parse_isvc_config
from kserve_wiring.cluster.knative import Knative, find_knative
from kserve_wiring.cluster.knative_operator import operator_objects
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse, pod_uses
from kserve_wiring.manifests.objects import KubeObject, dig

STANDARD_MODES = ("Standard", "RawDeployment")


class Cluster:
    """Objects of one cluster, by kind, with the views that several rules share.

    objects: what was read. Adds the objects that the Knative operator will create, marked ``operator_made``.
    """

    def __init__(self, objects: Iterable[KubeObject], facts: Facts) -> None:
        self.facts = facts
        self.objects = list(objects)
        self.knative: Knative = find_knative(self.objects)
        self._by_kind: dict[str, list[KubeObject]] = defaultdict(list)
        self._by_name: dict[tuple[str, str, str], list[KubeObject]] = defaultdict(list)
        for obj in [*self.objects, *operator_objects(self.knative, facts)]:
            self._by_kind[obj.kind].append(obj)
            self._by_name[obj.kind, obj.namespace, obj.name].append(obj)

    def of_kind(self, *kinds: str) -> Iterator[KubeObject]:
        """Objects of the given kinds, in reading order."""
        for kind in kinds:
            yield from self._by_kind.get(kind, ())

    def find(self, kind: str, namespace: str, name: str) -> list[KubeObject]:
        """Objects by name. An object without a namespace matches any."""
        found = self._by_name.get((kind, namespace, name), [])
        return found if found or not namespace else self._by_name.get((kind, "", name), [])

    def named(self, kind: str, name: str) -> list[KubeObject]:
        """Objects of a kind and name in any namespace."""
        return [obj for obj in self._by_kind.get(kind, ()) if obj.name == name]

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Namespaces that hold an object or are one."""
        return frozenset(obj.namespace for obj in self.objects) | {obj.name for obj in self.of_kind("Namespace")}

    @cached_property
    def images(self) -> list[ImageUse]:
        """Every image reference."""
        return [use for obj in self.objects for use in image_uses(obj)]

    @cached_property
    def pods(self) -> list[PodUse]:
        """Every pod spec."""
        return [pod for obj in self.objects for pod in pod_uses(obj)]

    @cached_property
    def applications(self) -> list[KubeObject]:
        """Argo CD's Applications."""
        return [obj for obj in self.of_kind("Application") if obj.group == "argoproj.io"]

    @cached_property
    def isvc_config(self) -> IsvcConfig | None:
        """KServe's configuration; None if it was not read."""
        objects = [obj for obj in self.of_kind("ConfigMap") if obj.name == ISVC_CONFIG]
        return parse_isvc_config(objects[0]) if objects else None

    @cached_property
    def config_istio(self) -> GatewayConfig | None:
        """net-istio's gateways; None if the manifests do not show them."""
        return self.knative.gateways()

    def knative_entry(self, role: str) -> GatewayEntry | None:
        """Knative's default gateway of a role: ``local`` or ``ingress``."""
        return self.config_istio.default(role) if self.config_istio else None

    @cached_property
    def gateway_pods(self) -> list[PodUse]:
        """Pods of Istio gateways."""
        return [pod for pod in self.pods if gw.is_gateway_pod(pod)]

    @cached_property
    def has_unread_gateways(self) -> bool:
        """True if something unrendered installs gateway pods: a chart, Istio's operator."""
        if self.facts.complete:
            return False
        rendered = {obj.source.release for obj in self.objects}
        for obj in self.of_kind("Application", "HelmRelease", "HelmChart"):
            charts = [dig(source, "chart") for source in (obj.get("spec", "source"), *obj.items("spec", "sources"))]
            charts += [obj.get("spec", "chart"), obj.get("spec", "chart", "spec", "chart")]
            if obj.name not in rendered and any(isinstance(name, str) and "gateway" in name for name in charts):
                return True
        return any(True for _ in self.of_kind("IstioOperator", "Istio"))

    @cached_property
    def gateways(self) -> dict[str, KubeObject]:
        """Istio Gateways by ``namespace/name``. One that was read wins over one that the operator will create."""
        found: dict[str, KubeObject] = {}
        for obj in self.of_kind("Gateway"):
            if gw.is_istio_gateway(obj):
                found.setdefault(f"{obj.namespace}/{obj.name}", obj)
        return found

    def services_of(self, pods: Iterable[PodUse]) -> list[KubeObject]:
        """Services that select any of the pods."""
        wanted = list(pods)
        return [obj for obj in self.of_kind("Service") if obj.group == "" and gw.pods_of_service(obj, wanted)]

    @cached_property
    def kserve_controllers(self) -> list[KubeObject]:
        """The Deployment of KServe's controller."""
        return [obj for obj in self.of_kind("Deployment") if obj.name == "kserve-controller-manager"]

    @cached_property
    def kserve_namespace(self) -> str:
        """Namespace of KServe's controller; "" if unknown."""
        if self.kserve_controllers:
            return self.kserve_controllers[0].namespace
        return self.isvc_config.obj.namespace if self.isvc_config else ""

    @cached_property
    def deployment_mode(self) -> str:
        """KServe's default deployment mode; "" if unknown."""
        return self.isvc_config.text("deploy", "defaultDeploymentMode") if self.isvc_config else ""

    def runs_on_knative(self, obj: KubeObject) -> bool:
        """True unless an object certainly bypasses Knative."""
        if obj.group == KNATIVE_GROUP:
            return True
        mode = obj.annotations.get("serving.kserve.io/deploymentMode") or self.deployment_mode
        return mode not in STANDARD_MODES

    @cached_property
    def routes_through_istio(self) -> bool:
        """True if KServe writes VirtualServices: in Knative mode, unless disabled (ingress_reconciler.go).

        Without a readable ``ingress`` KServe does not start: KW303 reports that.
        """
        config = self.isvc_config
        return (
            config is not None
            and "ingress" in config.values
            and self.deployment_mode not in STANDARD_MODES
            and not config.is_true("ingress", "disableIstioVirtualHost")
        )

    @cached_property
    def workload_namespaces(self) -> list[str]:
        """Namespaces of models: of InferenceServices, of Knative Services, of the environment's tenants."""
        found = {
            obj.namespace for obj in self.of_kind("InferenceService", "InferenceGraph") if obj.group == KSERVE_GROUP
        }
        found |= {obj.namespace for obj in self.of_kind("Service") if obj.group == KNATIVE_GROUP}
        found |= {obj.namespace for obj in self.tenant_accounts}
        return sorted(found - {""})

    @cached_property
    def tenant_accounts(self) -> list[KubeObject]:
        """ServiceAccounts that the environment's own release creates: models run under these."""
        if not self.facts.complete:
            return []
        own = [obj for obj in self.objects if obj.labels.get("kserve-wiring.io/context") == "true"]
        release = own[0].source.release if own else ""
        if not release:
            return []
        return [
            obj for obj in self.of_kind("ServiceAccount") if obj.source.release == release and not obj.source.partial
        ]
