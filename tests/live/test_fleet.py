"""A fleet that a real Argo CD reads from git: the ApplicationSet, the projects, the order of the stages.

The clusters of the environments do not answer, so Argo CD compares and installs nothing there. What it makes of the
repository is in its own cluster: Applications and projects.
"""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from copier import run_copy

from kserve_wiring.cli import main as cli
from tests.commands.clone import repository
from tests.commands.documents import commands
from tests.fleet.conftest import ANSWERS, ENVIRONMENTS, write
from tests.live.bed import application_sets, git_server
from tests.live.bed.api import Object, until
from tests.live.bed.application_sets import usage
from tests.live.bed.argocd import APPLICATION, NAMESPACE, ArgoCD
from tests.live.bed.bed import Bed
from tests.live.bed.git_server import GitServer
from tests.mirror.registry import FIRST, USER

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not os.environ.get("KSERVE_TEST_ARGOCD"), reason="needs Argo CD: make test-argocd"),
]
APPLICATION_SET = "argoproj.io/v1alpha1/ApplicationSet"
PROJECT = "argoproj.io/v1alpha1/AppProject"
COUNT = int(os.environ.get("KSERVE_FLEET_COUNT", "0"))


@dataclass(repr=False)
class Hub:
    """The cluster of Argo CD, and a clone of the repository from which it reads the fleet in the folder ml/."""

    bed: Bed
    argocd: ArgoCD
    clone: Path

    @property
    def fleet(self) -> Path:
        return self.clone / ANSWERS["argocd_path"]

    def push(self, message: str) -> None:
        git_server.push(self.clone, message)

    def names(self) -> set[str]:
        return set(self.argocd.applications())

    def children(self, name: str) -> set[str]:
        return {one for one in self.names() if one.startswith(f"{name}-") and one not in ENVIRONMENTS}

    def stages(self) -> dict[str, str]:
        """What the ApplicationSet says of each environment."""
        status = self.bed.api.get(APPLICATION_SET, "ml", NAMESPACE).get("status", {})
        return {one["application"]: one["status"] for one in status.get("applicationStatus", [])}


