"""What users install, in the programs that read it: the tests need the registries of pip and npm and Go's proxy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.commands.clone import GIT, repository
from tests.packages.stores import certificates, hub, s3
from tools.console import ROOT
from tools.rules import RULES
from tools.upstream import golang, helm, modules

CLIENTS = ("boto3", "certifi", "hf-transfer", "hf-xet", "huggingface-hub", "pyyaml", "requests")
VERSION = "1.1.0"
WHEEL = f"kserve_wiring-{VERSION}-py3-none-any.whl"
CHART = f"kserve-environment-{VERSION}.tgz"
PLUGIN = f"helm-kserve-wiring-{VERSION}.tgz"
KREW = f"kubectl-kserve_wiring-{VERSION}.tar.gz"
SDIST = f"kserve_wiring-{VERSION}.tar.gz"


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as users' programs clone it."""
    if not os.environ.get("KSERVE_TEST_PACKAGES"):
        pytest.skip("installs packages: make test-packages")
    return repository(tmp_path_factory.mktemp("clone") / "copier-kserve", "v1.0.0")


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A user's repository: two files that agree, and something that is no manifest."""
    folder = tmp_path / "user"
    folder.mkdir()
    rest, _, gateway = (RULES / "KW403" / "bad-typo.yaml").read_text(encoding="utf-8").rpartition("---\n")
    for name, text in {"gateway.yaml": gateway, "rest.yaml": rest, "README.md": "# Serving\n"}.items():
        (folder / name).write_text(text.replace("ml-locl", "ml-local"), encoding="utf-8")
    commands = [["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "Begin"]]
    for words in commands:
        subprocess.run([*GIT, *words], cwd=folder, check=True)
    return folder


def mistype(folder: Path) -> None:
    """Break the label of the gateway Pods, which the Gateway in the other file selects."""
    rest = folder / "rest.yaml"
    text = rest.read_text(encoding="utf-8")
    rest.write_text(text.replace("        istio: ml-local", "        istio: ml-locl"), encoding="utf-8")


@pytest.fixture(scope="session")
def checkout(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of its own for what is built; the clone has the tag v1.0.0."""
    return checkout_of(clone, tmp_path_factory.mktemp("release") / "copier-kserve")


def checkout_of(clone: Path, folder: Path) -> Path:
    subprocess.run([*GIT, "clone", "--quiet", str(clone), str(folder)], check=True)
    for key, value in {"user.name": "test", "user.email": "test@example.com"}.items():
        subprocess.run([*GIT, "config", key, value], cwd=folder, check=True)
    return folder


def release(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = os.environ | {"HELM": helm.find_major(4).path, "PYTHONPATH": str(folder / "src")}
    command = [sys.executable, "-m", "tools.release", *arguments]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)


@pytest.fixture(scope="session")
def dist(checkout: Path) -> Path:
    done = release(checkout, VERSION, "--dry-run")
    assert done.returncode == 0, done.stderr
    return checkout / "dist"


@pytest.fixture(scope="session")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of the wheel, installed from files alone: no package index is asked."""
    folder = tmp_path_factory.mktemp("installed")
    wheels, venv = folder / "wheels", folder / "venv"
    requirements = json.loads((dist / f"{WHEEL}.cdx.json").read_text(encoding="utf-8"))["components"]
    names = [f"{part['name']}=={part['version']}" for part in requirements]
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "download", "--no-deps", "--dest", str(wheels), *names], check=True)
    shutil.copy(dist / WHEEL, wheels)
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    command = [venv / "bin" / "pip", "install", "--quiet", "--no-index", "--find-links", str(wheels), "kserve-wiring"]
    subprocess.run(command, check=True)
    return venv / "bin"


@pytest.fixture(scope="session")
def actionlint() -> Path:
    """The linter of workflows and actions of GitHub."""
    return built("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "actionlint")


def browsed(folder: Path, script: str, *words: str | Path, packages: Sequence[str] = ()) -> str:
    """What a script of this folder prints, which drives the installed Chromium. packages: more of npm's."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs chromium")
    install = ["npm", "install", "--silent", "--no-audit", "playwright-core@1.65.1", *packages]
    subprocess.run(install, cwd=folder, check=True)
    shutil.copy(ROOT / "tests" / "packages" / script, folder)
    variables = os.environ | {"CHROMIUM": chromium}
    done = subprocess.run(["node", script, *words], cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(module: str, package: str, name: str) -> Path:
    """A program, built once from a Go module that a folder here pins."""
    return golang.pinned_program(name, ROOT / "tests" / "packages" / module, package)


def initializer_versions() -> dict[str, str]:
    """The version of each package in the image of KServe's storage initializer."""
    lock = modules.folder("symptoms", "github.com/kserve/kserve") / "python" / "storage" / "uv.lock"
    return {one["name"]: one.get("version", "") for one in tomllib.loads(lock.read_text("utf-8"))["package"]}


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment with the clients that KServe's image has, in its versions."""
    if not os.environ.get("KSERVE_TEST_PACKAGES"):
        pytest.skip("installs packages: make test-packages")
    versions = initializer_versions()
    folder = tmp_path_factory.mktemp("initializer") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pins = [f"{name}=={versions[name]}" if versions.get(name) else name for name in CLIENTS]
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", *pins], check=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    certificates(folder)
    return folder


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the buckets of the server of S3."""
    return tmp_path_factory.mktemp("s3") / "served"


@pytest.fixture(scope="session")
def places(python: Path, keys: Path, served: Path) -> Iterator[dict[str, str]]:
    """host:port of each store."""
    with s3(served, keys) as bucket, hub(keys) as mirror:
        yield {"s3": bucket, "hub": mirror}
