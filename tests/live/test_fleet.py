"""A fleet that a real Argo CD reads from git: the ApplicationSet, the projects, the order of the stages.

One other cluster answers: a control plane without nodes. Environment test goes there by name, and prod-us by URL.
Argo CD installs the first wave there, and the second is never healthy. The cluster of prod-eu does not answer.
"""

from __future__ import annotations

import base64
import contextlib
import json
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
from tests.commands.documents import Command, commands
from tests.fleet.conftest import ANSWERS, ENVIRONMENTS, write
from tests.live.bed import application_sets, external_secrets, git_server
from tests.live.bed.api import Object, until
from tests.live.bed.application_sets import usage
from tests.live.bed.argocd import APPLICATION, NAMESPACE, ArgoCD
from tests.live.bed.bed import Bed
from tests.live.bed.control_plane import ControlPlane
from tests.live.bed.git_server import GitServer
from tests.mirror.registry import FIRST, USER

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not os.environ.get("KSERVE_TEST_ARGOCD"), reason="needs Argo CD: make test-argocd"),
]
APPLICATION_SET = "argoproj.io/v1alpha1/ApplicationSet"
PROJECT = "argoproj.io/v1alpha1/AppProject"
COUNT = int(os.environ.get("KSERVE_FLEET_COUNT", "0"))
# Answers of environment test.
EXTERNAL = {"pull_secret": "harbor-pull", "pull_secret_source": "external-secret"}
EXTERNAL |= {"external_secret_store": "vault", "external_secret_key": "kserve/pull"}
# The releases of the first two waves, and an object of the first.
FIRST_WAVE, SECOND_WAVE, INSTALLED = "kserve-prerequisites", "cert-manager", ("v1/Namespace", "kserve")


@dataclass(repr=False)
class Hub:
    """The cluster of Argo CD, and a clone of the repository from which it reads the fleet in the folder ml/.

    other: the cluster of the environments test and prod-us.
    """

    bed: Bed
    argocd: ArgoCD
    clone: Path
    other: ControlPlane

    @property
    def fleet(self) -> Path:
        return self.clone / ANSWERS["argocd_path"]

    def push(self, message: str, application: str = "") -> None:
        """Commit and push; wait until an Application is compared with the commit."""
        commit = git_server.push(self.clone, message)
        if application:
            self.argocd.refresh(application)
            until(f"{application} is compared", lambda: self.revision(application) == commit, 60)

    def revision(self, application: str) -> str:
        return str(self.argocd.applications()[application]["status"]["sync"].get("revision"))

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
    other = ControlPlane.start(bed.state / "other", bed.cluster_domain, 1)
    other.api.apply(external_secrets.definition())
    argocd = ArgoCD.start(bed)
    application_sets.start(argocd)
    made = Hub(bed, argocd, tmp_path_factory.mktemp("hub") / "clone", other)
    url = server.url("fleet")
    template = repository(tmp_path_factory.mktemp("template") / "template", "v1.0.0")
    answers = ANSWERS | {"argocd_repo_url": url}
    run_copy(f"git+{template.as_uri()}", made.fleet, answers, defaults=True, quiet=True, vcs_ref="v1.0.0")
    write(made.fleet / "answers" / "regions" / "eu.yaml", {"ingress_domain": "eu.corp.local"})
    for name, layer in ENVIRONMENTS.items():
        own = {"test": EXTERNAL, "prod-us": {"argocd_destination": other.server}}.get(name, {})
        write(made.fleet / "answers" / "environments" / f"{name}.yaml", layer | own)
    assert cli.main(["fleet", "-C", str(made.fleet), "generate"]) == 0
    git_server.clone(made.clone, server.repository("fleet"))
    made.push("The fleet")
    secret(bed, "repository", {"type": "git", "url": url, "username": USER, "password": FIRST, "insecure": "true"})
    secret(bed, "cluster", {"name": "prod-eu", "server": "https://127.0.0.1:1", "config": "{}"}, "prod-eu")
    secret(bed, "cluster", {"name": "test", "server": other.server, "config": access(other)}, "test")
    yield made
    argocd.stop()
    other.stop()
    shutil.rmtree(other.state / "etcd", ignore_errors=True)
    for app in bed.api.list(APPLICATION, NAMESPACE):
        bed.api.patch(APPLICATION, app["metadata"]["name"], NAMESPACE, {"metadata": {"finalizers": []}})
    for kind in ("applications", "applicationsets", "appprojects"):
        bed.kubectl("delete", "crd", f"{kind}.argoproj.io")


def secret(bed: Bed, of: str, data: dict[str, str], name: str = "fleet", **labels: str) -> None:
    labels |= {"argocd.argoproj.io/secret-type": of}
    meta = {"name": f"{of}-{name}", "namespace": NAMESPACE, "labels": labels}
    bed.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": data})


