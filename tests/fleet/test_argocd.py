"""What Argo CD gets: kinds and namespaces that the projects allow are those of what helm renders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kserve_wiring.fleet.answers import Environment, Fleet, read_fleet
from kserve_wiring.fleet.argocd import CLUSTER_KINDS, project
from tests.environments.conftest import Render, copy_template, environment, rendered, template
from tests.fleet.conftest import ANSWERS, Run, write
from tests.template.conftest import EXAMPLES
from tools.upstream import modules
from tools.upstream.helm import Helm

__all__ = ["copy_template", "environment", "rendered", "template"]
Objects = list[dict[str, Any]]
# Kinds of Kubernetes itself that have no namespace, of those that charts install.
OF_KUBERNETES = re.compile(
    r"Namespace|ClusterRole(Binding)?|(Mutating|Validating)(WebhookConfiguration|AdmissionPolicy(Binding)?)|APIService"
    r"|CustomResourceDefinition|(Priority|Storage|Ingress|Runtime)Class|PersistentVolume|Node|CertificateSigningRequest"
)


def group(obj: dict[str, Any]) -> str:
    return str(obj["apiVersion"].rpartition("/")[0])


def scopes(objects: Objects) -> set[tuple[str, str]]:
    """Group and kind of the cluster-scoped kinds that CustomResourceDefinitions of these objects make."""
    specs = [obj["spec"] for obj in objects if obj["kind"] == "CustomResourceDefinition"]
    return {(spec["group"], spec["names"]["kind"]) for spec in specs if spec["scope"] == "Cluster"}


def cluster_kinds(objects: Objects) -> set[tuple[str, str]]:
    made = scopes(objects)
    kinds = {(group(obj), obj["kind"]) for obj in objects}
    return {kind for kind in kinds if kind in made or OF_KUBERNETES.fullmatch(kind[1])}


@pytest.fixture(scope="module")
def all_objects(rendered: Render, newest_helm: Helm) -> dict[Path, Objects]:
    def of(example: Path) -> Iterator[dict[str, Any]]:
        for release in rendered(example, newest_helm):
            yield from release.objects()

    return {example: list(of(example)) for example in EXAMPLES}


def test_the_cluster_scoped_kinds_are_those_of_all_examples(all_objects: dict[Path, Objects]) -> None:
    found = {kind for objects in all_objects.values() for kind in cluster_kinds(objects)}
    assert found == set(CLUSTER_KINDS)


def test_every_namespace_is_allowed(
    all_objects: dict[Path, Objects], environment: Callable[[Path], Path], tmp_path: Path
) -> None:
    """For examples with Argo CD the folder is as in a fleet."""
    compared = 0
    for example, objects in all_objects.items():
        folder = environment(example)
        if not (folder / "argocd").is_dir():
            continue
        (tmp_path / "environments").mkdir(exist_ok=True)
        (tmp_path / "environments" / example.stem).symlink_to(folder)
        made = project(Fleet(tmp_path, "ml", "t", ("a",)), Environment(example.stem, "a", "", "v1", {}))
        allowed = {one["namespace"] for one in made["spec"]["destinations"]}
        used = {obj["metadata"]["namespace"] for obj in objects if obj["metadata"].get("namespace")}
        assert used <= allowed, example
        compared += 1
    assert compared


def test_upstreams_kinds_accept_the_files(generated: Path) -> None:
    """The CustomResourceDefinitions of the pinned Argo CD, with unknown fields refused."""
    folder = modules.folder("schemas-new", "github.com/argoproj/argo-cd/v3") / "manifests" / "crds"
    kinds = {}
    for file in folder.glob("*-crd.yaml"):
        crd = yaml.safe_load(file.read_text(encoding="utf-8"))
        kinds[crd["spec"]["names"]["kind"]] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    files = [*(generated / "argocd" / "fleet").glob("*.yaml"), generated / "argocd" / "fleet.yaml"]
    assert len(files) == 6
    for file in files:
        obj = yaml.safe_load(file.read_text(encoding="utf-8"))
        jsonschema.validate(obj, closed(kinds[obj["kind"]]))


def closed(schema: Any) -> Any:
    """A structural schema that refuses fields it does not list."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def test_a_project_is_there_before_what_needs_it(generated: Path) -> None:
    """The real ApplicationSet controller ends with an error otherwise, and does not look again for minutes."""
    for file in (generated / "argocd" / "fleet").glob("*.yaml"):
        obj = yaml.safe_load(file.read_text(encoding="utf-8"))
        wave = obj["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0")
        assert wave == {"AppProject": "-1", "ApplicationSet": "0"}[obj["kind"]]


