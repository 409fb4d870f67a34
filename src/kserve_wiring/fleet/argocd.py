# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""How Argo CD gets a fleet: one ApplicationSet for all environments, and an AppProject for each, in argocd/fleet/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring.fleet.answers import ANSWERS, ENVIRONMENTS, FLEET, Environment, Fleet, FleetError, read_mapping

FOLDER = Path("argocd") / "fleet"
HUB = {"server": "https://kubernetes.default.svc"}
"""The cluster of Argo CD, which has the Applications of all environments."""
FINALIZER = "resources-finalizer.argocd.argoproj.io"
_HEAD = "# Written by make fleet, from answers/ and fleet.yaml.\n"
_API = "argoproj.io/v1alpha1"
_RETRY = {"refresh": True, "limit": 10, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"}}
CLUSTER_KINDS = (
    ("", "Namespace"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("networking.k8s.io", "IngressClass"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("serving.kserve.io", "ClusterServingRuntime"),
    ("serving.kserve.io", "ClusterStorageContainer"),
)
"""Group and kind of all cluster-scoped objects of the releases."""
# cert-manager's charts put the Roles of their leader election here.
_ELSEWHERE = ("kube-system",)


def write(fleet: Fleet, environments: Sequence[Environment]) -> int:
    """Write what differs, and remove what is of no environment; the number of changed files. Raises FleetError.

    environments: all of the fleet. One that is not generated yet, or has lost its Applications, has no project.
    """
    delivered = [one for one in environments if one.has_argocd and any(_applications(fleet, one))]
    wanted = dict(_files(fleet, delivered)) if delivered else {}
    found = {file.name: file.read_text(encoding="utf-8") for file in (fleet.folder / FOLDER).glob("*.yaml")}
    for name in found.keys() - wanted.keys():
        (fleet.folder / FOLDER / name).unlink()
    changed = [name for name, text in wanted.items() if found.get(name) != text]
    for name in changed:
        (fleet.folder / FOLDER).mkdir(parents=True, exist_ok=True)
        part = fleet.folder / FOLDER / f".{name}.part"
        part.write_text(wanted[name], encoding="utf-8")
        part.replace(fleet.folder / FOLDER / name)
    return len(changed) + len(found.keys() - wanted.keys())


def _files(fleet: Fleet, environments: Sequence[Environment]) -> Iterator[tuple[str, str]]:
    shared = {**shared_answers(environments), "revision": _revision(fleet)}
    yield "applicationset.yaml", _text(application_set(fleet, shared))
    yield "project.yaml", _text(fleet_project(fleet, shared))
    for environment in environments:
        yield f"project-{environment.name}.yaml", _text(project(fleet, environment))


def _text(body: Mapping[str, Any]) -> str:
    return _HEAD + yaml.safe_dump(body, sort_keys=False, width=120)


def shared_answers(environments: Sequence[Environment]) -> Mapping[str, str]:
    """The repository, its branch and the namespace of Argo CD. Raises FleetError if environments disagree."""
    found = {}
    for key, default in (("argocd_repo_url", ""), ("argocd_namespace", "argocd")):
        values = {str(one.answers.get(key, default)): one.name for one in environments}
        if len(values) > 1:
            said = ", ".join(f"{value} in {name}" for value, name in values.items())
            raise FleetError(f"answers/defaults.yaml: set {key}, and nowhere else: {said}")
        found[key] = next(iter(values))
    return found


def _revision(fleet: Fleet) -> str:
    """Where the ApplicationSet finds the environments; a stage or a region may have another revision of its own."""
    return str(read_mapping(fleet.folder / ANSWERS / "defaults.yaml").get("argocd_revision", "main"))


def application_set(fleet: Fleet, shared: Mapping[str, str]) -> dict[str, Any]:
    """An Application for each environment: what its argocd/root.yaml is, in the project of the fleet.

    Progressive syncs begin a stage when all of the stages before are healthy. Nothing is deleted because a file is
    gone: a wrong branch would remove every cluster. The finalizer lets the ApplicationSet go without its Applications.
    """
    files = str(Path(fleet.path) / ENVIRONMENTS / "*" / FLEET)
    git = {"repoURL": shared["argocd_repo_url"], "revision": shared["revision"], "files": [{"path": files}]}
    steps = [{"matchExpressions": [{"key": "stage", "operator": "In", "values": [stage]}]} for stage in fleet.stages]
    return {
        "apiVersion": _API,
        "kind": "ApplicationSet",
        "metadata": {"name": fleet.name, "namespace": shared["argocd_namespace"], "finalizers": [FINALIZER]},
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [_generator(fleet, git)],
            "strategy": {"type": "RollingSync", "rollingSync": {"steps": steps}},
            "syncPolicy": {"applicationsSync": "create-update"},
            "template": _template(fleet, shared),
        },
    }


def _generator(fleet: Fleet, git: Mapping[str, Any]) -> dict[str, Any]:
    """Each environment in git; with `cluster_label`, each whose cluster Argo CD knows by that label of its Secret."""
    if not fleet.cluster_label:
        return {"git": git}
    clusters = {"selector": {"matchLabels": {fleet.cluster_label: "{{ .environment }}"}}}
    return {"matrix": {"generators": [{"git": git}, {"clusters": clusters}]}}


def _template(fleet: Fleet, shared: Mapping[str, str]) -> dict[str, Any]:
    source = {
        "repoURL": shared["argocd_repo_url"],
        "targetRevision": "{{ .revision }}",
        "path": "{{ .path.path }}/argocd/applications",
    }
    labels = {"fleet": fleet.name, "stage": "{{ .stage }}", "region": "{{ .region }}"}
    return {
        "metadata": {"name": "{{ .environment }}", "labels": labels, "finalizers": [FINALIZER]},
        "spec": {
            "project": fleet.name,
            "source": source,
            "destination": HUB | {"namespace": shared["argocd_namespace"]},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "retry": _RETRY},
        },
    }


def fleet_project(fleet: Fleet, shared: Mapping[str, str]) -> dict[str, Any]:
    """The project of the Applications that the ApplicationSet makes: they create Applications, and nothing else."""
    spec = {
        "description": "Creates the Applications of each environment",
        "sourceRepos": [shared["argocd_repo_url"]],
        "destinations": [HUB | {"namespace": shared["argocd_namespace"]}],
        "namespaceResourceWhitelist": [{"group": "argoproj.io", "kind": "Application"}],
    }
    return _project(fleet.name, shared["argocd_namespace"], {"fleet": fleet.name}, spec)


def project(fleet: Fleet, environment: Environment) -> dict[str, Any]:
    """The project of an environment: its cluster, its namespaces and repositories.

    Read from the generated folder, so that it is what the template has decided.
    """
    folder = fleet.folder / ENVIRONMENTS / environment.name
    specs = [read_mapping(file)["spec"] for file in sorted(_applications(fleet, environment))]
    repositories = {source["repoURL"] for spec in specs for source in spec.get("sources", [spec.get("source")])}
    target = {key: value for key, value in specs[0]["destination"].items() if key != "namespace"}
    allowed = {key: fleet.allow.get(key, []) for key in ("repositories", "namespaces", "kinds")}
    spaces = {*_namespaces(folder), *(spec["destination"]["namespace"] for spec in specs), *allowed["namespaces"]}
    spec = {
        "description": f"Environment {environment.name}, stage {environment.stage}",
        "sourceRepos": sorted({*repositories, *allowed["repositories"]}),
        "destinations": [target | {"namespace": namespace} for namespace in sorted(spaces)],
        "clusterResourceWhitelist": [
            *({"group": group, "kind": kind} for group, kind in CLUSTER_KINDS),
            *allowed["kinds"],
        ],
    }
    labels = {"fleet": fleet.name, "stage": environment.stage}
    return _project(environment.name, str(environment.answers.get("argocd_namespace", "argocd")), labels, spec)


def _applications(fleet: Fleet, environment: Environment) -> Iterator[Path]:
    return (fleet.folder / ENVIRONMENTS / environment.name / "argocd" / "applications").glob("*.yaml")


def _namespaces(folder: Path) -> Iterator[str]:
    """The namespaces of the values of our chart, which creates objects in all of them."""
    values = read_mapping(folder / "values" / "kserve-environment.yaml")
    yield from (value for value in values.get("namespaces", {}).values() if isinstance(value, str))
    yield from (gateway["namespace"] for gateway in values.get("gateways", {}).values())
    yield from (tenant["name"] for tenant in values.get("tenants") or [])
    yield from _ELSEWHERE


def _project(name: str, namespace: str, labels: Mapping[str, str], spec: Mapping[str, Any]) -> dict[str, Any]:
    """An AppProject, applied before the ApplicationSet, which generates nothing without the project of its template.

    Argo CD cannot delete an Application whose project is gone, so it is not pruned.
    """
    keep = {"argocd.argoproj.io/sync-options": "Prune=false", "argocd.argoproj.io/sync-wave": "-1"}
    metadata = {"name": name, "namespace": namespace, "labels": dict(labels), "annotations": keep}
    return {"apiVersion": _API, "kind": "AppProject", "metadata": metadata, "spec": dict(spec)}
