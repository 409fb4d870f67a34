"""The commands of documents that need a cluster, typed in order: the README of an environment, then the other pages.

The charts come from a real registry with TLS and a password. Programs find what a person's machine has: helm, kubectl
and helmfile on PATH, a kubeconfig, and a trusted CA.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.commands import account
from tests.commands.account import ENVIRONMENT, HELP
from tests.commands.session import Session
from tests.commands.situations import LIVE
from tests.commands.test_environment import additions
from tests.live.bed import binaries, brought
from tests.live.bed.bed import Bed
from tests.live.bed.charts import charts_in_a_registry
from tests.live.bed.control_plane import issue
from tests.live.bed.environments import PATH, Environment
from tests.live.bed.leftovers import left
from tests.live.bed.net_istio import missing
from tests.mirror.registry import FIRST, USER, Registry
from tools import stacks
from tools.console import ROOT

pytestmark = pytest.mark.live
PAGES = ("docs/how-to/504-and-404.md", "docs/how-to/local-gateway.md", "docs/how-to/offline-inference-service.md")
PAGES += ("docs/kserve-wiring.md", "docs/rules/KW205.md", "docs/rules/KW304.md", "README.md")


@pytest.fixture(scope="module")
def charts(bed: Bed) -> Iterator[Registry]:
    """A registry with the charts, as `make mirror` leaves it."""
    with charts_in_a_registry(bed, bed.state / "charts", stacks.DEFAULT) as registry:
        yield registry


@pytest.fixture(scope="module")
def installed(bed: Bed, charts: Registry) -> Environment:
    """The environment in front of an empty cluster, with the files that a person has."""
    bed.clear()
    answers = bed.state / "documents.yaml"
    answers.write_text(yaml.safe_dump(LIVE | {"chart_repository": f"oci://{charts.host}/charts"}), encoding="utf-8")
    made = Environment.generate(bed, answers)
    made.prepare(f"{USER}:{FIRST}")
    keys = bed.state / "keys"
    issue(keys, "tls", *brought.hosts_of(made.answers))
    for name in ("ca.crt", "tls.crt", "tls.key"):
        shutil.copy(keys / name, made.folder)
    return made


@pytest.fixture
def session(bed: Bed, installed: Environment, tmp_path: Path) -> Session:
    """A person at a terminal."""
    home, keys = tmp_path / "home", bed.state / "keys"
    (home / "bin").mkdir(parents=True)
    programs = {"helm": Path(bed.variables["HELM"]), "kubectl": Path(bed.variables["KUBECTL"])}
    programs["helmfile"] = binaries.binary("helmfile", "helmfile")
    programs["kserve-wiring"] = Path(sys.executable).with_name("kserve-wiring")
    for name, path in programs.items():
        (home / "bin" / name).symlink_to(path)
    env = {"HOME": str(home), "PATH": f"{home / 'bin'}:{PATH}", "SSL_CERT_FILE": str(keys / "ca.crt")}
    env |= {"KUBECONFIG": bed.variables["KUBECONFIG"], "LANG": "C.UTF-8"}
    env["SKOPEO"] = "absent"  # only the nodes reach the private registry
    values = {"user": USER, "password": FIRST, "host": installed.answers["registry_host"], "kinds": kinds()}
    replies = {r"Username: ?": f"{USER}\n", r"Password: ?": f"{FIRST}\n"}
    replies[r"Type \S+ to remove it from this cluster: ?"] = f"{installed.answers['environment_name']}\n"
    return Session(installed.folder, env, True, values, replies)


def test_the_commands_in_order(bed: Bed, installed: Environment, session: Session) -> None:
    """The installation and what follows on a terminal; the other pages and the removal without one."""
    readme = (installed.folder / "README.md").read_text(encoding="utf-8")
    # Without net-istio's programs no request arrives.
    without = ["make verify"] if missing() else []
    typed = session.follow(ENVIRONMENT, readme, "live", last="Remove", without=without)
    assert {"make install-kserve-prerequisites", "make install", "helmfile sync --server-side=false"} <= set(typed)

    session = replace(session, terminal=False, additions=additions(readme, terminal=False))
    overlay(installed.folder)
    for page in PAGES:
        session.follow(page, (ROOT / page).read_text(encoding="utf-8"), "live", without=without)
    for entry in account.entries(HELP):
        if entry.at == "live":
            session.type(entry.text)
    session.follow(ENVIRONMENT, readme, "live", first="Remove")
    print("\n".join(session.log))
    bed.installed = None
    # What a person puts into a namespace stays: here the CA of docs/rules/KW304.md.
    assert left(installed) == ["ConfigMap kserve/made-by-hand"]


def test_helmfile_installs_everything_into_an_empty_cluster(bed: Bed, installed: Environment, session: Session) -> None:
    """The README's steps with helmfile instead of make install, and what to see after each release."""
    bed.clear()
    installed.prepare(f"{USER}:{FIRST}")
    readme = (installed.folder / "README.md").read_text(encoding="utf-8")
    without = ["make install", "make check diff", "make diff", *(["make verify"] if missing() else [])]
    typed = session.follow(ENVIRONMENT, readme, "live", last="Use it", without=without)
    assert "helmfile sync --server-side=false" in typed
    listed = installed.helm("list", "--all-namespaces", "--output", "json")
    found = {item["name"]: (item["status"], item["revision"]) for item in json.loads(listed.stdout)}
    # The prerequisites are installed once more, by the step that creates the namespaces.
    assert found == {
        release["name"]: ("deployed", "2" if release["name"] == "kserve-prerequisites" else "1")
        for release in installed.releases
    }
    session.follow(ENVIRONMENT, readme, "live", first="Remove")
    print("\n".join(session.log))
    bed.installed = None
    assert left(installed) == []


def kinds() -> str:
    """KINDS of docs/kserve-wiring.md: what the page lists."""
    page = (ROOT / "docs" / "kserve-wiring.md").read_text(encoding="utf-8")
    return "".join(page.partition("```text\n")[2].partition("```")[0].split())


def overlay(folder: Path) -> None:
    """overlays/prod of docs/kserve-wiring.md, and the other files that pages name."""
    (folder / "overlays" / "prod").mkdir(parents=True, exist_ok=True)
    fixture = ROOT / "rules" / "KW101"
    bad = next(iter(sorted(fixture.glob("bad-*.yaml"))))
    shutil.copy(bad, folder / "overlays" / "prod" / "serving.yaml")
    (folder / "overlays" / "prod" / "kustomization.yaml").write_text("resources: [serving.yaml]\n", encoding="utf-8")
    shutil.copy(folder / "ca.crt", folder / "ca.pem")
