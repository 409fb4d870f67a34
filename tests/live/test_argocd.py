"""An environment that a real Argo CD installs, from the README's commands and what git and the registry have."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.account import ENVIRONMENT
from tests.commands.session import Session
from tests.commands.situations import LIVE_ARGOCD
from tests.live.bed import brought, git_server
from tests.live.bed.api import Object, until
from tests.live.bed.argocd import APPLICATION, NAMESPACE, ArgoCD
from tests.live.bed.bed import Bed
from tests.live.bed.charts import charts_in_a_registry
from tests.live.bed.control_plane import issue
from tests.live.bed.environments import Environment
from tests.live.bed.git_server import GitServer
from tests.live.bed.leftovers import left
from tests.mirror.registry import FIRST, USER
from tools import stacks

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not os.environ.get("KSERVE_TEST_ARGOCD"), reason="takes a quarter of an hour: make test-argocd"),
]
ROOT_NAME = LIVE_ARGOCD["environment_name"]
# Seconds without a change after everything is healthy; more than two looks of Argo CD at git and the cluster.
REST = int(os.environ.get("ARGOCD_REST", "60"))
SERVING = "operator.knative.dev/v1beta1/KnativeServing"
CRD = "apiextensions.k8s.io/v1/CustomResourceDefinition"


@dataclass(repr=False)
class Delivery:
    """An environment that Argo CD installs from a git repository.

    commit: the last one that was pushed. seen: when each Application became healthy.
    """

    bed: Bed
    argocd: ArgoCD
    environment: Environment
    session: Session
    clone: Path
    commit: str = ""
    seen: dict[str, float] = field(default_factory=dict)

    def push(self, message: str) -> None:
        self.commit = git_server.push(self.clone, message)

    def applications(self) -> dict[str, Object]:
        """The Applications of the releases, without the root."""
        return {name: app for name, app in self.argocd.applications().items() if name != ROOT_NAME}

    def arrived(self) -> bool:
        """True when the root and all Applications are synced to the commit, healthy, and no sync is running."""
        apps = self.argocd.applications()
        for name, app in apps.items():
            if settled(app, self.commit):
                self.seen.setdefault(name, time.time())
        return set(self.seen) >= set(self.names) and all(settled(app, self.commit) for app in apps.values())

    def wait(self, seconds: float = 300) -> None:
        self.seen = {}
        try:
            until(f"{self.commit[:7]} is delivered", self.arrived, seconds, 0.5)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.table()}") from error

    @property
    def names(self) -> list[str]:
        """The Applications, the root last, in the order of the waves."""
        releases = [release["name"] for release in self.environment.releases]
        return [*(f"{ROOT_NAME}-{name}" for name in [*releases, "extra"]), ROOT_NAME]

    def table(self) -> str:
        """One line for each Application, for a failing test."""
        return "\n".join(line for name, app in self.argocd.applications().items() for line in described(name, app))


def settled(app: Object, commit: str) -> bool:
    status = app.get("status", {})
    sync, phase = status.get("sync", {}), status.get("operationState", {}).get("phase")
    revisions = sync.get("revisions") or [sync.get("revision")]
    good = sync.get("status") == "Synced" and status.get("health", {}).get("status") == "Healthy"
    # What is already as in git needs no sync: make install-kserve-prerequisites installed it.
    return good and phase in (None, "Succeeded") and "operation" not in app and commit in revisions


def described(name: str, app: Object) -> Iterator[str]:
    status = app.get("status", {})
    state = status.get("operationState", {})
    sync, health = status.get("sync", {}).get("status"), status.get("health", {}).get("status")
    yield f"{name}: {sync} {health} {state.get('phase')} {state.get('message', '')}"
    for condition in status.get("conditions", []):
        yield f"    {condition['type']}: {condition['message'][:600]}"
    for item in status.get("resources", []):
        health = item.get("health", {})
        if item.get("status") != "Synced" or health.get("status", "Healthy") != "Healthy":
            yield f"    {item['kind']} {item.get('namespace', '')}/{item['name']}: {item.get('status')} {health}"


@pytest.fixture(scope="module")
def delivery(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    """Argo CD in front of an empty cluster, and a person with a clone of the repository."""
    bed.clear()
    server = GitServer(bed.state / "git", bed.state / "keys")
    with charts_in_a_registry(bed, stacks.DEFAULT, bed.state / "argocd-charts") as charts:
        answers = {"chart_repository": f"oci://{charts.host}/charts", "argocd_repo_url": server.url("clusters")}
        file = bed.state / "delivered.yaml"
        file.write_text(yaml.safe_dump(LIVE_ARGOCD | answers), encoding="utf-8")
        clone = bed.state / "clone"
        made = Environment.generate(bed, file, folder=clone / LIVE_ARGOCD["argocd_path"])
        made.prepare(f"{USER}:{FIRST}")
        git_server.clone(clone, server.repository("clusters"))
        argocd = ArgoCD.start(bed)
        yield Delivery(bed, argocd, made, person(bed, argocd, made, tmp_path_factory.mktemp("person")), clone)
        argocd.stop()
        remove_kinds(bed)


def remove_kinds(bed: Bed) -> None:
    """Argo CD leaves all CRDs, which helm does not adopt: other tests install the same with helm."""
    for app in bed.api.list(APPLICATION, NAMESPACE):
        bed.api.patch(APPLICATION, app["metadata"]["name"], NAMESPACE, {"metadata": {"finalizers": []}})
    for name in kinds(bed):
        bed.api.delete(CRD, name)
    until("their objects are gone", lambda: kinds(bed) == [], 60)


def kinds(bed: Bed) -> list[str]:
    """The CRDs, without the one that the bed began with."""
    names = [item["metadata"]["name"] for item in bed.api.list(CRD)]
    return [name for name in names if not name.endswith("external-secrets.io")]


def person(bed: Bed, argocd: ArgoCD, made: Environment, home: Path) -> Session:
    """Somebody with kubectl, helm and argocd in the folder of the environment, and the files that the README names."""
    keys = bed.state / "keys"
    issue(keys, "tls", *brought.hosts_of(made.answers))
    for name in ("ca.crt", "tls.crt", "tls.key"):
        shutil.copy(keys / name, made.folder)
    (home / "bin").mkdir()
    (home / "bin" / "kubectl").symlink_to(bed.variables["KUBECTL"])
    env = argocd.env | {"HOME": str(home), "SSL_CERT_FILE": str(keys / "ca.crt"), "LANG": "C.UTF-8"}
    env["PATH"] = f"{home / 'bin'}:{argocd.env['PATH']}"
    env["SKOPEO"] = "absent"  # only the nodes and Argo CD reach the private registry
    values = {"user": USER, "password": FIRST, "host": made.answers["registry_host"]}
    replies = {r"Username: ?": f"{USER}\n", r"Password: ?": f"{FIRST}\n"}
    return Session(made.folder, env, True, values, replies)


def test_the_readme_alone(delivery: Delivery) -> None:
    """After the README's commands all Applications are synced and healthy, one wave after the other."""
    readme = (delivery.environment.folder / "README.md").read_text(encoding="utf-8")
    delivery.push("Generate the environment")
    # The cluster is empty: Argo CD installs, and nothing is there to uninstall.
    without = ["make install", "make uninstall", "helmfile sync --server-side=false"]
    last = next(line for line in re.findall(r"(?m)^### (\d+\. Verify)$", readme))
    delivery.session.follow(ENVIRONMENT, readme, "live", last=last, without=without)
    delivery.wait(1500)
    apps = delivery.applications()
    print(order(delivery))
    late = [
        (before, after)
        for before, after in zip(delivery.names, delivery.names[1:-1], strict=False)
        if created(apps[after]) < delivery.seen[before] - 3
    ]
    assert late == [], order(delivery)


