"""An image that fails does not stop the others; a fault that may pass is waited for; an interrupted command goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.mirror.faulty import Flaky, flaky
from tests.mirror.registry import Registry, free_port
from tests.mirror.state import error_of, held, wanted
from tests.mirror.world import World

# What stderr has after each fault of one image, and how often it is asked for with RETRIES=1.
FAULTS = {
    401: ("{host} rejects the credentials for {name}: run skopeo login {host}, or set REGISTRY_AUTH_FILE", False),
    403: ("{host} forbids access to {name} (403): give the user of the login the right to it", False),
    404: ("{name} does not exist", False),
    500: ("{host} fails with 500: look into its log", True),
}


@pytest.fixture
def upstream(world: World, tmp_path: Path) -> Iterator[Flaky]:
    """The upstream registry, where faults can be set."""
    with flaky(world.upstream.host) as made:
        world.write_home(tmp_path / "home", made.host)
        yield made


def path_of(source: str) -> str:
    """The path of the manifest at the upstream registry."""
    name, _, tag = source.rpartition("@" if "@" in source else ":")
    return f"{name}/manifests/{tag}"


@pytest.mark.parametrize("target", ["mirror", "bundle"])
def test_the_others_go_on_and_the_next_run_continues(
    world: World, empty: Registry, few: Path, upstream: Flaky, tmp_path: Path, target: str
) -> None:
    first, second, *_ = sources = [source for source, *_ in world.lines(few)]
    upstream.faults = {path_of(first): [404], path_of(second): [403]}
    home = str(tmp_path / "home")

    done = world.make_target(few, target, HOME=home)

    assert done.returncode == 2
    host = second.partition("/")[0]
    assert [line for line in done.stderr.splitlines() if not line.startswith("make")] == [
        f"error: {first} does not exist",
        f"error: {host} forbids access to {second} (403): give the user of the login the right to it",
        f"error: 2 of {len(sources)} images failed: run the command again to continue with them",
    ]
    succeeded = ": copied" if target == "mirror" else ": added"
    assert [line.split()[1] for line in done.stdout.splitlines() if line.endswith(succeeded)] == [
        f"{source}:" for source in sources[2:]
    ]
    upstream.faults = {}
    done = world.make_target(few, target, HOME=home)
    assert (done.returncode, done.stderr) == (0, "")
    again = [line.split()[1] for line in done.stdout.splitlines() if line.endswith(succeeded)]
    assert again == [f"{first}:", f"{second}:"]
    if target == "mirror":
        assert held(empty, few, world) == wanted(few, world)


def test_a_run_that_ends_at_once_lists_what_has_failed_before(
    world: World, empty: Registry, few: Path, upstream: Flaky, tmp_path: Path
) -> None:
    first, second, *_ = [source for source, *_ in world.lines(few)]
    upstream.faults = {path_of(first): [404], path_of(second): [403]}
    (few / "build" / "images.digests.new").mkdir(parents=True)  # so that it cannot be written

    done = world.make_target(few, "mirror", HOME=str(tmp_path / "home"))

    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    host = second.partition("/")[0]
    assert lines == [
        f"error: {first} does not exist",
        f"error: {host} forbids access to {second} (403): give the user of the login the right to it",
        f"error: cannot write {few}/images/../build/images.digests: is the disk full?",
    ]


def test_lock_names_every_image_and_writes_nothing(world: World, empty: Registry, few: Path) -> None:
    assert world.make_target(few, "mirror").returncode == 0
    assert world.make_target(few, "lock").returncode == 0
    before = (few / "images.lock.yaml").read_text(encoding="utf-8")
    lines = world.lines(few)[:2]
    for source, target, *_ in lines:
        empty.remove(target.partition("/")[2].rpartition(":")[0], world.images[source].digest)

    done = world.make_target(few, "lock")

    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if not line.startswith("make")] == [
        *[f"error: {target} is not in the registry: run make mirror first" for _, target, *_ in lines],
        "error: 2 of 8 images failed: run the command again to continue with them",
    ]
    assert (few / "images.lock.yaml").read_text(encoding="utf-8") == before


@pytest.mark.parametrize("status", FAULTS)
def test_only_a_fault_that_may_pass_is_tried_again(
    world: World, empty: Registry, few: Path, upstream: Flaky, tmp_path: Path, status: int
) -> None:
    source = world.lines(few)[0][0]
    upstream.faults = {path_of(source): [status]}
    text, again = FAULTS[status]
    done = world.make_target(few, "bundle", HOME=str(tmp_path / "home"), RETRIES="1")
    assert error_of(done) == "error: " + text.format(host=source.partition("/")[0], name=source)
    waits = [line for line in done.stdout.splitlines() if ": trying again in " in line]
    assert [line.partition(": trying again in ")[::2] for line in waits] == (
        [(f"[1/8] {source}", waits[0].partition(": trying again in ")[2])] if again else []
    )
    assert upstream.asked[path_of(source)] == (2 if again else 1)


@pytest.mark.parametrize("status", [0, 503])
def test_a_fault_that_passes_fails_nothing(
    world: World, empty: Registry, few: Path, upstream: Flaky, tmp_path: Path, status: int
) -> None:
    source = world.lines(few)[0][0]
    upstream.faults = {path_of(source): [status, None]}
    done = world.make_target(few, "bundle", HOME=str(tmp_path / "home"), RETRIES="2")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert f"[1/8] {source}: trying again in 2 s: " in done.stdout


def test_too_many_requests_stop_only_the_images_of_that_host(
    world: World, empty: Registry, few: Path, upstream: Flaky, tmp_path: Path
) -> None:
    sources = [source for source, *_ in world.lines(few)]
    limited = [source for source in sources if source.startswith("docker.io/")]
    assert len(limited) > 1
    upstream.faults = {"/docker.io/": [429]}
    done = world.make_target(few, "bundle", HOME=str(tmp_path / "home"))
    advice = "run skopeo login docker.io, wait, or let a pull-through cache fetch its images (answer registry_map)"
    assert [line for line in done.stderr.splitlines() if not line.startswith("make")] == [
        *[f"error: {source}: docker.io limits the number of requests (429): {advice}" for source in limited],
        f"error: {len(limited)} of 8 images failed: run the command again to continue with them",
    ]
    added = [line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.endswith(": added")]
    assert added == [source for source in sources if source not in limited]


def test_a_host_that_is_down_is_asked_once(world: World, empty: Registry, few: Path, tmp_path: Path) -> None:
    down = f"localhost:{free_port()}"
    home = world.write_home(tmp_path / "home", world.upstream.host, **{"quay.io": f"{down}/none"})
    sources = [source for source, *_ in world.lines(few)]
    missing = [source for source in sources if source.startswith("quay.io/")]
    line = f"{down}, to which quay.io refers, cannot be reached: connection refused"
    done = world.make_target(few, "mirror", HOME=str(home))
    assert [line for line in done.stderr.splitlines() if not line.startswith("make")] == [
        *[f"error: {source}: {line}" for source in missing],
        f"error: {len(missing)} of 8 images failed: run the command again to continue with them",
    ]
    assert [source for source, digest in held(empty, few, world).items() if not digest] == missing


@pytest.mark.parametrize("target", ["mirror", "bundle"])
def test_control_c_leaves_nothing_half_written(world: World, empty: Registry, few: Path, target: str) -> None:
    env = world.env()
    # A shell that started the tests in the background ignores SIGINT, and so would all that they start.
    terminal = pexpect.spawn(
        *("make", [target]),
        cwd=str(few),
        env=env,
        timeout=60,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    terminal.expect(r"\[2/8\]")
    terminal.sendintr()
    said = terminal.read()
    terminal.close()
    assert terminal.exitstatus == 2 or terminal.signalstatus, said
    assert "interrupted: run the command again to continue" in said
    assert not (few / "build" / "bundle" / ".partial").exists()

    done = world.make_target(few, target)

    assert (done.returncode, done.stderr) == (0, "")
    assert any(line.endswith(": already present") for line in done.stdout.splitlines())
    if target == "mirror":
        assert held(empty, few, world) == wanted(few, world)