def access(plane: ControlPlane) -> str:
    """What Argo CD needs to use a cluster."""
    config = yaml.safe_load(plane.kubeconfig.read_text(encoding="utf-8"))
    ca = Path(config["clusters"][0]["cluster"]["certificate-authority"]).read_bytes()
    tls = {"caData": base64.b64encode(ca).decode()}
    return json.dumps({"bearerToken": config["users"][0]["user"]["token"], "tlsClientConfig": tls})


def generated(hub: Hub, name: str) -> list[Object]:
    folder = hub.fleet / "environments" / name / "argocd" / "applications"
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.yaml"))]


def documented(hub: Hub) -> list[Command]:
    """The commands for Argo CD in the README of the fleet."""
    readme = (hub.fleet / "README.md").read_text(encoding="utf-8")
    return [one for one in commands(readme) if one.heading == "Argo CD" and one.text.startswith("kubectl")]


def test_the_readme_applies_one_object(hub: Hub) -> None:
    typed = [one.text for one in documented(hub)]
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
    assert {one["name"] for one in projects["prod-eu"]["destinations"]} == {"prod-eu"}
    assert {one["server"] for one in projects["prod-us"]["destinations"]} == {hub.other.server}
    assert {one["namespace"] for one in projects["prod-us"]["destinations"]} >= {"vision", "kserve", "kube-system"}
    assert "speech" not in {one["namespace"] for one in projects["prod-us"]["destinations"]}


def test_no_wave_begins_before_the_pull_secrets(hub: Hub) -> None:
    """The External Secrets Operator is not there: what it reports is written by this test."""
    first = f"test-{FIRST_WAVE}"
    until("the first wave is synced", lambda: state(hub, first) == ("Synced", "Progressing"), 180, 1)
    assert hub.children("test") == {first}
    listed = hub.other.api.list(external_secrets.KIND)
    assert {one["metadata"]["namespace"] for one in listed} >= {"kserve", "knative-serving", "vision"}
    ready = {"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced"}
    for one in (one["metadata"] for one in listed):
        status = {"status": {"conditions": [ready]}}
        hub.other.api.patch(external_secrets.KIND, one["name"], one["namespace"], status, "status")
        rotated = {"metadata": {"annotations": {"force-sync": "1"}}}  # make rotate-password
        hub.other.api.patch(external_secrets.KIND, one["name"], one["namespace"], rotated)
    until("the first wave is healthy", lambda: state(hub, first) == ("Synced", "Healthy"), 60, 1)
    kept = hub.other.api.list(external_secrets.KIND)
    assert all("force-sync" in one["metadata"]["annotations"] for one in kept)


def state(hub: Hub, name: str) -> tuple[str, str]:
    status = hub.argocd.applications().get(name, {}).get("status", {})
    return status.get("sync", {}).get("status"), status.get("health", {}).get("status")


def test_the_first_stage_goes_first(hub: Hub) -> None:
    """Its first wave is installed in its own cluster. The second is not healthy there, so the stage of prod waits."""
    until("the second wave", lambda: hub.children("test") == {f"test-{FIRST_WAVE}", f"test-{SECOND_WAVE}"}, 180, 1)
    assert hub.other.api.find(*INSTALLED)
    assert hub.bed.api.find(*INSTALLED) is None
    time.sleep(15)
    assert len(hub.children("test")) == 2
    assert hub.children("prod-eu") | hub.children("prod-us") == set()
    stages = hub.stages()
    assert (stages["prod-eu"], stages["prod-us"]) == ("Waiting", "Waiting"), stages


def test_the_project_allows_what_is_generated(hub: Hub) -> None:
    """All waves of a cluster by name and of one by URL."""
    for name in ("test", "prod-us"):
        listed = [app for app in generated(hub, name) if app["metadata"]["name"] not in hub.names()]
        with applied(hub, listed) as names:
            until("Argo CD has looked at them", lambda: all(looked_at(hub, one) for one in names), 120, 1)
            assert {one: found for one in names if (found := invalid(hub, one))} == {}


def test_the_project_refuses_another_namespace(hub: Hub) -> None:
    (app,) = (one for one in generated(hub, "test") if one["metadata"]["name"] == "test-istiod")
    app["spec"]["destination"]["namespace"] = "argocd"
    with applied(hub, [app]):
        until("it is refused", lambda: invalid(hub, "test-istiod"), 60, 1)
        (message,) = invalid(hub, "test-istiod")
    assert "do not match any of the allowed destinations in project 'test'" in message


@contextlib.contextmanager
def applied(hub: Hub, apps: list[Object]) -> Iterator[list[str]]:
    """Applications that are compared and not synced; without a finalizer, so that they leave no trace."""
    for app in apps:
        meta = {key: value for key, value in app["metadata"].items() if key != "finalizers"}
        hub.bed.api.apply(app | {"metadata": meta, "spec": app["spec"] | {"syncPolicy": {}}})
    names = [app["metadata"]["name"] for app in apps]
    yield names
    for name in names:
        hub.bed.api.delete(APPLICATION, name, NAMESPACE)