def test_the_fleet_allows_more(fleet: Path, run: Run) -> None:
    settings = yaml.safe_load((fleet / "fleet.yaml").read_text(encoding="utf-8"))
    kind = {"group": "kyverno.io", "kind": "ClusterPolicy"}
    settings["allow"] = {"kinds": [kind], "namespaces": ["policies"], "repositories": ["https://charts.corp.local"]}
    write(fleet / "fleet.yaml", settings)
    assert run("generate") == (
        0,
        "prod-eu  unchanged\nprod-us  unchanged\ntest     unchanged\nargocd/fleet/  3 files changed\n",
    )
    spec = yaml.safe_load((fleet / "argocd" / "fleet" / "project-test.yaml").read_text(encoding="utf-8"))["spec"]
    assert kind in spec["clusterResourceWhitelist"]
    assert {"name": "test", "namespace": "policies"} in spec["destinations"]
    assert "https://charts.corp.local" in spec["sourceRepos"]


def test_an_environment_waits_for_its_cluster(fleet: Path, run: Run) -> None:
    """The real controller judges it in tests/live/test_fleet.py."""
    settings = yaml.safe_load((fleet / "fleet.yaml").read_text(encoding="utf-8"))
    write(fleet / "fleet.yaml", settings | {"cluster_label": "corp.example/environment"})
    assert run("generate")[1].splitlines()[-1] == "argocd/fleet/  1 file changed"
    made = yaml.safe_load((fleet / "argocd" / "fleet" / "applicationset.yaml").read_text(encoding="utf-8"))
    ((_, clusters),) = (one["matrix"]["generators"] for one in made["spec"]["generators"])
    assert clusters == {"clusters": {"selector": {"matchLabels": {"corp.example/environment": "{{ .environment }}"}}}}


def test_an_environment_that_leaves_takes_its_project(fleet: Path, run: Run) -> None:
    """That of an environment without Argo CD, too."""
    (fleet / "answers" / "environments" / "prod-us.yaml").unlink()
    write(
        fleet / "answers" / "environments" / "test.yaml", {"stage": "test", "gitops": "none", "argocd_repo_url": None}
    )
    assert run("generate")[0] == 0
    left = sorted(file.name for file in (fleet / "argocd" / "fleet").iterdir())
    assert not (fleet / "environments" / "test" / "fleet.yaml").exists()  # the ApplicationSet would read it
    assert left == ["applicationset.yaml", "project-prod-eu.yaml", "project.yaml"]


def test_an_environment_without_its_applications_has_no_project(fleet: Path, run: Run) -> None:
    """Somebody removed them; fleet-status names the files, and FORCE=1 writes them again."""
    for file in (fleet / "environments" / "test" / "argocd" / "applications").glob("*.yaml"):
        file.unlink()
    assert run("generate", "prod-eu") == (0, "prod-eu  unchanged\nargocd/fleet/  1 file changed\n")
    assert not (fleet / "argocd" / "fleet" / "project-test.yaml").exists()
    assert run("generate", "--force")[0] == 0
    assert (fleet / "argocd" / "fleet" / "project-test.yaml").exists()


def test_one_repository_has_the_fleet(fleet: Path, run: Run) -> None:
    other = {"stage": "test", "argocd_repo_url": "https://git.corp.local/other.git"}
    write(fleet / "answers" / "environments" / "test.yaml", other)
    code, text = run("generate")
    assert code == 1
    line = text.splitlines()[-1]
    assert line.startswith(
        "argocd/fleet/  error: answers/defaults.yaml: set argocd_repo_url, and nowhere else: https://git."
    )


def test_renovate_finds_versions_of_the_first_stage(fleet: Path) -> None:
    """With its regular expressions, in the files that it looks at. Its paths begin in the root of the repository."""
    settings = yaml.safe_load((fleet / "renovate.json").read_text(encoding="utf-8"))
    assert read_fleet(fleet).stages[0] == "test"
    root = fleet.parents[len(Path(ANSWERS["argocd_path"]).parts) - 1]
    assert settings["ignorePaths"] == [f"{ANSWERS['argocd_path']}/environments/**"]
    found = {}
    for manager in settings["customManagers"]:
        (file,), (pattern,) = manager["managerFilePatterns"], manager["matchStrings"]
        match = re.search(pattern.replace("(?<", "(?P<"), (root / file).read_text(encoding="utf-8"))
        assert match
        found[manager["depNameTemplate"]] = match["currentValue"]
    assert found == {"copier-kserve": "v1.0.0", "stack": "kserve-0.20"}
    source = settings["customDatasources"]["stacks"]["defaultRegistryUrlTemplate"].removeprefix("file://")
    stacks = yaml.safe_load((root / source).read_text(encoding="utf-8"))["properties"]["stack"]["enum"]
    versioning = settings["customManagers"][1]["versioningTemplate"].removeprefix("regex:").replace("(?<", "(?P<")
    assert all(re.fullmatch(versioning, stack) for stack in stacks)
    assert found["stack"] in stacks
