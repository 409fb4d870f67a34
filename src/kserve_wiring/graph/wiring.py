# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Which settings, Gateways, Services and Pods refer to each other: nodes and wires for Mermaid and HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.report import Report
from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.config_istio import GatewayEntry
from kserve_wiring.cluster.gateway_chain import find_service, gateway_setting, service_setting
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.manifests.notes import summed
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, Setting, show_path

Key = tuple[str, str, str, str]
"""Group, kind, namespace and name of an object."""

SETTINGS, GATEWAYS, SERVICES, PODS = range(4)
COLUMNS = ("Settings", "Gateways", "Services", "Pods")
_ISTIO = "networking.istio.io"
_GATEWAY_KEYS = ("localGateway", "ingressGateway")
_SERVICE_KEYS = ("localGatewayService", "knativeLocalGatewayService")
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Pod")


@dataclass(slots=True)
class Row:
    """A setting of a node. value: "" if it is not shown. codes: of the findings about it."""

    path: str
    value: str = ""
    codes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Node:
    """An object. absent: it is named but was not read. made: an operator will create it."""

    kind: str
    namespace: str
    name: str
    column: int
    rows: list[Row] = field(default_factory=list)
    absent: bool = False
    made: bool = False

    @property
    def codes(self) -> list[str]:
        """The codes of all rows, without duplicates."""
        return sorted({code for row in self.rows for code in row.codes})

    def row(self, path: str, value: str = "") -> int:
        """Index of the row of a path. Adds the row if it is new."""
        for index, row in enumerate(self.rows):
            if row.path == path:
                row.value = row.value or value
                return index
        self.rows.append(Row(path, value))
        return len(self.rows) - 1


@dataclass(slots=True)
class Wire:
    """From a row of one node to a node, or to a row of it. codes: of the findings that report it as broken."""

    source: Key
    row: int
    target: Key
    target_row: int = -1
    codes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Wiring:
    """Nodes by key in the order of discovery, and the wires between them. notes: what was not read."""

    nodes: dict[Key, Node] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def node(self, ref: ObjectRef, *, absent: bool = False, made: bool = False) -> Key:
        """Key of the node of an object. Adds the node if it is new."""
        key = ref.identity
        if key not in self.nodes:
            self.nodes[key] = Node(ref.kind, ref.namespace, ref.name, _column(ref), [], absent, made)
        return key

    def wire(self, source: Key, row: int, target: Key, target_row: int = -1) -> None:
        """Add a wire unless it exists."""
        new = Wire(source, row, target, target_row)
        if new not in self.wires:
            self.wires.append(new)


def wiring_of(report: Report) -> Wiring:
    """The wiring of the manifests of a report, with its findings."""
    wiring = Wiring(findings=report.findings, notes=summed(report.notes))
    cluster = report.cluster
    if cluster is not None:
        _knative_settings(wiring, cluster)
        _kserve_settings(wiring, cluster)
        for name, gateway in cluster.gateways.items():
            if not gateway.operator_made or (_ISTIO, "Gateway", *name.split("/", 1)) in wiring.nodes:
                _gateway(wiring, cluster, gateway)
        for service in cluster.of_kind("Service"):
            if service.group == "":
                _service(wiring, cluster, service)
    for finding in report.findings:
        _broken(wiring, finding)
    return wiring


def _column(ref: ObjectRef) -> int:
    group = ref.apiVersion.rpartition("/")[0]
    if ref.kind == "Gateway" and group == _ISTIO:
        return GATEWAYS
    if ref.kind == "Service" and group == "":
        return SERVICES
    return PODS if ref.kind in _WORKLOADS else SETTINGS


def _knative_settings(wiring: Wiring, cluster: Cluster) -> None:
    config = cluster.config_istio
    for entry in (*config.local, *config.ingress) if config else ():
        _names_gateway(wiring, cluster, gateway_setting(entry), _title(entry))
        _names_service(wiring, cluster, service_setting(entry))
    for domain, setting in cluster.knative.settings("domain").items():
        if not domain.startswith("_"):
            wiring.nodes[wiring.node(setting.obj.ref)].row(setting.key, domain)


def _title(entry: GatewayEntry) -> str:
    return f"{entry.gateway} (default)" if entry.builtin else entry.gateway


def _kserve_settings(wiring: Wiring, cluster: Cluster) -> None:
    config = cluster.isvc_config
    if config is None or not cluster.routes_through_istio:
        return
    for key in _GATEWAY_KEYS:
        setting = config.setting("ingress", key)
        if setting is not None and setting.text().count("/") == 1:
            _names_gateway(wiring, cluster, setting, setting.text())
    for key in _SERVICE_KEYS:
        setting = config.setting("ingress", key)
        if setting is not None and setting.value:
            _names_service(wiring, cluster, setting)
    domain = config.setting("ingress", "ingressDomain")
    if domain is not None and domain.value:
        source = wiring.node(config.obj.ref)
        row = wiring.nodes[source].row(domain.key, domain.text())
        other = cluster.knative.settings("domain").get(domain.text())
        if other is not None:
            target = wiring.node(other.obj.ref)
            wiring.wire(source, row, target, wiring.nodes[target].row(other.key, domain.text()))