def looked_at(hub: Hub, name: str) -> bool:
    status = hub.argocd.applications()[name].get("status", {})
    return bool(status.get("sync") or status.get("conditions"))


def invalid(hub: Hub, name: str) -> list[str]:
    found = hub.argocd.applications()[name].get("status", {}).get("conditions", [])
    return [one["message"] for one in found if one["type"] == "InvalidSpecError"]


def test_a_sync_that_waits_is_ended_by_hand(hub: Hub) -> None:
    """Until then Argo CD takes no other commit. An environment without Applications is healthy, so prod follows."""
    folder = hub.fleet / "environments" / "test" / "argocd" / "applications"
    for file in folder.glob("*.yaml"):
        file.unlink()
    (folder / "none").write_text("", encoding="utf-8")
    hub.push("Nothing in test", "test")
    time.sleep(5)
    assert len(hub.children("test")) == 2
    (command,) = (one.text for one in documented(hub) if "Terminating" in one.text)
    hub.bed.kubectl(*shlex.split(command.replace("NAME", "test"))[1:])
    until("the Applications of test are gone", lambda: hub.children("test") == set(), 180, 1)
    until("prod-eu begins", lambda: hub.children("prod-eu") == {f"prod-eu-{FIRST_WAVE}"}, 180, 1)
    until(
        "prod-us goes on",
        lambda: hub.children("prod-us") == {f"prod-us-{FIRST_WAVE}", f"prod-us-{SECOND_WAVE}"},
        180,
        1,
    )


def test_a_folder_that_is_gone_deletes_nothing(hub: Hub) -> None:
    shutil.rmtree(hub.fleet / "environments" / "prod-us")
    (hub.fleet / "argocd" / "fleet" / "project-prod-us.yaml").unlink()
    hub.push("prod-us is gone", "ml")
    time.sleep(1.5 * application_sets.REQUEUE)
    assert "prod-us" in hub.names()
    assert len(hub.children("prod-us")) == 2
    assert hub.bed.api.find(PROJECT, "prod-us", NAMESPACE)


def test_an_environment_waits_for_its_cluster(hub: Hub) -> None:
    """With `cluster_label`; those that have an Application keep it."""
    before = hub.names()
    settings = yaml.safe_load((hub.fleet / "fleet.yaml").read_text(encoding="utf-8"))
    write(hub.fleet / "fleet.yaml", settings | {"cluster_label": "environment"})
    assert cli.main(["fleet", "-C", str(hub.fleet), "generate", "prod-eu"]) == 0
    hub.push("Clusters by their label", "ml")
    until(
        "the matrix", lambda: "matrix" in hub.bed.api.get(APPLICATION_SET, "ml", NAMESPACE)["spec"]["generators"][0], 90
    )
    write(hub.fleet / "answers" / "environments" / "prod-ap.yaml", ENVIRONMENTS["prod-eu"])
    assert cli.main(["fleet", "-C", str(hub.fleet), "generate", "prod-ap"]) == 0
    hub.push("prod-ap", "ml")
    time.sleep(1.5 * application_sets.REQUEUE)
    assert "prod-ap" not in hub.names()
    data = {"name": "prod-ap", "server": "https://127.0.0.1:2", "config": "{}"}
    secret(hub.bed, "cluster", data, "prod-ap", environment="prod-ap")
    until("prod-ap", lambda: "prod-ap" in hub.names(), 60, 1)
    assert hub.names() >= before


def test_without_the_application_set_all_stay(hub: Hub) -> None:
    hub.bed.api.delete(APPLICATION, "ml", NAMESPACE)
    before = hub.names() - {"ml"}
    hub.bed.api.delete(APPLICATION_SET, "ml", NAMESPACE)
    until("the ApplicationSet is gone", lambda: hub.bed.api.find(APPLICATION_SET, "ml", NAMESPACE) is None, 30)
    time.sleep(5)
    assert hub.names() >= before


@pytest.mark.skipif(not COUNT, reason="a measurement: KSERVE_FLEET_COUNT=200")
def test_many_environments(hub: Hub) -> None:
    """Seconds until all Applications exist, and what the controllers take. To be run alone: ARGS="-k many".

    Without the health of Applications, for which the waves would wait: their clusters are not there.
    """
    spread(hub, COUNT)
    hub.push(f"{COUNT} environments")
    begin = time.monotonic()
    hub.bed.kubectl("apply", "--filename", str(hub.fleet / "argocd" / "fleet.yaml"))
    wanted = {f"many-{number:03}" for number in range(COUNT)}
    until("the roots", lambda: hub.names() >= wanted, 900, 1)
    print(f"\n{COUNT} roots after {time.monotonic() - begin:.0f} s")
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
