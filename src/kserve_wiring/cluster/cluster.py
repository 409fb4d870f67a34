# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The typed index that the rules read. It contains no rule and prints nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.chart_config import config_of_charts
from kserve_wiring.cluster.config_istio import GatewayConfig, GatewayEntry
from kserve_wiring.cluster.distribution import is_openshift
from kserve_wiring.cluster.existing_gateways import gateway_objects, gateway_pods
from kserve_wiring.cluster.existing_knative import add_asked
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.final import Kustomized, is_final, kustomized, without_moved_namespaces
from kserve_wiring.cluster.image_uses import ImageUse, image_uses
from kserve_wiring.cluster.isvc_config import NAME as ISVC_CONFIG
from kserve_wiring.cluster.isvc_config import IsvcConfig, parse_isvc_config
from kserve_wiring.cluster.knative import Knative, find_knative
from kserve_wiring.cluster.knative_operator import operator_objects
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse, pod_uses
from kserve_wiring.manifests.known_values import ReleaseValues
from kserve_wiring.manifests.objects import KeyPath, KubeObject, dig, mappings_of

MODE = "serving.kserve.io/deploymentMode"
"""The annotation with the mode of an InferenceService."""
_SCALING = "autoscaling.knative.dev/"
STANDARD_MODES = ("Standard", "RawDeployment")
_NOT_ON_KNATIVE = (*STANDARD_MODES, "ModelMesh")