def _names_gateway(wiring: Wiring, cluster: Cluster, setting: Setting, shown: str) -> None:
    key = wiring.node(setting.obj.ref)
    row = wiring.nodes[key].row(setting.key, shown)
    gateway = cluster.gateways.get(setting.text())
    if gateway is not None:
        wiring.wire(key, row, wiring.node(gateway.ref, made=gateway.operator_made))
        return
    namespace, _, name = setting.text().partition("/")
    wiring.wire(key, row, wiring.node(ObjectRef(f"{_ISTIO}/v1", "Gateway", namespace, name), absent=True))


def _names_service(wiring: Wiring, cluster: Cluster, setting: Setting) -> None:
    key = wiring.node(setting.obj.ref)
    row = wiring.nodes[key].row(setting.key, setting.text())
    service = find_service(cluster, setting.text())
    parts = gw.split_service_host(setting.text())
    if service is not None:
        wiring.wire(key, row, wiring.node(service.ref, made=service.operator_made))
    elif parts is not None:
        wiring.wire(key, row, wiring.node(ObjectRef("v1", "Service", parts[1], parts[0]), absent=True))


def _gateway(wiring: Wiring, cluster: Cluster, gateway: KubeObject) -> None:
    key = wiring.node(gateway.ref, made=gateway.operator_made)
    node = wiring.nodes[key]
    for server in gw.servers(gateway):
        node.row(f"{show_path(server.path)}.port.number", f"{server.port} {server.protocol} {' '.join(server.hosts)}")
    selector = gateway.mapping("spec", "selector")
    row = node.row("spec.selector", _labels(selector))
    for pod in gw.pods_of_gateway(gateway, cluster.gateway_pods):
        wiring.wire(key, row, _pod(wiring, pod, selector))


def _service(wiring: Wiring, cluster: Cluster, service: KubeObject) -> None:
    """Add a Service of gateway Pods, or one that a setting names."""
    pods = gw.pods_of_service(service, cluster.gateway_pods)
    if not pods and ("", "Service", service.namespace, service.name) not in wiring.nodes:
        return
    key = wiring.node(service.ref, made=service.operator_made)
    node = wiring.nodes[key]
    ports = ", ".join(f"{port.port}→{port.target}" for port in gw.service_ports(service))
    if ports:
        node.row("spec.ports", ports)
    selector = service.mapping("spec", "selector")
    row = node.row("spec.selector", _labels(selector))
    for pod in pods:
        wiring.wire(key, row, _pod(wiring, pod, selector))


def _pod(wiring: Wiring, pod: PodUse, selector: Mapping[str, object]) -> Key:
    key = wiring.node(pod.obj.ref)
    labels = {name: pod.labels[name] for name in ("app", "istio", *selector) if name in pod.labels}
    wiring.nodes[key].row(show_path((*pod.path[:-1], "metadata", "labels")), _labels(labels))
    return key


def _labels(labels: Mapping[str, object]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items())


def _broken(wiring: Wiring, finding: Finding) -> None:
    """Mark the object of a finding, and the wire to the other value."""
    source = wiring.node(finding.object)
    row = _mark(wiring.nodes[source], finding.path, finding.code)
    for place in finding.related:
        target = wiring.node(place.object)
        if target != source:
            other = _mark(wiring.nodes[target], place.path, "")
            _cut(wiring, source, row, target, other, finding.code)
    if not finding.related:
        for wire in wiring.wires:
            if (wire.source, wire.row) == (source, row) and finding.code not in wire.codes:
                wire.codes.append(finding.code)


def _mark(node: Node, path: str, code: str) -> int:
    """Row of a path: its own, or the row of the path around it."""
    paths = [row.path for row in node.rows]
    around = max(
        (one for one in paths if path == one or path.startswith((f"{one}.", f"{one}["))), key=len, default=path
    )
    index = node.row(around)
    if code and code not in node.rows[index].codes:
        node.rows[index].codes.append(code)
    return index


def _cut(wiring: Wiring, source: Key, row: int, target: Key, other: int, code: str) -> None:
    """Two nodes share one broken wire for all codes."""
    for wire in wiring.wires:
        if (wire.source, wire.row, wire.target) == (source, row, target):
            if code not in wire.codes:
                wire.codes.append(code)
            return
    wiring.wires.append(Wire(source, row, target, other, [code]))
