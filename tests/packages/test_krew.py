"""The plugin of kubectl for Krew: its manifest in Krew's validator, and the archive installed by Krew itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.packages.conftest import KREW, VERSION, WHEEL, built, checkout_of, mistype, release
from tools.release import wheel

MANIFEST = "kserve-wiring.yaml"


@pytest.fixture(scope="session")
def validator() -> Path:
    return built("krew", "sigs.k8s.io/krew/cmd/validate-krew-manifest", "validate-krew-manifest")


@pytest.fixture(scope="session")
def plugin(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin as Krew installs it."""
    root = tmp_path_factory.mktemp("krew")
    done = install(root, dist / MANIFEST, dist / KREW)
    assert done.returncode == 0, done.stderr
    return root / "bin" / "kubectl-kserve_wiring"


def install(root: Path, manifest: Path, archive: Path, os_name: str = "linux") -> subprocess.CompletedProcess[str]:
    krew = built("krew", "sigs.k8s.io/krew/cmd/krew", "kubectl-krew")
    variables = os.environ | {"KREW_ROOT": str(root), "KREW_OS": os_name, "KREW_NO_UPGRADE_CHECK": "1"}
    command = [krew, "install", f"--manifest={manifest}", f"--archive={archive}"]
    return subprocess.run(command, env=variables, capture_output=True, text=True)


def run(plugin: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The plugin with a Python that has none of our packages."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys._base_executable, "-I", plugin, *arguments]  # type: ignore[attr-defined]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)


def test_the_manifest_is_valid(dist: Path, validator: Path, tmp_path: Path) -> None:
    command = [validator, "-skip-install", "-manifest"]
    done = subprocess.run([*command, dist / MANIFEST], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "structural validation OK" in done.stderr
    wrong = tmp_path / MANIFEST
    wrong.write_text((dist / MANIFEST).read_text(encoding="utf-8").replace(f"v{VERSION}\n", f"{VERSION}\n", 1))
    assert subprocess.run([*command, wrong], capture_output=True).returncode != 0, "the check can fail"


def test_the_address_is_where_the_release_is_published(dist: Path, clone: Path, tmp_path: Path) -> None:
    default = f"https://github.com/OWNER/copier-kserve/releases/download/v{VERSION}/{KREW}"
    assert addresses(dist) == {default}
    folder = checkout_of(clone, tmp_path / "elsewhere")
    assert release(folder, VERSION, "--dry-run", "--url", "https://files.corp.example/kserve/").returncode == 0
    assert addresses(folder / "dist") == {f"https://files.corp.example/kserve/{KREW}"}


def addresses(dist: Path) -> set[str]:
    manifest = yaml.safe_load((dist / MANIFEST).read_text(encoding="utf-8"))
    return {platform["uri"] for platform in manifest["spec"]["platforms"]}


def test_krew_refuses_another_archive(dist: Path, tmp_path: Path) -> None:
    other = tmp_path / KREW
    other.write_bytes((dist / KREW).read_bytes() + b"\0")
    done = install(tmp_path / "krew", dist / MANIFEST, other)
    assert done.returncode != 0
    assert "checksum does not match" in done.stderr


def test_krew_installs_it_on_a_mac_and_not_on_windows(dist: Path, tmp_path: Path) -> None:
    assert install(tmp_path / "mac", dist / MANIFEST, dist / KREW, "darwin").returncode == 0
    done = install(tmp_path / "windows", dist / MANIFEST, dist / KREW, "windows")
    assert done.returncode != 0
    assert "does not offer installation for this platform" in done.stderr


def test_the_plugin_needs_nothing_but_python(plugin: Path, user: Path) -> None:
    assert os.access(plugin, os.X_OK)
    assert plugin.is_symlink(), "Krew links to the program"
    done = run(plugin, "--version", folder=user)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"kserve-wiring {VERSION}\n", "")
    assert run(plugin, "check", ".", folder=user).returncode == 0
    mistype(user)
    done = run(plugin, "check", ".", folder=user)
    assert (done.returncode, "KW403" in done.stdout, done.stderr) == (1, True, "")
    assert run(plugin, "explain", "KW403", folder=user).returncode == 0
    usage = run(plugin, "--help", folder=user).stdout
    assert usage.startswith("usage: kubectl kserve-wiring"), "it is called as it was typed"


def test_the_archive_has_the_package_and_the_licences(plugin: Path, dist: Path) -> None:
    root = plugin.resolve().parent
    package = {name for name in wheel.contents(dist / WHEEL) if ".dist-info/" not in name}
    installed = {str(path.relative_to(root / "lib")) for path in (root / "lib").rglob("*") if path.is_file()}
    assert package - installed == set()
    others = {name for name in installed - package if "__pycache__" not in name}
    assert {name.partition("/")[0] for name in others if name.endswith(".py")} == {"shtab", "yaml"}
    assert len([name for name in others if not name.endswith(".py")]) == 2, "a licence for each"
    assert (root / "LICENSE").is_file()


def test_an_old_python_is_named(plugin: Path, tmp_path: Path) -> None:
    old = "import runpy, sys; sys.version_info = (3, 9, 18); runpy.run_path(sys.argv[1], run_name='__main__')"
    done = subprocess.run([sys.executable, "-I", "-c", old, plugin], cwd=tmp_path, capture_output=True, text=True)
    message = "kserve-wiring: needs Python 3.11 or newer: python3 is 3.9.18\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)
