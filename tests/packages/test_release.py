"""make release, in a clone: what it builds is complete, equal in a second build, and works where it is installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from tests.commands.clone import GIT
from tests.packages.conftest import CHART, KREW, PLUGIN, SDIST, VERSION, WHEEL, checkout_of, release
from tools import stacks
from tools.console import ROOT
from tools.upstream import helm


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_a_dry_run_builds_all_and_changes_nothing(checkout: Path, dist: Path) -> None:
    names = {WHEEL, SDIST, CHART, PLUGIN, f"{WHEEL}.cdx.json", f"{CHART}.cdx.json", "SHA256SUMS"}
    names |= {KREW, "kserve-wiring.yaml"}
    assert {path.name for path in dist.iterdir()} == names
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=dist).returncode == 0
    assert git(checkout, "status", "--porcelain") == ""
    assert git(checkout, "tag") == "v1.0.0"


def test_two_builds_are_equal_byte_for_byte(clone: Path, dist: Path, tmp_path: Path) -> None:
    """The second one elsewhere, from files with the times of another checkout, without this user's umask."""
    again = checkout_of(clone, tmp_path / "elsewhere")
    mask = os.umask(0o077)
    try:
        assert release(again, VERSION, "--dry-run").returncode == 0
    finally:
        os.umask(mask)
    different = [path.name for path in dist.iterdir() if path.read_bytes() != (again / "dist" / path.name).read_bytes()]
    assert different == []


