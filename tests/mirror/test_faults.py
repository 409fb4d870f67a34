"""Each wrong answer of a registry, to each command that contacts it, is one line that tells the user what to do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.live.bed import binaries
from tests.mirror.faulty import answering, silent, wrong_keys
from tests.mirror.registry import SECOND, USER, Registry
from tests.mirror.world import World, shortened
from tools.upstream.helm import Helm

# Without kserve-wiring.
PROGRAMS = "/usr/local/bin:/usr/bin:/bin"
# The line for each fault. {login} is how to log in; {name} is the image or chart.
FAULTS = {
    "401": "{host} rejects the credentials for {name}: run {login}",
    "403": "{host} forbids access to {name} (403): give the user of the login the right to it",
    "404": "{gone}",
    "429": "{host} limits the number of requests (429): wait, or log in, then run the command again",
    "503": "{host} fails with 503: look into its log",
    "refused": "{host} cannot be reached: connection refused",
    "silent": "{host} does not answer in time: check the network, or set REGISTRY_TIMEOUT to more than 3s",
    "unknown CA": "the certificate of {host} is not trusted: set CERTS to a folder with its CA as ca.crt",
    "wrong name": "the certificate of {host} is for another name: issue one for {host}, or correct the answer "
    "registry_host",
    "expired": "the certificate of {host} has expired: renew it in the registry",
    "plain http": "{host} serves plain http: set the answer registry_plain_http to true",
}


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[str]:
    """A registry at the address of the environment, with this fault."""
    name: str = request.param
    with ExitStack() as stack:
        if name.isdigit():
            stack.enter_context(answering(world.port, int(name), world.keys))
        elif name == "silent":
            stack.enter_context(silent(world.port))
        elif name == "plain http":
            stack.enter_context(answering(world.port, 200, None))
        elif name != "refused":
            stack.enter_context(answering(world.port, 200, wrong_keys(tmp_path / "wrong", world.keys, name)))
        yield name


def limit(fault: str) -> str:
    # skopeo asks again for half a minute after 429.
    return f"REGISTRY_TIMEOUT={'3s' if fault == 'silent' else '2m'}"


@pytest.mark.parametrize("target", ["mirror", "lock", "preflight"])
def test_images(world: World, fault: str, tmp_path: Path, target: str) -> None:
    environment = shortened(world.environment, tmp_path / "environment", 1)
    before = contents(environment)
    # An empty cluster: kubectl prints nothing.
    done = world.make_target(environment, target, limit(fault), "KUBECTL=true", PATH=PROGRAMS)
    name = world.lines(environment)[0][1]
    gone = f"{world.host} is no registry: it has no /v2/ (404); correct the answer registry_host"
    login = "make login, or set REGISTRY_AUTH_FILE"
    line = FAULTS[fault].format(host=world.host, name=name, gone=gone, login=login)
    assert only_error(done) == f"error: {line}"
    assert contents(environment) == before


@pytest.mark.parametrize("target", ["charts", "install"])
def test_charts(world: World, fault: str, tmp_path: Path, each_helm: Helm, target: str) -> None:
    environment = world.generate(tmp_path / "environment", chart_source="oci")
    # Without kserve-wiring, `make check` before the installation needs no charts.
    # An empty cluster: kubectl prints nothing.
    done = world.make_target(
        environment, target, limit(fault), f"HELM={each_helm.path}", "KUBECTL=true", "SKOPEO=absent", PATH=PROGRAMS
    )
    assert only_error(done) == f"error: {chart_line(world, fault, first_chart(environment))}"
    assert list(environment.glob("build/charts/*")) == []


def test_helmfile(world: World, fault: str, tmp_path: Path, each_helm: Helm) -> None:
    """The hook of helmfile.yaml says it, before helmfile asks the registry itself."""
    environment = world.generate(tmp_path / "environment", chart_source="oci")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "helm").symlink_to(each_helm.path)
    seconds = limit(fault).partition("=")[2]
    env = world.env(PATH=f"{tmp_path / 'bin'}:{PROGRAMS}", REGISTRY_TIMEOUT=seconds)
    done = subprocess.run(
        [binaries.binary("helmfile", "helmfile"), "sync", "--server-side=false"],
        cwd=environment, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert f"error: {chart_line(world, fault, first_chart(environment))}" in (done.stdout + done.stderr)
    assert "pulling" not in (done.stdout + done.stderr).lower()


def login_line(world: World, fault: str, password: str) -> str:
    """The line for a login. password: what it is called where the registry rejects it."""
    if fault == "401":
        return f"{world.host} rejects the {password} of {USER}"
    gone = f"{world.host} is no registry: it has no /v2/ (404); correct the answer registry_host"
    return FAULTS[fault].format(host=world.host, name=f"the login of {USER}", gone=gone, login="")


def test_login(world: World, fault: str, tmp_path: Path) -> None:
    auth = tmp_path / "auth.json"
    done = world.make_target(
        world.environment, "login", limit(fault),
        REGISTRY_USER=USER, REGISTRY_PASSWORD=SECOND, REGISTRY_AUTH_FILE=str(auth),
    )  # fmt: skip
    if fault == "429":  # such a registry accepts the login
        assert done.returncode == 0
        return
    line = login_line(world, fault, "password")
    assert only_error(done) == f"error: {line}"
    assert not auth.exists()


def test_push_charts(world: World, fault: str, tmp_path: Path, each_helm: Helm) -> None:
    environment = world.generate(tmp_path / "environment", chart_source="oci")
    package_first(environment, each_helm)
    done = world.make_target(environment, "push-charts", limit(fault), f"HELM={each_helm.path}")
    place = first_chart(environment).rpartition("/")[0]
    assert only_error(done) == f"error: {chart_line(world, fault, place)}"


def test_plain_http_to_a_registry_with_tls(world: World, empty: Registry, tmp_path: Path, each_helm: Helm) -> None:
    """helm says only that the registry answers 400. skopeo would use TLS, unverified, and the nodes would fail."""
    plain = {"registry_ca_source": None, "registry_ca_bundle": None, "registry_plain_http": True}
    environment = world.generate(tmp_path / "environment", chart_source="oci", **plain)
    package_first(environment, each_helm)
    targets = ("charts", "push-charts", "login", "mirror", "verify-mirror", "lock", "rotate-password")
    login = {"REGISTRY_USER": USER, "REGISTRY_PASSWORD": empty.password}
    for target in targets:
        done = world.make_target(environment, target, f"HELM={each_helm.path}", "KUBECTL=true", **login)
        after = "; nothing is changed" if target == "rotate-password" else ""
        line = f"{world.host} serves TLS: set the answer registry_plain_http to false{after}"
        assert only_error(done) == f"error: {line}", target


def test_rotate_password(world: World, fault: str, tmp_path: Path) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f'#!/bin/sh\necho "$1 $2" >> {tmp_path}/calls\n', encoding="utf-8")
    kubectl.chmod(0o755)
    done = world.make_target(
        world.environment, "rotate-password", limit(fault), f"KUBECTL={kubectl}",
        REGISTRY_USER=USER, REGISTRY_PASSWORD=SECOND,
    )  # fmt: skip
    if fault == "429":  # such a registry accepts the login
        assert done.returncode == 0
        return
    line = login_line(world, fault, "new password")
    assert only_error(done) == f"error: {line}; nothing is changed"
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert [line for line in calls if not line.startswith(("config ", "get configmaps"))] == []


def package_first(environment: Path, helm: Helm) -> None:
    """The first package that push-charts uploads, with an empty chart."""
    dry = subprocess.run(["make", "-n", "push-charts"], cwd=environment, capture_output=True, text=True, check=True)
    package = next(Path(word) for word in dry.stdout.split() if word.endswith(".tgz"))
    name, _, version = package.stem.rpartition("-")
    chart = environment / "build" / "empty"
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\n", encoding="utf-8")
    command = [helm.path, "package", chart, "--destination", environment / package.parent]
    subprocess.run(command, capture_output=True, check=True)


def first_chart(environment: Path) -> str:
    dry = subprocess.run(["make", "-n", "charts"], cwd=environment, capture_output=True, text=True, check=True)
    return next(word for word in dry.stdout.split() if word.startswith("oci://"))


def chart_line(world: World, fault: str, chart: str) -> str:
    """What is said of a chart or of the place for charts."""
    return FAULTS[fault].format(host=world.host, name=chart, gone=f"{chart} does not exist", login="make login")


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def only_error(done: subprocess.CompletedProcess[str]) -> str:
    """The only line on standard error, without those that make adds."""
    assert done.returncode == 2, done.stdout
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1, done.stderr
    return lines[0]
