"""`make rotate-password` and `make rotate-ca`, with the real registry; kubectl records what it gets."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest
import yaml

from tests.live.bed.control_plane import certificate_authority
from tests.mirror.registry import FIRST, HASHES, ODD, SECOND, USER, Registry, pull_secret
from tests.mirror.state import error_of
from tests.mirror.test_lock import commit
from tests.mirror.world import World
from tools.upstream.helm import Helm

# Saves the file that `kubectl create` reads, and the arguments of every call.
KUBECTL = """#!/usr/bin/env bash
echo "$*" >> "$CALLS"
for word in "$@"; do
  case $word in .dockerconfigjson=* | cabundle.crt=*) cp "${word#*=}" "$CALLS.${word%%=*}" ;; esac
done
case $* in *jsonpath*) test ! -f "$CALLS.held" || cat "$CALLS.held" ;; esac
"""
ROBOT = """robot$kserve it's "x" \\n"""


@pytest.fixture
def kubectl(tmp_path: Path) -> list[str]:
    """The variable for make."""
    path = tmp_path / "kubectl"
    path.write_text(KUBECTL, encoding="utf-8")
    path.chmod(0o755)
    return [f"KUBECTL={path}"]


def calls(folder: Path) -> list[str]:
    file = folder / "calls"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def writes(folder: Path) -> list[str]:
    return [call for call in calls(folder) if call.split()[0] not in ("config", "get")]


def login_of(folder: Path, host: str) -> str:
    held = json.loads((folder / "calls..dockerconfigjson").read_text(encoding="utf-8"))
    return base64.b64decode(held["auths"][host]["auth"]).decode()


