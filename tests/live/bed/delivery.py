"""An environment that Argo CD installs on the bed from a git repository and a registry with charts, and its commits."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.commands.session import Session
from tests.live.bed import brought, git_server
from tests.live.bed.api import Object, until
from tests.live.bed.argocd import APPLICATION, NAMESPACE, ArgoCD
from tests.live.bed.bed import Bed
from tests.live.bed.charts import charts_in_a_registry
from tests.live.bed.control_plane import issue
from tests.live.bed.environments import Environment
from tests.live.bed.git_server import GitServer
from tests.mirror.registry import FIRST, USER, Registry
from tools import stacks

CRD = "apiextensions.k8s.io/v1/CustomResourceDefinition"


@dataclass(repr=False)
class Delivery:
    """An environment that Argo CD installs.

    answers: the environment is generated from. commit: the last one that was pushed. good: the last one that arrived,
    with its answers. seen: when each Application became healthy. charts: the registry, which has all images, too.
    """

    bed: Bed
    argocd: ArgoCD
    environment: Environment
    session: Session
    clone: Path
    charts: Registry
    answers: dict[str, Any]
    commit: str = ""
    good: tuple[str, dict[str, Any]] = ("", {})
    seen: dict[str, float] = field(default_factory=dict)

    @property
    def root(self) -> str:
        return str(self.answers["environment_name"])

    @property
    def readme(self) -> str:
        return (self.environment.folder / "README.md").read_text(encoding="utf-8")

    def push(self, message: str, webhook: bool = True) -> None:
        """Commit and push, and tell Argo CD as a webhook of the git server does; otherwise it looks by itself."""
        self.commit = git_server.push(self.clone, message)
        for name in self.argocd.applications() if webhook else ():
            self.argocd.refresh(name)

    def change(self, message: str, push: bool = True, **answers: Any) -> None:
        """Push the environment with some other answers, or commit it alone."""
        self._generate(self.answers | answers)
        if push:
            self.push(message)
        else:
            git_server.commit(self.clone, message)

    def restore(self) -> None:
        """Push what arrived last, and wait for it, unless it is there: a test before may have failed."""
        commit, answers = self.good
        assert commit, "nothing has arrived yet"
        if self.commit == commit:
            with contextlib.suppress(AssertionError):
                self.wait(60)
                return
        git_server.git(self.clone, "read-tree", "-u", "--reset", commit)
        self._generate(answers)
        self.push("Restore")
        self.wait()

    def _generate(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.environment = generated(self.bed, self.answers, self.environment.folder)

    def applications(self) -> dict[str, Object]:
        """The Applications of the releases, without the root."""
        return {name: app for name, app in self.argocd.applications().items() if name != self.root}

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
        self.good = self.commit, self.answers

    @property
    def names(self) -> list[str]:
        """The Applications, the root last, in the order of the waves."""
        releases = [release["name"] for release in self.environment.releases]
        return [*(f"{self.root}-{name}" for name in [*releases, "extra"]), self.root]

    def table(self) -> str:
        """One line for each Application, for a failing test."""
        return "\n".join(line for name, app in self.argocd.applications().items() for line in described(name, app))


@contextlib.contextmanager
def delivering(bed: Bed, answers: dict[str, Any], home: Path) -> Iterator[Delivery]:
    """Argo CD in front of an empty cluster, and a person with a clone of the repository. answers: without its host."""
    bed.clear()
    folder = bed.state / answers["environment_name"]
    server = GitServer(folder / "git", bed.state / "keys")
    with charts_in_a_registry(bed, folder / "charts", *stacks.names()) as charts:
        answers = answers | {"registry_host": charts.host, "chart_repository": f"oci://{charts.host}/charts"}
        answers |= {"argocd_repo_url": server.url("clusters")}
        clone = folder / "clone"
        made = generated(bed, answers, clone / answers["argocd_path"])
        made.prepare(f"{USER}:{FIRST}")
        git_server.clone(clone, server.repository("clusters"))
        argocd = ArgoCD.start(bed)
        yield Delivery(bed, argocd, made, person(bed, argocd, made, home), clone, charts, answers)
        argocd.stop()
        remove_kinds(bed)


def remove_kinds(bed: Bed) -> None:
    """Argo CD leaves all CRDs, which helm does not adopt: other tests install the same with helm."""
    for app in bed.api.list(APPLICATION, NAMESPACE):
        bed.api.patch(APPLICATION, app["metadata"]["name"], NAMESPACE, {"metadata": {"finalizers": []}})
    for name in kinds(bed):
        bed.api.delete(CRD, name)
    until("their objects are gone", lambda: kinds(bed) == [], 180)


def kinds(bed: Bed) -> list[str]:
    """The CRDs, without the one that the bed began with."""
    names = [item["metadata"]["name"] for item in bed.api.list(CRD)]
    return [name for name in names if not name.endswith("external-secrets.io")]


def generated(bed: Bed, answers: dict[str, Any], folder: Path) -> Environment:
    file = bed.state / "delivered.yaml"
    file.write_text(yaml.safe_dump(answers), encoding="utf-8")
    return Environment.generate(bed, file, folder=folder)


def person(bed: Bed, argocd: ArgoCD, made: Environment, home: Path) -> Session:
    """Somebody with kubectl, helm, git and argocd in the folder of the environment, and what the README names."""
    keys = bed.state / "keys"
    issue(keys, "tls", *brought.hosts_of(made.answers))
    for name in ("ca.crt", "tls.crt", "tls.key"):
        shutil.copy(keys / name, made.folder)
    (home / "bin").mkdir()
    (home / "bin" / "kubectl").symlink_to(bed.variables["KUBECTL"])
    env = argocd.env | {"HOME": str(home), "SSL_CERT_FILE": str(keys / "ca.crt"), "LANG": "C.UTF-8"}
    env["PATH"] = f"{home / 'bin'}:{argocd.env['PATH']}"
    env["SKOPEO"] = "absent"  # the registry has the charts alone, and no image
    env |= {f"GIT_{role}_{key}": f"{key}@localhost" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    values = {"user": USER, "password": FIRST, "host": made.answers["registry_host"]}
    replies = {r"Username: ?": f"{USER}\n", r"Password: ?": f"{FIRST}\n"}
    return Session(made.folder, env, True, values, replies)


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
