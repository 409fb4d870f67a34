"""The far side of an air gap, a network namespace with only a loopback: the bundle's own commands bring everything."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.commands.session import Session
from tests.commands.test_environment import generate
from tests.live.bed import binaries
from tests.mirror.registry import USER, Registry
from tests.mirror.state import held, wanted
from tests.mirror.world import World

# Nothing of this machine but its shell and what a far side has: python3, git, make and skopeo.
INSIDE = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"]


def typed(text: str) -> str:
    """The commands of a README.txt: its indented lines."""
    return "\n".join(line.strip() for line in text.splitlines() if line.startswith("    "))


@pytest.mark.parametrize("case", [("private-ca", "none", 4)], indirect=True)
def test_the_far_side_needs_nothing_from_the_internet(session: Session, world: World, tmp_path: Path) -> None:
    bundle, home = tmp_path / "bundle", tmp_path / "home"
    environment = generate("private-ca", session, world, tmp_path)
    session.type(f"make bundle BUNDLE={bundle}")
    session.internet = {}  # pip has the machine's own
    session.type(f"make bundle-tools BUNDLE={bundle}")
    session.type("git add --all && git commit --quiet --message environment")
    commands = typed((bundle / "README.txt").read_text(encoding="utf-8")).splitlines()
    first, second = commands[: commands.index("make login")], commands[commands.index("make login") + 1 :]
    registry = Registry(tmp_path / "registry", world.port, world.keys)
    registry.write()
    serve = [str(binaries.binary("registry", "registry")), "serve", str(registry.folder / "config.json")]
    far, log = tmp_path / "far", tmp_path / "registry.log"
    far.mkdir()
    (far / ".gitconfig").write_bytes((home / ".gitconfig").read_bytes())
    (far / ".config").symlink_to(home / ".config")
    world.log_in()
    script = [
        "set -eu",
        "ip link set lo up",
        'test -z "$(ip route)"',
        # The registry would read the variable of skopeo as its own.
        f"env --unset REGISTRY_AUTH_FILE OTEL_TRACES_EXPORTER=none {shlex.join(serve)} > {log} 2>&1 &",
        f"for try in {{1..100}}; do (: < /dev/tcp/127.0.0.1/{world.port}) 2> /dev/null && break; sleep 0.1; done",
        f"cd {bundle}",
        *first,
        f"cd {environment}",
        f"make login REGISTRY_USER={USER} < {tmp_path}/password",
        *second,
        "command -v copier kserve-wiring helm",
        "git status --short",
    ]
    python = Path(sys.executable).resolve().parent
    env = {"HOME": str(far), "PATH": f"{python}:/usr/bin:/bin:/usr/sbin:/sbin", "RETRIES": "0"}
    env |= {"REGISTRY_AUTH_FILE": str(world.folder / "auth.json")}

    done = subprocess.run(
        [*INSIDE, "bash", "-c", "\n".join(script)], env=env, capture_output=True, text=True, check=False, timeout=150
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{bundle}/tools/bin/copier\n{bundle}/tools/bin/kserve-wiring\n{bundle}/bin/helm\n" in done.stdout
    answers = yaml.safe_load((environment / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert answers["_commit"] == "v1.2.0"
    assert answers["_src_path"] == session.values["template"]
    registry.serve()
    try:
        assert held(registry, environment, world) == wanted(environment, world)
    finally:
        registry.stop()
