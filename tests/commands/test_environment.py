"""The README of an environment, typed in order: from the template's URL to an updated environment, without a cluster.

Everything that a person calls is real: git, copier, pipx, helm, skopeo, make, kserve-wiring and the registries.
Upstream's images are small ones of our own, and its addresses lead to this machine.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.commands import account
from tests.commands.account import ENVIRONMENT, HELP
from tests.commands.session import Session
from tests.commands.situations import SITUATIONS
from tests.mirror.registry import Registry
from tests.mirror.world import World
from tools.console import ROOT

# Pages whose commands follow those of the README.
PAGES = ("docs/images.md", "docs/rules/KW105.md")
# Every situation on a terminal or without, and with one of the helms; the first two with both.
CASES = [
    ("private-ca", "terminal", 4),
    ("private-ca", "none", 3),
    ("plain-http", "terminal", 3),
    ("plain-http", "none", 4),
    ("own-ca", "terminal", 4),
    ("online", "none", 3),
    ("argocd", "none", 4),
    ("synced-secret", "terminal", 3),
]
# These go on with the updates, which are alike for all; the others end with the installation.
WHOLE = ("private-ca", "online")


@pytest.mark.parametrize("case", CASES, indirect=True, ids=lambda case: "-".join(map(str, case)))
def test_the_readme_in_order(case: tuple[str, str, int], session: Session, world: World, tmp_path: Path) -> None:
    registry = start(case[0], world, tmp_path)
    try:
        environment = generate(case[0], session, world, tmp_path)
        if case[0] not in WHOLE:
            follow(session, environment, last="Use it")
        elif "make pin" in follow(session, environment):
            again = follow(session, environment, first="Update pinned images")
            assert again[0] == "copier update --skip-answered --data digest_policy=skip"
            for page in PAGES:
                session.follow(page, (ROOT / page).read_text(encoding="utf-8"), "registry")
        for entry in account.entries(HELP):
            if entry.at == "registry":
                session.type(entry.text)
    finally:
        registry.stop()
        print("\n".join(session.log))
    assert_clean(session)


def start(situation: str, world: World, tmp_path: Path) -> Registry:
    plain = SITUATIONS[situation].get("registry_plain_http")
    registry = Registry(tmp_path / "registry", world.port, None if plain else world.keys)
    registry.serve()
    return registry


def generate(situation: str, session: Session, world: World, tmp_path: Path) -> Path:
    """The environment, as the project's README describes it: `copier copy` of a file with answers."""
    answers = SITUATIONS[situation] | {"environment_name": situation}
    if "registry_host" in answers:
        answers["registry_host"] = world.host
    if "registry_ca_bundle" in answers:
        answers["registry_ca_bundle"] = (world.keys / "ca.crt").read_text(encoding="utf-8")
    (tmp_path / "prod.yaml").write_text(yaml.safe_dump(answers), encoding="utf-8")
    session.type("pipx install copier")
    options = f"--vcs-ref v1.1.0 --defaults --data-file {tmp_path / 'prod.yaml'}"
    target = session.folder / "clusters" / "prod"
    output = session.type(f"copier copy {options} {session.values['template']} {target}")
    session.folder = target
    printed = re.findall(r"(?m)^ +(make \S+)  ", output)
    assert printed == ["make check", "make help"]
    for command in printed:
        session.type(command)
    (session.folder / "build" / "certs").mkdir(parents=True)
    shutil.copy(world.keys / "ca.crt", session.folder / "build" / "certs")
    return session.folder


def follow(session: Session, environment: Path, first: str = "", last: str = "") -> list[str]:
    """Types all commands of the registry level, with what the README adds to some of them in this situation."""
    text = (environment / "README.md").read_text(encoding="utf-8")
    session.additions = additions(text, session.terminal)
    return session.follow(ENVIRONMENT, text, "registry", first=first, last=last)


def additions(document: str, terminal: bool) -> list[tuple[str, str]]:
    """(words of commands, what the document adds to them): always, or where there is no terminal."""
    pair = re.compile(r"`((?:--|CERTS=|CONFIRM=|REGISTRY_USER=)[^`]+)` to\s+`([a-z ]+)`(?: and to `([a-z ]+)`)?")
    sentences = re.split(r"(?<=[.:])\s+", document)
    valid = [one for one in sentences if not one.startswith("Without a terminal, add") or not terminal]
    return [(words, more) for one in valid for more, *both in pair.findall(one) for words in both if words]


def assert_clean(session: Session) -> None:
    """No command leaves files that git neither has nor ignores."""
    assert session.type("git ls-files --others --exclude-standard").strip() == ""