@pytest.fixture(scope="module")
def hub(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A generated fleet in git, and Argo CD with access to it and a cluster of the name of each environment."""
    bed.clear()
    server = GitServer(bed.state / "fleet-git", bed.state / "keys")
    argocd = ArgoCD.start(bed)
    application_sets.start(argocd)
    made = Hub(bed, argocd, tmp_path_factory.mktemp("hub") / "clone")
    url = server.url("fleet")
    template = repository(tmp_path_factory.mktemp("template") / "template", "v1.0.0")
    answers = ANSWERS | {"argocd_repo_url": url}
    run_copy(f"git+{template.as_uri()}", made.fleet, answers, defaults=True, quiet=True, vcs_ref="v1.0.0")
    write(made.fleet / "answers" / "regions" / "eu.yaml", {"ingress_domain": "eu.corp.local"})
    for name, layer in ENVIRONMENTS.items():
        write(made.fleet / "answers" / "environments" / f"{name}.yaml", layer)
    assert cli.main(["fleet", "-C", str(made.fleet), "generate"]) == 0
    git_server.clone(made.clone, server.repository("fleet"))
    made.push("The fleet")
    secret(bed, "repository", {"type": "git", "url": url, "username": USER, "password": FIRST, "insecure": "true"})
    for number, name in enumerate(ENVIRONMENTS, 1):
        cluster = {"name": name, "server": f"https://127.0.0.1:{number}", "config": "{}"}
        secret(bed, "cluster", cluster, name)
    yield made
    argocd.stop()
    for app in bed.api.list(APPLICATION, NAMESPACE):
        bed.api.patch(APPLICATION, app["metadata"]["name"], NAMESPACE, {"metadata": {"finalizers": []}})
    for kind in ("applications", "applicationsets", "appprojects"):
        bed.kubectl("delete", "crd", f"{kind}.argoproj.io")


def secret(bed: Bed, of: str, data: dict[str, str], name: str = "fleet") -> None:
    meta = {"name": f"{of}-{name}", "namespace": NAMESPACE, "labels": {"argocd.argoproj.io/secret-type": of}}
    bed.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})


def generated(hub: Hub, name: str) -> list[Object]:
    folder = hub.fleet / "environments" / name / "argocd" / "applications"
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.yaml"))]


def test_the_readme_applies_one_object(hub: Hub) -> None:
    readme = (hub.fleet / "README.md").read_text(encoding="utf-8")
    typed = [one.text for one in commands(readme) if one.heading == "Argo CD" and one.text.startswith("kubectl")]
    switch, restart, health, apply, *_ = typed
    for command in (switch, health, apply):
        words = [str(hub.fleet / word) if word.endswith(".yaml") else word for word in shlex.split(command)]
        hub.bed.kubectl(*words[1:])
    assert restart.startswith("kubectl rollout restart deployment argocd-applicationset-controller")
    until("the ApplicationSet", lambda: hub.bed.api.find(APPLICATION_SET, "ml", NAMESPACE), 90, 1)
    until("the roots", lambda: hub.names() >= {"ml", *ENVIRONMENTS}, 90, 1)


def test_a_root_is_that_of_its_environment(hub: Hub) -> None:
    """But for the project, and automated sync, which progressive syncs replace."""
    for name, layer in ENVIRONMENTS.items():
        made = hub.argocd.applications()[name]
        own = yaml.safe_load((hub.fleet / "environments" / name / "argocd" / "root.yaml").read_text(encoding="utf-8"))
        assert made["metadata"]["labels"] == {
            "fleet": "ml",
            "stage": layer["stage"],
            "region": layer.get("region", ""),
        }
        assert made["metadata"]["finalizers"] == own["metadata"]["finalizers"]
        spec = own["spec"] | {"project": "ml"}
        del spec["syncPolicy"]["automated"]
        made["spec"]["syncPolicy"].pop("automated", None)
        assert made["spec"] == spec


def test_each_environment_has_its_project(hub: Hub) -> None:
    projects = {one["metadata"]["name"]: one["spec"] for one in hub.bed.api.list(PROJECT, NAMESPACE)}
    assert set(projects) == {"default", "ml", *ENVIRONMENTS}
    targets = {one["name"] for one in projects["prod-eu"]["destinations"]}
    assert targets == {"prod-eu"}
    assert {one["namespace"] for one in projects["prod-us"]["destinations"]} >= {"vision", "kserve", "kube-system"}
    assert "speech" not in {one["namespace"] for one in projects["prod-us"]["destinations"]}


def test_the_first_stage_goes_first(hub: Hub) -> None:
    """Its Applications are not healthy: their cluster does not answer. So prod waits."""
    wanted = {app["metadata"]["name"] for app in generated(hub, "test")}
    until("the Applications of test", lambda: hub.children("test") == wanted, 120, 1)
    time.sleep(15)
    assert hub.children("prod-eu") | hub.children("prod-us") == set()
    stages = hub.stages()
    assert (stages["prod-eu"], stages["prod-us"]) == ("Waiting", "Waiting"), stages


def test_the_project_allows_what_is_generated(hub: Hub) -> None:
    until("Argo CD has looked at them", lambda: all(conditions(hub, name) for name in hub.children("test")), 120, 1)
    refused = {name: found for name in hub.children("test") if (found := invalid(hub, name))}
    assert refused == {}


def conditions(hub: Hub, name: str) -> list[Object]:
    status = hub.argocd.applications()[name].get("status", {})
    found: list[Object] = status.get("conditions", [])
    return found or ([{}] if status.get("sync") else [])


def invalid(hub: Hub, name: str) -> list[str]:
    return [one["message"] for one in conditions(hub, name) if one.get("type") == "InvalidSpecError"]


def test_the_project_refuses_another_namespace(hub: Hub) -> None:
    file = hub.fleet / "environments" / "test" / "argocd" / "applications" / "istiod.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('namespace: "istio-system"', 'namespace: "argocd"'), encoding="utf-8")
    hub.push("An Application for the namespace of Argo CD")
    until("it is refused", lambda: invalid(hub, "test-istiod"), 180, 1)
    (message,) = invalid(hub, "test-istiod")
    assert "do not match any of the allowed destinations in project 'test'" in message
    file.write_text(text, encoding="utf-8")
    hub.push("Back")
    until("it is allowed again", lambda: not invalid(hub, "test-istiod"), 180, 1)


def test_the_next_stage_follows_when_the_first_is_healthy(hub: Hub) -> None:
    """An environment without Applications is healthy."""
    folder = hub.fleet / "environments" / "test" / "argocd" / "applications"
    for file in folder.glob("*.yaml"):
        file.unlink()
    (folder / "none").write_text("", encoding="utf-8")
    hub.push("Nothing in test")
    for name in ("prod-eu", "prod-us"):
        wanted = {app["metadata"]["name"] for app in generated(hub, name)}
        until(f"the Applications of {name}", lambda: hub.children(name) == wanted, 300, 1)  # noqa: B023


def test_a_folder_that_is_gone_deletes_nothing(hub: Hub) -> None:
    shutil.rmtree(hub.fleet / "environments" / "prod-us")
    (hub.fleet / "argocd" / "fleet" / "project-prod-us.yaml").unlink()
    hub.push("prod-us is gone")
    time.sleep(45)  # longer than Argo CD takes to look again
    assert "prod-us" in hub.names()
    assert len(hub.children("prod-us")) > 10
    assert hub.bed.api.find(PROJECT, "prod-us", NAMESPACE)


def test_without_the_application_set_all_stay(hub: Hub) -> None:
    hub.bed.api.delete(APPLICATION, "ml", NAMESPACE)
    before = hub.names() - {"ml"}
    hub.bed.api.delete(APPLICATION_SET, "ml", NAMESPACE)
    until("the ApplicationSet is gone", lambda: hub.bed.api.find(APPLICATION_SET, "ml", NAMESPACE) is None, 30)
    time.sleep(5)
    assert hub.names() >= before


@pytest.mark.skipif(not COUNT, reason="a measurement: KSERVE_FLEET_COUNT=200")
def test_many_environments(hub: Hub) -> None:
    """Seconds until all Applications exist, and what the controllers take; KSERVE_FLEET_COUNT environments."""
    spread(hub, COUNT)
    hub.push(f"{COUNT} environments")
    begin, there = time.monotonic(), len(hub.names())
    spec = yaml.safe_load((hub.fleet / "argocd" / "fleet" / "applicationset.yaml").read_text(encoding="utf-8"))
    hub.bed.api.apply(spec | {"metadata": spec["metadata"] | {"name": "many"}})
    wanted = [f"many-{number:03}" for number in range(COUNT)]
    until("the roots", lambda: hub.names() >= set(wanted), 900, 1)
    print(f"\n{COUNT} roots after {time.monotonic() - begin:.0f} s; before there were {there} Applications")
    takes(hub)
    each = len(generated(hub, "prod-eu"))
    until("all Applications", lambda: len(of_many(hub)) == COUNT * (each + 1), 1500, 5)
    print(f"{COUNT * (each + 1)} Applications after {time.monotonic() - begin:.0f} s")
    takes(hub)


def of_many(hub: Hub) -> list[str]:
    return [name for name in hub.names() if name.startswith("many-")]


def takes(hub: Hub) -> None:
    for name, process in hub.argocd.running.items():
        print(f"  {name}: {usage(process)}")


def spread(hub: Hub, count: int) -> None:
    """Copies of an environment under other names, in the first stage, and nothing else."""
    source = hub.fleet / "environments" / "prod-eu"
    for number in range(count):
        target = source.with_name(f"many-{number:03}")
        (target / "argocd").mkdir(parents=True)
        shutil.copytree(source / "argocd" / "applications", target / "argocd" / "applications")
        for file in (target / "argocd" / "applications").glob("*.yaml"):
            file.write_text(file.read_text(encoding="utf-8").replace("prod-eu", target.name), encoding="utf-8")
        text = (source / "fleet.yaml").read_text(encoding="utf-8").replace("prod-eu", target.name)
        (target / "fleet.yaml").write_text(text.replace("stage: prod", "stage: test"), encoding="utf-8")
    for name in ENVIRONMENTS:
        (hub.fleet / "environments" / name / "fleet.yaml").unlink(missing_ok=True)