def order(delivery: Delivery) -> str:
    apps = delivery.argocd.applications()
    begin = created(apps[ROOT_NAME])
    return "\n".join(
        f"{created(apps[name]) - begin:6.1f} {delivery.seen[name] - begin:6.1f} {name}" for name in delivery.names
    )


def created(app: Object) -> float:
    return datetime.fromisoformat(app["metadata"]["creationTimestamp"]).timestamp()


def test_at_rest_nothing_changes(delivery: Delivery) -> None:
    before, synced = versions(delivery), histories(delivery)
    assert len(before) > 150
    deadline = time.monotonic() + REST
    while time.monotonic() < deadline:
        assert delivery.arrived(), delivery.table()
        time.sleep(1)
    assert histories(delivery) == synced
    after = versions(delivery)
    assert {name: version for name, version in after.items() if before.get(name) != version} == {}


def versions(delivery: Delivery) -> dict[str, str]:
    """The resourceVersion of every object that an Application owns, and of the Applications' specs."""
    found: dict[str, str] = {}
    for app in delivery.applications().values():
        for item in app["status"].get("resources", []):  # extra/ without a manifest has none
            kind = f"{item['group']}/{item['version']}/{item['kind']}" if item.get("group") else f"v1/{item['kind']}"
            live = delivery.bed.api.get(kind, item["name"], item.get("namespace", ""))
            found[f"{kind} {item.get('namespace', '')}/{item['name']}"] = live["metadata"]["resourceVersion"]
    return found


