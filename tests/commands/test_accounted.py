"""commands.yaml has every command that a document prints, and none that no document prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from kserve_wiring.cli import main as cli
from tests.commands import account, test_environment, test_plain, test_project
from tests.commands.account import ENVIRONMENT, HELP, PLACES
from tests.commands.documents import Command, commands, comments, is_command
from tests.commands.situations import LIVE, SITUATIONS
from tests.live import test_documents
from tests.template.conftest import EXAMPLES
from tools.console import ROOT


def printed_by_help() -> str:
    """The commands in the help of kserve-wiring and of all its subcommands, as a block of Markdown."""
    parser = cli.parser()
    (subcommands,) = (action.choices for action in parser._actions if isinstance(action.choices, dict))
    assert {"check", "graph", "images", "explain"} <= set(subcommands)
    lines = [line.strip() for one in (parser, *subcommands.values()) for line in one.format_help().splitlines()]
    return "".join(f"    {line}\n" for line in lines if is_command(line))


DOCUMENTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in account.documents()}
# The sections of which the tests of a level execute their commands.
EXECUTED = {
    "plain": test_plain.PAGES,
    "registry": (ENVIRONMENT, HELP, *test_environment.PAGES, *test_project.PAGES),
    "live": (ENVIRONMENT, HELP, *test_documents.PAGES),
}
# Help texts are documents as well.
DOCUMENTS["kserve-wiring --help"] = printed_by_help()
HELPED = {entry.text for entry in account.entries(HELP)}
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def environments(environment: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The environments of the examples, of awkward answers and of the situations, by the name of their answers."""
    folder = tmp_path_factory.mktemp("answers")
    for name, answers in (SITUATIONS | {"documents": LIVE}).items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"environment_name": name} | answers), encoding="utf-8")
    return {path.stem: environment(path) for path in [*EXAMPLES, *sorted(folder.glob("*.yaml"))]}


@pytest.fixture(scope="session")
def generated(environments: dict[str, Path]) -> dict[str, str]:
    """The documents of every environment and the comments of its YAML files, and what Copier prints about each."""
    template = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    message = re.findall(r"(?m)^ +(\S.*?)  ", template["_message_after_copy"])
    assert "make check" in message
    return {"message": "".join(f"    {command}\n" for command in message)} | {
        f"{name}/{path.relative_to(target)}": comments(text) if path.suffix == ".yaml" else text
        for name, target in environments.items()
        for path in sorted([*target.glob("**/*.md"), *target.glob("**/*.yaml")])
        if "charts" not in path.parts
        for text in [path.read_text(encoding="utf-8")]
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_of_a_document_is_listed(name: str) -> None:
    assert unlisted(name, DOCUMENTS[name]) == []


def test_every_command_of_an_environment_is_listed(generated: dict[str, str]) -> None:
    found = [line for name, text in generated.items() for line in unlisted(ENVIRONMENT, text, name)]
    # Comments name targets that only `make help` lists.
    assert [line for line in found if line.partition(".yaml:")[2].partition(": ")[2] not in HELPED] == []


def test_every_target_of_make_help_is_executed(environments: dict[str, Path]) -> None:
    sections = [account.entries(name) for name in (ENVIRONMENT, HELP, "docs/images.md")]
    executed = {word for entries in sections for one in entries if one.at != "nowhere" for word in one.text.split()[1:]}
    for folder in environments.values():
        listed = targets(folder)
        assert len(listed) > 10
        assert [target for target in listed if target not in executed] == []


def test_every_entry_is_of_a_command(environments: dict[str, Path], generated: dict[str, str]) -> None:
    texts = {name: [text] for name, text in DOCUMENTS.items()} | {ENVIRONMENT: list(generated.values())}
    texts[HELP] = ["".join(f"    make {target}\n" for target in targets(folder)) for folder in environments.values()]
    sections = account.data()["commands"]
    for name in sections:
        matching = [section for section in texts if fnmatchcase(section, name)]
        used = {account.entry_of(one, command) for one in matching for text in texts[one] for command in commands(text)}
        assert [entry.text for entry in account.entries(name) if entry not in used] == [], name


def test_every_placeholder_is_in_a_document(generated: dict[str, str]) -> None:
    printed = "\n".join([*DOCUMENTS.values(), *generated.values()])
    assert [name for name in account.data()["placeholders"] if name not in printed] == []


@pytest.mark.parametrize(("place", "names"), [("registry", list(SITUATIONS)), ("live", ["documents", "argocd"])])
def test_what_a_level_executes_is_in_its_environments(place: str, names: list[str], generated: dict[str, str]) -> None:
    """The answers with which the tests execute the environment's documents reach each entry."""
    texts = [text for name, text in generated.items() if name.partition("/")[0] in (*names, "message")]
    reached = {account.entry_of(ENVIRONMENT, command) for text in texts for command in commands(text)}
    left = [entry.text for entry in account.entries(ENVIRONMENT) if entry.at == place and entry not in reached]
    assert left == []


@pytest.mark.parametrize("place", EXECUTED)
def test_the_tests_of_a_level_execute_its_documents(place: str) -> None:
    sections = account.data()["commands"]
    assert {name for name in sections if place in {one.at for one in account.entries(name)}} == set(EXECUTED[place])


@pytest.mark.parametrize("name", [*DOCUMENTS, ENVIRONMENT, HELP])
def test_every_entry_says_what_it_must(name: str) -> None:
    for entry in account.entries(name):
        assert entry.at in PLACES, entry
        assert bool(entry.why) == (entry.at in ("test", "elsewhere", "nowhere")), entry
        assert entry.at != "ci" or re.search(rf"(?m)^run(?:_within \d+)? {re.escape(entry.text)}$", CI), entry
        if entry.at == "test":
            path, _, test = entry.why.partition("::")
            assert re.search(rf"(?m)^def {test}\(", (ROOT / path).read_text(encoding="utf-8")), entry


@pytest.mark.parametrize("name", account.data()["commands"])
def test_what_is_elsewhere_is_executed_there(name: str) -> None:
    """The other document has the same command, or the one that this names by its first words."""
    for entry in account.entries(name):
        if entry.at == "elsewhere":
            same = Command(entry.text, 0, "", block=True)
            there = [one for one in account.entries(entry.why) if one.at not in ("elsewhere", "nowhere")]
            assert any(one.covers(same) or one.text.startswith(f"{entry.text} ") for one in there), (name, entry)


def targets(folder: Path) -> list[str]:
    """The targets that `make help` lists."""
    return re.findall(r"(?m)^([a-z-]+):.*## ", (folder / "Makefile").read_text(encoding="utf-8"))


def unlisted(section: str, text: str, name: str = "") -> list[str]:
    """`file:line: command` of each command without an entry."""
    return [
        f"{name or section}:{command.line}: {command.text}"
        for command in commands(text)
        if account.entry_of(section, command) is None
    ]