class Cluster:
    """Objects of one cluster, by kind, with the views that several rules share.

    objects: what was read. Adds the objects that the Knative operator will create, marked ``operator_made``, and what
    the facts tell about gateways and Knative of others; with these, they are ``everything``. values: the values files
    of an environment's releases.
    """

    def __init__(self, objects: Iterable[KubeObject], facts: Facts, values: Iterable[ReleaseValues] = ()) -> None:
        self.facts = facts
        self.objects = without_moved_namespaces(list(objects))
        self.values = list(values)
        self.knative: Knative = find_knative(self.objects)
        add_asked(self.knative, facts.existing_knative, facts.source_of("existing_knative"))
        self._by_kind: dict[str, list[KubeObject]] = defaultdict(list)
        self._by_name: dict[tuple[str, str, str], list[KubeObject]] = defaultdict(list)
        self._by_namespace: dict[tuple[str, str], list[KubeObject]] = defaultdict(list)
        self._named: dict[tuple[str, str], list[KubeObject]] = defaultdict(list)
        source = facts.source_of("existing_gateways")
        self._existing_pods = list(gateway_pods(facts.existing_gateways, source))
        added = [*operator_objects(self.knative, facts), *gateway_objects(facts.existing_gateways, source)]
        self.everything: list[KubeObject] = [*self.objects, *added]
        for obj in self.everything:
            self._by_kind[obj.kind].append(obj)
            self._by_name[obj.kind, obj.namespace, obj.name].append(obj)
            self._by_namespace[obj.kind, obj.namespace].append(obj)
            self._named[obj.kind, obj.name].append(obj)

    @cached_property
    def is_openshift(self) -> bool:
        """True if the objects are for OpenShift, whose Knative differs from upstream's."""
        return is_openshift(self.objects)

    @cached_property
    def kustomized(self) -> Kustomized:
        """What the kustomizations among the objects still change."""
        return kustomized(self.objects)

    def is_final(self, obj: KubeObject, path: KeyPath) -> bool:
        """True if no template and no kustomization replaces the value at a path."""
        return is_final(obj, path) and not self.kustomized.changes(obj, path)

    def of_kind(self, *kinds: str) -> Iterator[KubeObject]:
        """Objects of the given kinds, in reading order."""
        for kind in kinds:
            yield from self._by_kind.get(kind, ())

    def find(self, kind: str, namespace: str, name: str) -> list[KubeObject]:
        """Objects by name. An object without a namespace matches any."""
        found = self._by_name.get((kind, namespace, name), [])
        return found if found or not namespace else self._by_name.get((kind, "", name), [])

    def shows_all(self, *kinds: str) -> bool:
        """True if an object of these kinds that was not read does not exist.

        The manifests of an environment are whole; of a running cluster, doctor and kubectl read some kinds.
        """
        return self.facts.complete and (not self.facts.live or any(self._by_kind.get(kind) for kind in kinds))

    def in_namespace(self, kind: str, namespace: str) -> list[KubeObject]:
        """Objects of a kind in a namespace, in reading order."""
        return self._by_namespace.get((kind, namespace), [])

    def named(self, kind: str, name: str) -> list[KubeObject]:
        """Objects of a kind and name in any namespace."""
        return self._named.get((kind, name), [])

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
        return parse_isvc_config(objects[0]) if objects else config_of_charts(self.objects)

    @cached_property
    def config_istio(self) -> GatewayConfig | None:
        """net-istio's gateways; None if the manifests do not show them."""
        return self.knative.gateways()

    def knative_entry(self, role: str) -> GatewayEntry | None:
        """Knative's default gateway of a role: ``local`` or ``ingress``."""
        return self.config_istio.default(role) if self.config_istio else None

    @cached_property
    def gateway_pods(self) -> list[PodUse]:
        """Pods of Istio gateways, also of those that others have installed."""
        return [*(pod for pod in self.pods if gw.is_gateway_pod(pod)), *self._existing_pods]

    @cached_property
    def has_unread_gateways(self) -> bool:
        """True if something unrendered installs gateway pods: a chart, Istio's operator."""
        if self.facts.complete or self.facts.unread:
            return bool(self.facts.unread)
        rendered = {obj.source.release for obj in self.objects}
        for obj in self.of_kind("Application", "HelmRelease", "HelmChart"):
            charts = [dig(source, "chart") for source in (obj.get("spec", "source"), *obj.items("spec", "sources"))]
            charts += [obj.get("spec", "chart"), obj.get("spec", "chart", "spec", "chart")]
            if obj.name not in rendered and any(isinstance(name, str) and "gateway" in name for name in charts):
                return True
        return any(True for _ in self.of_kind("IstioOperator", "Istio", "ServiceMeshControlPlane"))

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
        return self.isvc_config.namespace if self.isvc_config else ""

    @cached_property
    def runtimes_of_format(self) -> dict[tuple[str, str], list[KubeObject]]:
        """The runtimes that KServe may choose for a model format, by namespace ("" for the cluster's) and format."""
        found: dict[tuple[str, str], list[KubeObject]] = {}
        for runtime in self.of_kind("ServingRuntime", "ClusterServingRuntime"):
            formats = mappings_of(runtime.get("spec", "supportedModelFormats"))
            names = {str(item.get("name")) for _, item in formats if item.get("autoSelect") is True}
            for name in names if runtime.get("spec", "disabled") is not True else ():
                found.setdefault((runtime.namespace, name), []).append(runtime)
        return found

    @cached_property
    def deployment_mode(self) -> str:
        """KServe's default deployment mode; "" if unknown."""
        return self.isvc_config.text("deploy", "defaultDeploymentMode") if self.isvc_config else ""

    def runs_on_knative(self, obj: KubeObject) -> bool:
        """True unless an object certainly bypasses Knative."""
        if obj.group == KNATIVE_GROUP:
            return True
        mode = obj.annotations.get(MODE) or self.deployment_mode
        return mode not in _NOT_ON_KNATIVE

    def shows_knative(self, obj: KubeObject) -> bool:
        """True if something shows that Knative runs an object: the mode, KServe's configuration, Knative, a setting."""
        shown = self.deployment_mode or self.knative.known("features") or MODE in obj.annotations
        return self.runs_on_knative(obj) and bool(shown or _SCALING in str(obj.annotations))

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
        release = self.facts.release
        return [
            obj
            for obj in self.of_kind("ServiceAccount")
            if release and obj.source.release == release and not obj.source.partial
        ]
