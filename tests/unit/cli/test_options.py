"""What a run is given: facts, and the configuration file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kserve_wiring.cli import main as cli
from tests.unit.serving import BAD_TIMEOUT, WITHOUT_DEFAULTS, serving

SERVING = serving(WITHOUT_DEFAULTS, BAD_TIMEOUT)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two findings in m.yaml."""
    (tmp_path / "m.yaml").write_text(SERVING)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_flags_go_before_the_facts_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "facts.yaml").write_text("registry: nexus.corp.local\noffline: true\n")
    (tmp_path / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
        "spec:\n  containers:\n  - {name: c, image: harbor:5000/a/b:1}\n"
    )
    arguments = ["check", str(tmp_path / "pod.yaml"), "--facts", str(tmp_path / "facts.yaml")]
    assert cli.main(arguments) == 1
    assert "nexus.corp.local" in capsys.readouterr().out
    assert cli.main([*arguments, "--registry", "harbor:5000"]) == 0


OLD = {
    "--context FILE": (["--context", "facts.yaml"], ""),
    "--registry-insecure": (["--registry", "nexus.corp.local", "--registry-insecure"], ""),
    "context of the configuration file": ([], "context: {registry: nexus.corp.local, registry_insecure: true}\n"),
}


@pytest.mark.parametrize(("arguments", "configuration"), OLD.values(), ids=OLD)
def test_old_spellings_count_and_are_hidden(
    arguments: list[str],
    configuration: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("facts.yaml").write_text("registry: nexus.corp.local\nregistry_insecure: true\n")
    Path("m.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n")
    Path(".kserve-wiring.yaml").write_text(configuration)
    assert cli.main(["check", "m.yaml", *arguments, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    known = {key: fact["value"] for key, fact in document["facts"]["known"].items()}
    assert known == {"registry": "nexus.corp.local", "registry_plain_http": True}
    assert document["context"] == document["facts"]
    with pytest.raises(SystemExit):
        cli.main(["check", "--help"])
    assert "--context" not in (shown := capsys.readouterr().out)
    assert "insecure" not in shown


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ("registri: x\n", "unknown key 'registri'"),
        ("offline: maybe\n", "offline must be true or false"),
        ("- a\n", "not a mapping of facts"),
        ("a: [\n", "did not find expected node content"),
        ("registry: {host: x}\n", "registry must be text"),
        ("existing: 1\n", "existing must be a list"),
    ],
)
def test_facts_that_cannot_be_used(facts: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "facts").write_text(facts)
    assert cli.main(["check", "m.yaml", "--facts", "facts"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("config", "line", "said"),
    [
        ("level: info\nignore:\n- KW104\n- KW309\n", 4, "ignore[1] is KW309, but it matches no KW309 finding"),
        (
            "level: info\nignore:\n  KW30: history\n  KW1: b\n",
            3,
            "ignore.KW30 is history, but it matches no KW30 finding",
        ),
        ("level: info\nignore:\n  KW309:\n", 3, "ignore.KW309 is KW309, but it matches no KW309 finding"),
    ],
)
def test_what_the_configuration_file_ignores_in_vain(
    config: str, line: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".kserve-wiring.yaml").write_text(config)
    cli.main(["check", "m.yaml", "--format", "json"])
    (found,) = (one for one in json.loads(capsys.readouterr().out)["findings"] if one["code"] == "KW002")
    assert (found["file"], found["line"], found["message"]) == (".kserve-wiring.yaml", line, said)
    cli.main(["check", "m.yaml", "--format", "json", "--ignore", "KW002"])
    assert "KW002" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("config", "left"),
    [
        ("", ["KW103", "KW104"]),
        ("ignore: [KW104]\n", ["KW103"]),
        ("ignore:\n  KW10: digests are somebody else's\n", []),
        ("select: [KW2]\n", []),
        ("level: error\n", ["KW103"]),
    ],
)
def test_the_configuration_file(config: str, left: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".kserve-wiring.yaml").write_text(config)
    assert cli.main(["check", ".", "--format", "json"]) == bool(left)
    assert [finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]] == left


def test_a_flag_goes_before_the_configuration_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.yaml.txt").write_text("level: error\nselect: [KW2]\nfacts: {digest_policy: resolve}\n")
    arguments = ["check", "m.yaml", "--config", "other.yaml.txt", "--format", "json"]
    assert cli.main(arguments) == 0
    capsys.readouterr()
    assert cli.main([*arguments, "--select", "KW1", "--level", "warning"]) == 1
    assert [finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]] == ["KW103", "KW104"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("selct: []\n", "unknown key 'selct'; valid keys: select, ignore, level, facts"),
        ("level: fatal\n", "level must be one of error, warning, info, not 'fatal'"),
        ("ignore: KW101\n", "ignore must be a list of codes"),
        ("ignore: [1]\n", "ignore must be a list of codes"),
        ("ignore: [KX]\n", "no rule KX"),
        ("facts: x\n", "facts must be a mapping"),
        ("facts: {registri: x}\n", ".kserve-wiring.yaml: unknown key 'registri'"),
        ("- a\n", ".kserve-wiring.yaml: not a mapping of settings"),
        ("a: [\n", ".kserve-wiring.yaml:2: did not find"),
        ("ignore: [KW101]\nlevel: info\nignore: [KW203]\n", ".kserve-wiring.yaml:3: duplicate key ignore"),
    ],
)
def test_a_configuration_that_cannot_be_used(
    config: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".kserve-wiring.yaml").write_text(config)
    assert cli.main(["check", "m.yaml"]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_a_configuration_file_that_is_named_has_to_exist(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "m.yaml", "--config", "nowhere.yaml"]) == 2
    assert "nowhere.yaml: No such file" in capsys.readouterr().err