@pytest.mark.parametrize("user", [USER, ROBOT])
def test_the_accepted_password_is_written(
    world: World, empty: Registry, kubectl: list[str], tmp_path: Path, user: str
) -> None:
    (empty.folder / "htpasswd").write_text(f"{user}:{HASHES[SECOND]}\n", encoding="utf-8")
    done = world.make_target(
        world.environment, "rotate-password", *kubectl,
        REGISTRY_USER=user, REGISTRY_PASSWORD=SECOND, CALLS=str(tmp_path / "calls"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert login_of(tmp_path, world.host) == f"{user}:{SECOND}"
    made = [call for call in calls(tmp_path) if call.startswith("create secret generic harbor-pull")]
    namespaces = next(line for line in done.stdout.splitlines() if " in: " in line).partition(" in: ")[2].split()
    assert [call.split("--namespace ")[1].split()[0] for call in made] == namespaces
    assert "models" in namespaces
    assert SECOND not in done.stdout + done.stderr + "".join(calls(tmp_path))


@pytest.mark.parametrize("given", ["variable", "standard input"])
def test_every_character_of_a_password_is_kept(
    world: World, empty: Registry, kubectl: list[str], tmp_path: Path, given: str
) -> None:
    empty.accept(ODD)
    variables = {"REGISTRY_USER": USER, "CALLS": str(tmp_path / "calls")}
    if given == "variable":
        variables["REGISTRY_PASSWORD"] = ODD
    done = subprocess.run(
        ["make", "rotate-password", *kubectl], cwd=world.environment, env=world.env(**variables),
        input="" if given == "variable" else f"{ODD}\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert login_of(tmp_path, world.host) == f"{USER}:{ODD}"


def test_logins_for_other_registries_stay(world: World, empty: Registry, kubectl: list[str], tmp_path: Path) -> None:
    empty.accept(SECOND)
    other = {"https://index.docker.io/v1/": {"auth": "aHViOng="}, "ghcr.io": {"username": "a", "auth": "YTpi"}}
    hold(tmp_path, pull_secret(world.host, FIRST)["auths"] | other)
    done = rotate(world, kubectl, tmp_path)
    assert done.returncode == 0, done.stderr
    held = json.loads((tmp_path / "calls..dockerconfigjson").read_text(encoding="utf-8"))
    assert {name: entry["auth"] for name, entry in held["auths"].items()} == {
        world.host: base64.b64encode(f"{USER}:{SECOND}".encode()).decode(),
        "https://index.docker.io/v1/": "aHViOng=",
        "ghcr.io": "YTpi",
    }
    # The API server would write the new password into the annotation of an earlier client-side apply.
    changes = [call.split()[0] for call in calls(tmp_path) if call.split()[0] in ("annotate", "apply")]
    assert changes == ["annotate", "apply"] * (len(changes) // 2) != []
    assert "kubernetes.io/last-applied-configuration-" in next(call for call in calls(tmp_path) if "annotate" in call)
    assert all("--server-side" in call for call in calls(tmp_path) if call.startswith("apply"))


def test_a_login_that_would_be_lost_changes_nothing(
    world: World, empty: Registry, kubectl: list[str], tmp_path: Path
) -> None:
    empty.accept(SECOND)
    hold(tmp_path, {"ghcr.io": {"username": "a", "password": "b"}})
    assert "has a login without auth, which is lost: " in error_of(rotate(world, kubectl, tmp_path))
    assert writes(tmp_path) == []


def hold(folder: Path, auths: dict[str, Any]) -> None:
    """The Secret that kubectl finds."""
    (folder / "calls.held").write_bytes(base64.b64encode(json.dumps({"auths": auths}).encode()))


def rotate(world: World, kubectl: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return world.make_target(
        world.environment, "rotate-password", *kubectl,
        REGISTRY_USER=USER, REGISTRY_PASSWORD=SECOND, CALLS=str(folder / "calls"),
    )  # fmt: skip


def test_every_external_secret_is_refreshed(world: World, kubectl: list[str], tmp_path: Path, each_helm: Helm) -> None:
    """The External Secrets Operator reads the store again when an annotation of the ExternalSecret changes."""
    synced = {
        "pull_secret_source": "external-secret",
        "external_secret_store": "vault",
        "external_secret_key": "harbor",
    }
    tenants = [{"name": "speech"}, {"name": "vision"}]
    project = world.generate(tmp_path / "project", **synced, tenants=tenants)
    chart = ["charts/kserve-environment", "--values", "values/kserve-environment.yaml", "--set", "part=prerequisites"]
    rendered = subprocess.run(
        [each_helm.path, "template", *chart], cwd=project, capture_output=True, text=True, check=True
    ).stdout
    found = [obj["metadata"] for obj in yaml.safe_load_all(rendered) if obj and obj["kind"] == "ExternalSecret"]
    assert {"speech", "vision", "kserve"} <= {meta["namespace"] for meta in found}
    done = world.make_target(project, "rotate-password", *kubectl, CALLS=str(tmp_path / "calls"))
    assert done.returncode == 0, done.stderr
    made = [call.rpartition("=") for call in calls(tmp_path) if call.startswith("annotate")]
    assert sorted(call for call, _, _ in made) == sorted(
        f"annotate externalsecret {meta['name']} --namespace {meta['namespace']} --overwrite force-sync"
        for meta in found
    )
    assert all(value.isdigit() for _, _, value in made)


def test_a_terminal_is_asked_without_echo(world: World, empty: Registry, kubectl: list[str], tmp_path: Path) -> None:
    empty.accept(SECOND)
    terminal = pexpect.spawn(
        "make", ["rotate-password", *kubectl], cwd=str(world.environment),
        env=world.env(CALLS=str(tmp_path / "calls")), timeout=30,
    )  # fmt: skip
    terminal.expect(f"User name for {world.host}: ")
    terminal.sendline(USER)
    terminal.expect(f"New password of {USER}: ")
    terminal.sendline(SECOND)
    said = terminal.read().decode()
    terminal.close()
    assert terminal.exitstatus == 0, said
    assert SECOND not in said
    assert login_of(tmp_path, world.host) == f"{USER}:{SECOND}"


def test_a_missing_user_or_namespace_changes_nothing(
    world: World, empty: Registry, kubectl: list[str], tmp_path: Path
) -> None:
    where = {"CALLS": str(tmp_path / "calls")}
    assert error_of(world.make_target(world.environment, "rotate-password", *kubectl, **where)) == (
        "error: REGISTRY_USER is not set: set it to the user name, and pass the password on standard input"
    )
    login = {"REGISTRY_USER": USER, "REGISTRY_PASSWORD": empty.password}
    fake = Path(kubectl[0].partition("=")[2])
    fake.write_text(f"{KUBECTL}\ncase $* in 'get namespace '*) exit 1 ;; esac\n", encoding="utf-8")
    done = world.make_target(world.environment, "rotate-password", *kubectl, **login, **where)
    assert error_of(done) == "error: a namespace is missing, or kubectl cannot read it: nothing is changed"
    assert writes(tmp_path) == []


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ("rotate-password", {}),
        (
            "rotate-password",
            {
                "pull_secret_source": "external-secret",
                "external_secret_store": "vault",
                "external_secret_key": "harbor",
            },
        ),
        ("rotate-ca", {"registry_ca_source": "configmap", "registry_ca_bundle": None, "registry_ca_name": "corp-ca"}),
    ],
    ids=["Secret", "ExternalSecret", "CA"],
)
def test_the_cluster_of_another_environment_is_refused(
    world: World,
    empty: Registry,
    kubectl: list[str],
    tmp_path: Path,
    certificate: Path,
    target: str,
    more: dict[str, Any],
) -> None:
    project = world.generate(tmp_path / "project", **more)
    (tmp_path / "calls.held").write_text("prod kserve/kserve-environment-name\n", encoding="utf-8")
    given = {"REGISTRY_USER": USER, "REGISTRY_PASSWORD": empty.password, "CALLS": str(tmp_path / "calls")}
    done = world.make_target(project, target, *kubectl, f"FILE={certificate}", **given)
    assert error_of(done).startswith(
        "error: this cluster carries environment prod (ConfigMap kserve/kserve-environment-name), not "
    )
    assert writes(tmp_path) == []


def test_a_ca_in_the_answers_needs_no_cluster(world: World, tmp_path: Path, kubectl: list[str]) -> None:
    done = world.make_target(world.environment, "rotate-ca", *kubectl, "FILE=no.pem", CALLS=str(tmp_path / "calls"))
    assert (error_of(done), calls(tmp_path)) == ("error: no.pem does not exist, or is not readable", [])


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    certificate_authority(tmp_path / "new", "new-ca")
    return tmp_path / "new" / "ca.crt"


def test_rotate_ca_changes_the_answer(world: World, tmp_path: Path, certificate: Path) -> None:
    template = shutil.copytree(world.folder / "template", tmp_path / "template", symlinks=True)
    commit(template)
    subprocess.run(["git", "tag", "v1.0.0"], cwd=template, check=True)
    project = world.generate(tmp_path / "project", template=template)
    commit(project)
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    path |= {f"GIT_{role}_{part}": "test@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    old, new = ((folder / "ca.crt").read_text(encoding="utf-8").strip() for folder in (world.keys, certificate.parent))

    for keep, expected in (("", f"{old}\n{new}"), ("KEEP_OLD=false", new)):
        done = world.make_target(project, "rotate-ca", f"FILE={certificate}", *keep.split(), **path)
        assert done.returncode == 0, done.stderr
        answers = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
        assert answers["registry_ca_bundle"].strip() == expected
        assert (project / "images" / "certs" / "ca.crt").read_text(encoding="utf-8").strip() == expected
        values = yaml.safe_load((project / "values" / "kserve-environment.yaml").read_text(encoding="utf-8"))
        assert new in json.dumps(values).replace("\\n", "\n")
        assert "and the change is committed. Next: make install, " in done.stdout
        log = subprocess.run(
            ["git", "log", "-1", "--format=%s"], cwd=project, capture_output=True, text=True, check=True
        )
        assert log.stdout == "Rotate the CA of the registry\n"
        status = subprocess.run(["git", "status", "--short"], cwd=project, capture_output=True, text=True, check=True)
        assert status.stdout == ""
    again = world.make_target(project, "rotate-ca", f"FILE={certificate}", **path)
    assert (again.returncode, again.stdout.splitlines()[-1]) == (
        0,
        f"{certificate} is trusted already: nothing has changed.",
    )


@pytest.mark.parametrize("source", ["configmap", "secret"])
def test_rotate_ca_changes_the_objects(
    world: World, tmp_path: Path, certificate: Path, kubectl: list[str], source: str
) -> None:
    project = world.generate(
        tmp_path / "project", registry_ca_source=source, registry_ca_bundle=None, registry_ca_name="corp-ca"
    )
    old = (world.keys / "ca.crt").read_bytes()
    (tmp_path / "calls.held").write_bytes(base64.b64encode(old) if source == "secret" else old)
    done = world.make_target(project, "rotate-ca", f"FILE={certificate}", *kubectl, CALLS=str(tmp_path / "calls"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "calls.cabundle.crt").read_bytes() == old + certificate.read_bytes()
    made = [call.split("--namespace ")[1].split()[0] for call in calls(tmp_path) if call.startswith("create")]
    assert made == (["knative-serving"] if source == "secret" else ["knative-serving", "kserve"])
    assert "rollout restart deployment controller --namespace knative-serving" in calls(tmp_path)


def test_rotate_ca_leaves_a_knative_of_others(
    world: World, tmp_path: Path, certificate: Path, kubectl: list[str]
) -> None:
    project = world.generate(
        tmp_path / "project", registry_ca_source="configmap", registry_ca_bundle=None, knative_install="existing"
    )
    (tmp_path / "calls.held").write_bytes((world.keys / "ca.crt").read_bytes())
    done = world.make_target(project, "rotate-ca", f"FILE={certificate}", *kubectl, CALLS=str(tmp_path / "calls"))
    assert done.returncode == 0, done.stderr
    assert [call for call in calls(tmp_path) if "rollout" in call or "knative-serving" in call] == []
    assert any(call.startswith("create configmap") and "--namespace kserve" in call for call in calls(tmp_path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("-----BEGIN PRIVATE KEY-----\n", "has a private key: pass only the certificate"),
        ("hello\n", "has no PEM certificate (-----BEGIN CERTIFICATE-----)"),
        (
            "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
            "has a certificate that is not valid PEM",
        ),
        (None, "does not exist, or is not readable"),
    ],
)
def test_rotate_ca_refuses_other_files(world: World, tmp_path: Path, content: str | None, reason: str) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    assert error_of(world.make_target(world.environment, "rotate-ca", f"FILE={file}")) == f"error: {file} {reason}"
