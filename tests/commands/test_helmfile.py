"""helmfile.yaml of an environment renders what the Makefile renders, with charts from the private registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.commands.session import Session
from tests.commands.test_environment import additions, generate, start
from tests.live.bed import binaries
from tests.mirror.world import World

CASES = [("private-ca", "none", 4), ("plain-http", "none", 3), ("own-ca", "none", 4), ("online", "none", 4)]
MINE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine, namespace: models}\n"
# helmfile sync needs a cluster: tests/live.
COMMANDS = ("helmfile lint", "helmfile list", "helmfile template --skip-tests > build/helmfile.yaml")


@pytest.mark.parametrize("case", CASES, indirect=True, ids=lambda case: "-".join(map(str, case)))
def test_helmfile_renders_what_make_renders(
    case: tuple[str, str, int], session: Session, world: World, tmp_path: Path
) -> None:
    (Path(session.env["HOME"]) / "bin" / "helmfile").symlink_to(binaries.binary("helmfile", "helmfile"))
    registry = start(case[0], world, tmp_path)
    try:
        environment = generate(case[0], session, world, tmp_path)
        readme = (environment / "README.md").read_text(encoding="utf-8")
        session.additions = additions(readme, session.terminal)
        if "$ make login" in readme:
            session.type("make login")
        session.type("make upstream-charts push-charts" if "push-charts" in makefile(environment) else "make charts")
        with_the_ca(environment, readme, session)
        (environment / "extra" / "mine.yaml").write_text(MINE, encoding="utf-8")
        for command in (*COMMANDS, "make template"):
            session.type(command)
    finally:
        registry.stop()
    assert "ConfigMap models/mine" in objects(environment / "build" / "helmfile.yaml")
    assert objects(environment / "build" / "helmfile.yaml") == made(environment)


def with_the_ca(environment: Path, readme: str, session: Session) -> None:
    """Where the CA is not among the answers, the README says what to add to helmfile.yaml and what to set."""
    if added := re.search(r"add `(caFile: .+?)` to the repository in `helmfile.yaml`", readme):
        file = environment / "helmfile.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("    oci: true\n", f"    oci: true\n    {added[1]}\n"), encoding="utf-8")
        name, value = re.findall(r"set the environment variable\s+`(\w+)=(.+?)`", readme)[0]
        session.env[name] = value


def makefile(environment: Path) -> str:
    return (environment / "Makefile").read_text(encoding="utf-8")


def made(environment: Path) -> list[str]:
    """The objects of every release that `make template` renders, without the patches, which helmfile leaves to make."""
    listed = yaml.safe_load((environment / "releases.yaml").read_text(encoding="utf-8"))
    names = [release["name"] for release in listed] + ["extra"]
    return sorted(line for name in names for line in objects(environment / "build" / f"{name}.yaml"))


def objects(file: Path) -> list[str]:
    """Kind, namespace and name of each object, and its hook, but not the tests of helm."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = [body for body in yaml.load_all(file.read_text(encoding="utf-8"), loader) if body]
    names = [(body["kind"], body["metadata"]) for body in found]
    return sorted(
        f"{kind} {meta.get('namespace', '')}/{meta['name']}"
        for kind, meta in names
        if "test" not in (meta.get("annotations") or {}).get("helm.sh/hook", "")
    )
