# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Objects that the environment would create and that are there already: whose they are, and CRDs of other versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.preflight.environment import Environment
from kserve_wiring.preflight.reader import Reader

_RELEASE, _NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_TRACKING, _INSTANCE = "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance"
# As which `make` of an environment applies objects server-side.
_MANAGER = "kserve-environment"
# The answer with which a release is left to others.
_ANSWERS = {
    "gateway-api-crds": "gateway_api_crds",
    "cert-manager": "cert_manager",
    "istio-base": "istio",
    "istiod": "istio",
    "local-gateway": "local_gateway",
    "ingress-gateway": "ingress_gateway",
}


def owners(environment: Environment, reader: Reader) -> Iterator[str]:
    """A line for each owner of objects that a release would create, and for each CRD of another version."""
    there = reader.named(obj.ref for obj in environment.created)
    taken: dict[tuple[str, str], list[KubeObject]] = defaultdict(list)
    makers = {(obj.ref.identity, obj.source.release) for obj in environment.created}
    for ours in environment.created:
        theirs = there.get(ours.ref.identity)
        if theirs is None or _of_a_sibling(ours, theirs, makers, environment):
            continue
        owner = _owner(ours, theirs, environment)
        if owner:
            taken[ours.source.release, owner].append(theirs)
        elif ours.kind == "CustomResourceDefinition":
            yield from _version(ours, theirs)
    for (release, owner), objects in taken.items():
        yield _line(release, owner, objects)


def _line(release: str, owner: str, objects: list[KubeObject]) -> str:
    more = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
    answer = f", or set {_ANSWERS[release]} to existing" if release in _ANSWERS else ""
    verb = "belong" if more else "belongs"
    return f"{objects[0].ref}{more} of release {release} {verb} to {owner}: remove what is there{answer}"


def _owner(ours: KubeObject, theirs: KubeObject, environment: Environment) -> str:
    """Who else has made an object; "" if it is the release's own."""
    release = ours.source.release
    name, namespace = theirs.annotations.get(_RELEASE), theirs.annotations.get(_NAMESPACE)
    if name:
        own = (name, namespace) == (release, environment.namespaces[release])
        return "" if own else f"Helm release {name} in namespace {namespace}"
    tracked = application(theirs)
    if tracked:
        own = tracked == f"{environment.name}-{release}"
        return "" if own else f"Argo CD application {tracked}"
    managers = _managers(theirs)
    if _installed_once(ours) or (release in environment.applied and _MANAGER in managers):
        return ""
    made = f"made by {', '.join(managers)}" if managers else "its maker is unknown"
    return f"no Helm release ({made})"


def _of_a_sibling(ours: KubeObject, theirs: KubeObject, makers: set[tuple[Any, str]], environment: Environment) -> bool:
    """Whether another release here has the object, too: `lookup` in both charts leaves it to the first."""
    name, namespace = str(theirs.annotations.get(_RELEASE)), theirs.annotations.get(_NAMESPACE)
    listed = (theirs.ref.identity, name) in makers and name != ours.source.release
    return listed and namespace == environment.namespaces.get(name)


def application(obj: KubeObject) -> str:
    """The application of Argo CD that has made an object; "" if none has."""
    return str(obj.annotations.get(_TRACKING) or obj.labels.get(_INSTANCE) or "").partition(":")[0]


def _installed_once(ours: KubeObject) -> bool:
    """Whether it is in crds/ of its chart: helm neither marks nor updates what is there."""
    return any(line.startswith("# Source: ") and "crds/" in line and "templates/" not in line for line in _head(ours))


def _head(ours: KubeObject) -> list[str]:
    return ours.source.text.splitlines()[:3]


def _managers(theirs: KubeObject) -> list[str]:
    """The programs that have written fields of an object, the first one first."""
    fields = [item for item in theirs.items("metadata", "managedFields") if isinstance(item, dict)]
    return list(dict.fromkeys(str(item.get("manager")) for item in fields if not item.get("subresource")))


def _version(ours: KubeObject, theirs: KubeObject) -> Iterator[str]:
    """What stops a CRD that is there from becoming the release's."""
    wanted, served = _versions(ours), _versions(theirs)
    if _installed_once(ours) and wanted - served:
        yield (
            f"{theirs.ref} is older than the stack's: it does not serve {', '.join(sorted(wanted - served))}, and helm "
            "does not update CRDs of a folder crds/: apply that of the chart"
        )
    stored = {str(one) for one in theirs.items("status", "storedVersions")}
    known = {str(item.get("name")) for item in ours.items("spec", "versions")}
    if stored - known:
        yield (
            f"{theirs.ref} is newer than the stack's: it stores {', '.join(sorted(stored - known))}, which the stack "
            "does not have: choose a newer stack"
        )


def _versions(crd: KubeObject) -> set[str]:
    return {str(item.get("name")) for item in crd.items("spec", "versions") if item.get("served")}