def histories(delivery: Delivery) -> dict[str, Any]:
    return {
        name: app["status"].get("operationState", {}).get("startedAt")
        for name, app in delivery.argocd.applications().items()
    }


def regenerate(delivery: Delivery, **answers: Any) -> None:
    """Generate the environment again, with some answers changed for good."""
    made, file = delivery.environment, delivery.bed.state / "delivered.yaml"
    given = yaml.safe_load(file.read_text(encoding="utf-8")) | answers
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    delivery.environment = Environment.generate(delivery.bed, file, folder=made.folder)


def test_another_pull_secret(delivery: Delivery) -> None:
    """Knative's operator cannot change its Jobs, and goes on after the command of the README."""
    old = delivery.environment.answers["pull_secret"]
    assert naming(delivery, old)
    regenerate(delivery, pull_secret="renamed-pull")  # noqa: S106 - its name
    delivery.environment.bring(f"{USER}:{FIRST}")
    delivery.push("Rename the pull Secret")
    until("the operator stops", lambda: "field is immutable" in str(delivery.bed.api.list(SERVING)), 180, 1)
    readme = (delivery.environment.folder / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"(?m)^\$ (kubectl delete jobs .*)$", readme)
    delivery.session.type(command)
    delivery.wait()
    until("nothing names the old Secret", lambda: naming(delivery, old) == [], 120, 1)


def naming(delivery: Delivery, secret: str) -> list[str]:
    """The ServiceAccounts and Deployments that name a pull Secret. Pods have it of these when they start."""
    listed = [item for kind in ("v1/ServiceAccount", "apps/v1/Deployment") for item in delivery.bed.api.list(kind)]
    pulls = [(item, item.get("imagePullSecrets") or pod_spec(item).get("imagePullSecrets", [])) for item in listed]
    return [item["metadata"]["name"] for item, found in pulls if {"name": secret} in found]


def pod_spec(item: Object) -> Object:
    spec: Object = item.get("spec", {}).get("template", {}).get("spec", {})
    return spec


def test_killed_in_a_sync_it_goes_on(delivery: Delivery) -> None:
    old, place = (delivery.environment.answers[f"local_gateway_{key}"] for key in ("name", "namespace"))
    regenerate(delivery, local_gateway_name="renamed")
    delivery.push("Rename the local gateway")
    until("a sync is running", lambda: running(delivery), 60, 0.02)
    delivery.argocd.kill_controller()
    delivery.argocd.start_controller()
    delivery.wait()
    assert delivery.bed.api.find("apps/v1/Deployment", "renamed", place)
    assert delivery.bed.api.find("apps/v1/Deployment", old, place) is None


def running(delivery: Delivery) -> list[str]:
    apps = delivery.applications()
    phases = {name: app["status"].get("operationState", {}).get("phase") for name, app in apps.items()}
    return [name for name, phase in phases.items() if phase == "Running"]


def test_the_removal_goes_backwards(delivery: Delivery) -> None:
    """The last wave goes first, and what stays is what the README says."""
    readme = (delivery.environment.folder / "README.md").read_text(encoding="utf-8")
    deleted: list[str] = []
    watch = threading.Thread(target=lambda: deleted.extend(deletions(delivery)), daemon=True)
    watch.start()
    delivery.session.follow(ENVIRONMENT, readme, "live", first="Remove")
    watch.join(60)
    delivery.bed.installed = None
    assert deleted == [*reversed(delivery.names[:-1]), ROOT_NAME]
    assert [one for one in left(delivery.environment) if f" {NAMESPACE}/" not in one] == []
    groups = {name.partition(".")[2] for name in kinds(delivery.bed)}
    assert {"serving.kserve.io", "networking.istio.io", "cert-manager.io", "serving.knative.dev"} <= groups
    namespaces = {item["metadata"]["name"] for item in delivery.bed.api.list("v1/Namespace")}
    assert namespaces >= set(delivery.environment.namespaces())


def deletions(delivery: Delivery) -> Iterator[str]:
    """The Applications in the order in which they go, until the root is gone."""
    for event, app in delivery.bed.api.watch(APPLICATION):
        if event == "DELETED":
            yield app["metadata"]["name"]
            if app["metadata"]["name"] == ROOT_NAME:
                return
