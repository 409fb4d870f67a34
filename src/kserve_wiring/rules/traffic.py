# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW530 and KW531: how a Knative Service splits traffic, and how an InferenceGraph routes it (wire W13).

knative/serving pkg/apis/serving/v1/route_validation.go and revision_validation.go; kserve
pkg/apis/serving/v1alpha1/inference_graph_validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, set_to, single

_DNS1035 = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_TARGETS = ("nodeName", "serviceName", "serviceUrl")
_DATA = ("$request", "$response")
_GRAPH_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_ROOT = "root"


@rule("KW530", skips_open=True)
def refused_services(cluster: Cluster) -> Iterator[Draft]:
    """What Knative's webhook refuses in a Knative Service besides what its schema does."""
    for obj in cluster.of_kind("Service", "Configuration", "Route"):
        if obj.group == KNATIVE_GROUP:
            yield from _traffic(obj)
            yield from _revision_name(obj)


def _traffic(obj: KubeObject) -> Iterator[Draft]:
    targets = list(mappings_of(obj.get("spec", "traffic")))
    percents = [target.get("percent", 0) for _, target in targets]
    if targets and all(isinstance(one, int) for one in percents) and sum(percents) != 100:
        setting = Setting(sum(percents), obj, ("spec", "traffic"))
        yield single(setting, reason="the percentages must add up to 100", suggestion="change a percent")
    tags: set[str] = set()
    for index, target in targets:
        path: KeyPath = ("spec", "traffic", index)
        tag = target.get("tag")
        if isinstance(tag, str) and tag and not _DNS1035.fullmatch(tag):
            reason = "a tag is a part of a host name: lower case letters, digits and hyphens"
            yield single(at(obj, *path, "tag"), reason=reason, suggestion=f"write {_as_name(tag)}")
        elif isinstance(tag, str) and tag in tags:
            reason = "another target has the same tag"
            yield single(at(obj, *path, "tag"), reason=reason, suggestion="write another tag")
        tags |= {tag} if isinstance(tag, str) else set()
        latest, revision = target.get("latestRevision"), target.get("revisionName")
        if latest is True and revision:
            reason = "latestRevision is true, and a target has only one of the two"
            suggestion = f"remove it, or set latestRevision to false in spec.traffic[{index}]"
            yield single(at(obj, *path, "revisionName"), reason=reason, suggestion=suggestion)
        elif isinstance(revision, str) and revision and obj.kind == "Service":
            yield from _revision(obj, path, revision)


def _as_name(text: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-") or "latest"


def _revision(obj: KubeObject, path: KeyPath, revision: str) -> Iterator[Draft]:
    """Revisions of a Service have its name as prefix; the current one may have a name in the template."""
    setting = at(obj, *path, "revisionName")
    current = obj.get("spec", "template", "metadata", "name")
    if not revision.startswith(f"{obj.name}-"):
        reason = f"the Revisions of this Service begin with {obj.name}-"
        yield single(setting, reason=reason, suggestion=f"name a Revision of {obj.name}")
    elif isinstance(current, str) and near_name(revision, [current]):
        reason = f"the template names its Revision {current}"
        yield single(setting, reason=reason, suggestion=set_to(setting, current), level="warning")


def _revision_name(obj: KubeObject) -> Iterator[Draft]:
    setting = at(obj, "spec", "template", "metadata", "name")
    if isinstance(setting.value, str) and setting.value and not setting.value.startswith(f"{obj.name}-"):
        reason = f"the name of a Revision begins with that of its {obj.kind} and a hyphen"
        yield single(setting, reason=reason, suggestion=set_to(setting, f"{obj.name}-{setting.value}"))


@rule("KW531")
def broken_graphs(cluster: Cluster) -> Iterator[Draft]:
    """What KServe's webhook refuses in an InferenceGraph, and steps that the router cannot follow."""
    for obj in cluster.of_kind("InferenceGraph"):
        if obj.group != KSERVE_GROUP:
            continue
        nodes = obj.mapping("spec", "nodes")
        if not _GRAPH_NAME.fullmatch(obj.name):
            reason = "the name of a graph begins with a letter, and has only lower case letters, digits and hyphens"
            yield single(at(obj, "metadata", "name"), reason=reason, suggestion=f"write {_as_name(obj.name)}")
        if nodes and _ROOT not in nodes:
            setting = Setting(", ".join(map(str, nodes)), obj, ("spec", "nodes"))
            yield single(setting, reason="the graph begins at the node root", suggestion="name one of the nodes root")
        for name, node in nodes.items():
            if isinstance(node, Mapping):
                yield from _node(obj, ("spec", "nodes", str(name)), node, {str(other) for other in nodes})


def _node(obj: KubeObject, path: KeyPath, node: Mapping[str, object], nodes: set[str]) -> Iterator[Draft]:
    steps = list(mappings_of(node.get("steps")))
    names: set[str] = set()
    for index, step in steps:
        where: KeyPath = (*path, "steps", index)
        given = [key for key in _TARGETS if step.get(key)]
        if len(given) != 1:
            shown = Setting(", ".join(given) or None, obj, where)
            yield single(
                shown, reason=f"a step has one of {', '.join(_TARGETS)}", suggestion="give the step exactly one target"
            )
        target = step.get("nodeName")
        if isinstance(target, str) and target and target not in nodes:
            setting = at(obj, *where, "nodeName")
            near = near_name(target, nodes)
            suggestion = set_to(setting, near) if near else "name a node of the graph"
            yield single(setting, reason=f"the graph has the nodes {', '.join(sorted(nodes))}", suggestion=suggestion)
        data = step.get("data")
        if isinstance(data, str) and data and data not in _DATA:
            setting = at(obj, *where, "data")
            reason = "the router knows $request and $response, and sends the request for another text"
            near = near_name(data, _DATA) or (data.lower() if data.lower() in _DATA else _DATA[1])
            yield single(setting, reason=reason, suggestion=set_to(setting, near))
        name = step.get("name")
        if isinstance(name, str) and name in names:
            reason = "another step of the node has it"
            yield single(at(obj, *where, "name"), reason=reason, suggestion="rename the step")
        names |= {name} if isinstance(name, str) and name else set()
    yield from _weights(obj, path, node, [step for _, step in steps])


def _weights(
    obj: KubeObject, path: KeyPath, node: Mapping[str, object], steps: list[Mapping[str, object]]
) -> Iterator[Draft]:
    weights = [step.get("weight") for step in steps]
    numbers = [weight for weight in weights if isinstance(weight, int)]
    if node.get("routerType") == "Splitter" and (sum(numbers) != 100 or None in weights):
        setting = Setting(sum(numbers), obj, (*path, "steps"))
        reason = "the weights of a Splitter must add up to 100, and every step has one"
        yield single(setting, reason=reason, suggestion="change the weights")
