# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Facts that manifests show: the versions that run, and the cluster's domain.

Only clear evidence counts. No manifest shows whether there is internet access or which registry is the private one:
images of one registry prove nothing about the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from kserve_wiring.cluster.argocd import chart_of, sources
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of

Shown = tuple[str, Setting]
"""A fact's key, and a setting with the fact's value; its path is that of the text that holds the value."""

# A tag without the suffix that a registry may add. A release candidate (-rc1) behaves neither like its version nor like
# the one before.
_RELEASE = re.compile(r":(v?\d+\.\d+\.\d+)(?:-distroless|-debug)?(?:@|$)")
_EXACT = re.compile(r"v?\d+\.\d+\.\d+")

# The image that shows a version, by Deployment or StatefulSet. istiod has one Deployment per revision.
_IMAGES = {
    "/kserve-controller:": ("kserve_version", "kserve-controller-manager"),
    "/pilot:": ("istio_version", "istiod"),
    "/argocd:": ("argocd_version", "argocd-"),
    "/cmd/operator:": ("knative_operator_version", "knative-operator"),
}
# The chart that installs the component itself, and a part of its repository's address. Argo CD's chart has a version
# of its own.
_CHARTS = {
    "kserve": ("kserve_version", "kserve/charts"),
    "kserve-resources": ("kserve_version", "kserve/charts"),
    "istiod": ("istio_version", "istio"),
    "knative-operator": ("knative_operator_version", "knative"),
}
# net-istio's Deployments have the same name label, but another version.
_SERVING = ("activator", "autoscaler", "controller", "webhook")
# https://coredns.io/plugins/kubernetes/ and kubeadm's ClusterConfiguration
_ZONES = re.compile(r"^\s*kubernetes((?:[ \t]+[\w.-]+)+)", re.MULTILINE)
_DNS_DOMAIN = re.compile(r"^\s*dnsDomain:[ \t]*[\"']?([\w.-]+)", re.MULTILINE)


def infer(objects: Iterable[KubeObject]) -> tuple[dict[str, Setting], dict[str, list[Setting]]]:
    """Infer facts: those that the manifests agree on by key, and for disputed ones every setting."""
    found: dict[str, list[Setting]] = {}
    for obj in objects:
        for key, setting in _READERS[obj.kind](obj) if obj.kind in _READERS else ():
            found.setdefault(key, []).append(setting)
    agreed, disputed = {}, {}
    for key, settings in found.items():
        best = max(settings, key=lambda setting: setting.text().count("."))  # 1.21.1 is more precise than 1.21
        if all(_agree(setting.text(), best.text()) for setting in settings):
            agreed[key] = best
        else:
            disputed[key] = settings
    return agreed, disputed


def _agree(text: str, best: str) -> bool:
    """True for equal texts, and for versions of which one is a prefix of the other."""
    mine, other = version_tuple(text), version_tuple(best)
    if mine is None or other is None:
        return text == best
    precision = min(3, text.count(".") + 1)
    return mine[:precision] == other[:precision]


def _knative_serving(obj: KubeObject) -> Iterator[Shown]:
    for path in (("status", "version"), ("spec", "version")):
        version = obj.get(*path)
        if isinstance(version, str) and version_tuple(version):
            yield "knative_version", Setting(version, obj, path)


def _workload(obj: KubeObject) -> Iterator[Shown]:
    label = obj.labels.get("app.kubernetes.io/version")
    if obj.labels.get("app.kubernetes.io/name") == "knative-serving" and obj.name in _SERVING:
        if isinstance(label, str) and _EXACT.fullmatch(label):
            yield "knative_version", Setting(label, obj, ("metadata", "labels", "app.kubernetes.io/version"))
        return
    containers: KeyPath = ("spec", "template", "spec", "containers")
    for index, container in mappings_of(obj.get(*containers)):
        image = container.get("image")
        for part, (key, name) in _IMAGES.items():
            if isinstance(image, str) and part in image and obj.name.startswith(name):
                yield from _version(key, image, obj, (*containers, index, "image"))


def _version(key: str, image: str, obj: KubeObject, path: KeyPath) -> Iterator[Shown]:
    match = _RELEASE.search(image)
    if match:
        yield key, Setting(match[1], obj, path)


def _application(obj: KubeObject) -> Iterator[Shown]:
    for path, source in sources(obj):
        revision = source.get("targetRevision")
        key, address = _CHARTS.get(chart_of(source), ("", ""))
        from_upstream = key and address in f"{source.get('repoURL')}/{source.get('chart')}"
        if from_upstream and isinstance(revision, str) and _EXACT.fullmatch(revision):
            yield key, Setting(revision, obj, (*path, "targetRevision"))


def _config_map(obj: KubeObject) -> Iterator[Shown]:
    """The zones in the configuration of CoreDNS and of kubeadm, both in kube-system."""
    if obj.namespace != "kube-system":
        return
    corefile, kubeadm = obj.get("data", "Corefile"), obj.get("data", "ClusterConfiguration")
    if obj.name == "coredns" and isinstance(corefile, str):
        for zones in _ZONES.findall(corefile):
            for zone in zones.split():
                if not zone.endswith(".arpa"):
                    yield "cluster_domain", Setting(zone.rstrip("."), obj, ("data", "Corefile"))
    if obj.name == "kubeadm-config" and isinstance(kubeadm, str):
        for domain in _DNS_DOMAIN.findall(kubeadm):
            yield "cluster_domain", Setting(domain, obj, ("data", "ClusterConfiguration"))


_READERS: dict[str, Callable[[KubeObject], Iterator[Shown]]] = {
    "KnativeServing": _knative_serving,
    "Deployment": _workload,
    "StatefulSet": _workload,
    "Application": _application,
    "ConfigMap": _config_map,
}