def run(program: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([program, *arguments], cwd=folder, env=variables, capture_output=True, text=True)


def test_the_wheel_runs_from_an_empty_folder(installed: Path, tmp_path: Path, user: Path) -> None:
    kserve_wiring = installed / "kserve-wiring"
    assert run(kserve_wiring, "--version", folder=tmp_path).stdout == f"kserve-wiring {VERSION}\n"
    gateway = str(user / "gateway.yaml")
    commands = {
        "check": [gateway],
        "explain": ["KW102"],
        "graph": [gateway],
        "images": [gateway],
        "rules": [],
        "collect": ["--help"],
        "completion": ["bash"],
        "doctor": ["--explain", "x509: certificate signed by unknown authority"],
        "fleet": ["--help"],
        "post-render": ["--help"],
        "preflight": ["--help"],
    }
    listed = re.findall(r"(?m)^    (\S+)", run(kserve_wiring, "--help", folder=tmp_path).stdout)
    assert set(commands) == set(listed), "each command of the program is run"
    for name, arguments in commands.items():
        done = run(kserve_wiring, name, *arguments, folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), name
        assert done.stdout, name
    assert run(installed / "kubectl-kserve_wiring", "check", gateway, folder=tmp_path).returncode == 0
    pages = {path.stem for path in (installed.parent / "share" / "man" / "man1").iterdir()}
    assert {f"kserve-wiring-{name}" for name in commands} | {"kserve-wiring"} == pages


def test_the_source_distribution_builds_the_same_wheel(dist: Path, tmp_path: Path) -> None:
    with tarfile.open(dist / SDIST) as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / SDIST.removesuffix(".tar.gz")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    assert _content(tmp_path / "dist" / WHEEL) == _content(dist / WHEEL)


def _content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("name", [WHEEL, CHART])
def test_a_bill_of_materials_is_valid(dist: Path, name: str) -> None:
    """The schemas of CycloneDX are in its library, which would need 18 more packages to apply them."""
    folder = files("cyclonedx.schema") / "_res"
    schemas = {file.name: json.loads(file.read_text("utf-8")) for file in Path(str(folder)).glob("*.json")}
    parts = [(schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()]
    validator = Draft7Validator(schemas["bom-1.6.SNAPSHOT.schema.json"], registry=Registry().with_resources(parts))
    bill = json.loads((dist / f"{name}.cdx.json").read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(bill)] == []
    assert bill["metadata"]["component"]["version"] == VERSION
    assert list(validator.iter_errors(bill | {"bomFormat": "other"})), "the check can fail"


def test_the_bills_name_each_dependency_and_each_image(dist: Path) -> None:
    wheel, chart = (json.loads((dist / f"{name}.cdx.json").read_text())["components"] for name in (WHEEL, CHART))
    assert {part["name"] for part in wheel} == {"pyyaml", "shtab"}
    images = {reference for stack in stacks.names() for reference in stacks.images(stack).values()}
    assert {part["bom-ref"] for part in chart} == images


def test_the_packed_chart_renders(dist: Path, tmp_path: Path) -> None:
    program = helm.find().path
    chart = str(dist / CHART)
    shown = subprocess.run([program, "show", "readme", chart], capture_output=True, text=True, check=True).stdout
    readme = (ROOT / "charts" / "kserve-environment" / "README.md").read_text(encoding="utf-8")
    assert shown.strip() == readme.strip()
    with tarfile.open(chart) as archive:
        assert "kserve-environment/VALUES.md" in archive.getnames(), "the README links to it"
    values = tmp_path / "values.yaml"
    block = re.search(r"(?ms)^```yaml\n(.*?)^```$", readme)
    assert block
    values.write_text(block[1], encoding="utf-8")
    done = subprocess.run([program, "template", "e", chart, "--values", values], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"helm.sh/chart: kserve-environment-{VERSION}" in done.stdout


def test_helm_verifies_a_signed_chart(clone: Path, tmp_path: Path) -> None:
    keys = tmp_path / "gnupg"
    keys.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(keys), "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"]
    generate = [*gpg, "--quick-generate-key", "Team <team@example.com>", "rsa2048"]
    subprocess.run(generate, check=True, capture_output=True)
    for option, name in {"--export-secret-keys": "secret.gpg", "--export": "public.gpg"}.items():
        (tmp_path / name).write_bytes(subprocess.run([*gpg, option], check=True, capture_output=True).stdout)
    folder = checkout_of(clone, tmp_path / "signed")
    done = release(folder, VERSION, "--dry-run", "--key", "Team", "--keyring", str(tmp_path / "secret.gpg"))
    assert done.returncode == 0, done.stderr
    chart = folder / "dist" / CHART
    verify = [helm.find().path, "verify", str(chart), "--keyring", str(tmp_path / "public.gpg")]
    assert subprocess.run(verify, capture_output=True).returncode == 0
    chart.write_bytes(chart.read_bytes() + b"\0")
    assert subprocess.run(verify, capture_output=True).returncode == 1, "the check can fail"


def test_helm_installs_the_packed_plugin(dist: Path, tmp_path: Path, installed: Path, user: Path) -> None:
    """Without a signature, helm 4 wants --verify=false, as the page says for the folder."""
    program = helm.find_major(4).path
    variables = os.environ | {f"HELM_{name}_HOME": str(tmp_path / name) for name in ("DATA", "CACHE", "CONFIG")}
    install = [program, "plugin", "install", str(dist / PLUGIN), "--verify=false"]
    done = subprocess.run(install, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed = subprocess.run([program, "plugin", "list"], env=variables, capture_output=True, text=True).stdout
    assert re.search(rf"kserve-wiring\s+{re.escape(VERSION)}", listed), listed


def test_a_release_is_one_commit_with_a_tag(clone: Path, tmp_path: Path) -> None:
    folder = checkout_of(clone, tmp_path / "copier-kserve")
    before = git(folder, "rev-parse", "HEAD")
    venv = Path(sys.executable).parent.parent
    variables = os.environ | {"HELM": helm.find_major(4).path, "PYTHONPATH": str(folder / "src")}
    command = ["make", f"VENV={venv}", f"--old-file={venv}/.ready", "release", f"VERSION={VERSION}"]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert git(folder, "describe", "--exact-match") == f"v{VERSION}"
    assert git(folder, "rev-parse", "HEAD~1") == before
    assert git(folder, "status", "--porcelain") == ""
    changed = set(git(folder, "show", "--name-only", "--format=").split())
    pages = {name for name in changed if name.startswith("docs/man/")}
    assert ".Dd unreleased\n" not in (folder / "docs" / "man" / "kserve-wiring.1").read_text(encoding="utf-8")
    assert len(pages) == len(list((ROOT / "docs" / "man").iterdir())), "each has the version"
    assert changed - pages == {
        "CHANGELOG.md",
        "charts/kserve-environment/Chart.yaml",
        "docs/kserve-wiring.md",
        "plugins/helm/plugin.yaml",
        "src/kserve_wiring/data/__init__.py",
    }
    changelog = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"(?m)^## \[Unreleased\]\n\n## \[{VERSION}\] - \d{{4}}-\d\d-\d\d\n\n### Added$", changelog)

    again = release(folder, VERSION)
    assert (again.returncode, again.stderr) == (2, f"error: v{VERSION} is tagged already: give a newer version\n")
    empty = release(folder, "1.2.0")
    assert (empty.returncode, empty.stderr) == (
        2,
        "error: CHANGELOG.md has nothing below [Unreleased]: write what changes for users\n",
    )


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("0.9.0", "v1.0.0 is newer than 0.9.0: give a newer version"),
        ("1.0.0-rc.1", "v1.0.0 is newer than 1.0.0-rc.1: give a newer version"),
        ("v1.1.0", "write VERSION=1.2.3 or 1.2.3-rc.1: 'v1.1.0' is no semantic version that pip reads, too"),
        ("1.1", "write VERSION=1.2.3 or 1.2.3-rc.1: '1.1' is no semantic version that pip reads, too"),
    ],
)
def test_a_version_that_cannot_follow_is_refused(checkout: Path, dist: Path, version: str, message: str) -> None:
    before = {path.name: path.read_bytes() for path in dist.iterdir()}
    done = release(checkout, version)
    assert (done.returncode, done.stderr) == (2, f"error: {message}\n")
    assert {path.name: path.read_bytes() for path in dist.iterdir()} == before


def test_a_changed_tree_is_refused(clone: Path, tmp_path: Path) -> None:
    folder = checkout_of(clone, tmp_path / "copier-kserve")
    (folder / "README.md").write_text("changed\n", encoding="utf-8")
    done = release(folder, VERSION)
    assert (done.returncode, done.stderr) == (
        2,
        "error: the working tree has changes (README.md): commit or stash them\n",
    )
    assert not (folder / "dist").exists()
