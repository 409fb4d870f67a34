"""`make fleet`: folders from layers of answers, only where something changed, and nothing of the user's is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import copier
import pytest
import yaml

from kserve_wiring.cli import main as cli
from kserve_wiring.fleet import generate as module
from kserve_wiring.fleet.answers import read_environment, read_fleet
from kserve_wiring.fleet.copies import Copies
from tests.fleet.conftest import Run, files, git, write
from tools.console import ROOT

UNCHANGED = "prod-eu  unchanged\nprod-us  unchanged\ntest     unchanged\n"


def recorded(fleet: Path, name: str) -> dict[str, object]:
    text = (fleet / "environments" / name / ".copier-answers.yml").read_text(encoding="utf-8")
    loaded: dict[str, object] = yaml.safe_load(text)
    return loaded


def test_the_defaults_are_the_answers_that_were_given(new_fleet: Path) -> None:
    """Those that differ from the defaults of the questions; the stack and the version belong to the stages."""
    defaults = yaml.safe_load((new_fleet / "answers" / "defaults.yaml").read_text(encoding="utf-8"))
    assert defaults["registry_host"] == "harbor.corp.local:8443"
    assert len(defaults) < 12, defaults
    assert not {"stack", "kind", "environment_name", "argocd_path", "registry_layout"} & defaults.keys()
    for stage in ("test", "prod"):
        layer = yaml.safe_load((new_fleet / "answers" / "stages" / f"{stage}.yaml").read_text(encoding="utf-8"))
        assert layer == {"template_version": "v1.0.0", "stack": "kserve-0.20"}


def test_each_environment_has_the_answers_of_its_layers(generated: Path) -> None:
    domains = {name: recorded(generated, name)["ingress_domain"] for name in ("test", "prod-eu", "prod-us")}
    assert domains == {"test": "ml.corp.local", "prod-eu": "eu.corp.local", "prod-us": "ml.corp.local"}
    assert recorded(generated, "prod-us")["tenants"] == ["vision"]
    own = recorded(generated, "prod-eu")
    assert (own["environment_name"], own["argocd_path"]) == ("prod-eu", "ml/environments/prod-eu")
    assert (own["argocd_project"], own["argocd_destination"], own["_commit"]) == ("prod-eu", "prod-eu", "v1.0.0")


def test_a_second_run_writes_nothing(fleet: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(fleet)
    monkeypatch.setattr(module, "render", None)  # no copy is made to find that out
    assert run("generate") == (0, UNCHANGED)
    assert files(fleet) == before


def test_the_clone_has_what_the_template_renders(template_repository: Path, tmp_path: Path) -> None:
    """It takes most of the time of one environment. The files are those that Copier alone writes."""
    shutil.copytree(template_repository, tmp_path / "template", symlinks=True)
    for name in ("tests/a.py", "rules/KW101/bad.yaml", "template/tests/b.txt"):
        (tmp_path / "template" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "template" / name).write_text("a file\n", encoding="utf-8")
    git(tmp_path / "template", "add", "--all")
    git(tmp_path / "template", "commit", "--quiet", "--message", "v1.2.0")
    git(tmp_path / "template", "tag", "v1.2.0")
    url, answers = f"git+{(tmp_path / 'template').as_uri()}", {"environment_name": "test"}
    copies = Copies(url, "v1.2.0")
    copies.copy(tmp_path / "ours", answers)
    copier.run_copy(url, tmp_path / "plain", answers, vcs_ref="v1.2.0", defaults=True, quiet=True)
    assert files(tmp_path / "ours") == files(tmp_path / "plain")
    assert (tmp_path / "ours" / "tests" / "b.txt").is_file()
    clone = copies._template.local_abspath
    assert (clone / "copier.yml").is_file()
    assert not (clone / "tests").exists()
    assert not (clone / "rules").exists()


def test_the_same_answers_give_the_same_files(new_fleet: Path, generated: Path, tmp_path: Path, run: Run) -> None:
    """In one process and in several."""
    shutil.copytree(new_fleet, tmp_path / "again")
    for name in ("prod-eu", "prod-us", "test"):
        environment = read_environment(read_fleet(tmp_path / "again"), name)
        assert module._generate(read_fleet(tmp_path / "again"), False, environment).error == ""
    assert files(tmp_path / "again" / "environments") == files(generated / "environments")


def test_one_change_regenerates_one_environment(fleet: Path, run: Run) -> None:
    write(fleet / "answers" / "environments" / "test.yaml", {"stage": "test", "pull_secret": "harbor-pull"})
    before = files(fleet / "environments" / "prod-eu")
    code, text = run("generate")
    assert code == 0
    assert text.startswith("prod-eu  unchanged\nprod-us  unchanged\ntest     ")
    assert recorded(fleet, "test")["pull_secret"] == "harbor-pull"  # noqa: S105 - its name
    assert files(fleet / "environments" / "prod-eu") == before


def test_the_users_own_files_stay(fleet: Path, run: Run) -> None:
    """Local layers, other files, and what an environment ignores."""
    folder = fleet / "environments" / "test"
    own = {
        "values/istiod.local.yaml": b"pilot: {}\n",
        "local.mk": b"TIMEOUT = 20m\n",
        "extra/templates/policy.yaml": b"a: b\n",
        "docs/runbook.md": b"Call us.\n",
        "build/charts/a.tgz": b"\0",
    }
    for name, content in own.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    assert run("generate") == (0, UNCHANGED)
    without = {"istio": "existing", "gitops": "none", "argocd_repo_url": None}
    write(fleet / "answers" / "environments" / "test.yaml", {"stage": "test", **without})
    assert run("generate")[0] == 0
    assert {name: (folder / name).read_bytes() for name in own} == own
    # What these answers no longer need is gone, with folders that are empty then.
    assert not (folder / "values" / "istiod.yaml").exists()
    assert not (folder / "argocd").exists()
    assert run("generate") == (0, UNCHANGED)


def test_an_edited_file_is_not_lost(fleet: Path, run: Run) -> None:
    values = fleet / "environments" / "test" / "values" / "istiod.yaml"
    written = values.read_bytes()
    values.write_bytes(written + b"# mine\n")
    before = files(fleet)
    code, text = run("generate")
    assert code == 1
    line = "test     error: edited: values/istiod.yaml; move the change to answers/ or a local file, or run make fleet "
    assert text == f"prod-eu  unchanged\nprod-us  unchanged\n{line}FORCE=1\n"
    assert files(fleet) == before
    assert run("generate", "test", "--force")[0] == 0
    assert values.read_bytes() == written


def test_a_deleted_file_comes_back(fleet: Path, run: Run) -> None:
    (fleet / "environments" / "test" / "Makefile").unlink()
    assert run("generate") == (0, UNCHANGED.replace("test     unchanged", "test     1 files written, 0 removed"))


def test_a_bad_merge_of_the_record_is_mended(fleet: Path, run: Run) -> None:
    record = fleet / "environments" / "test" / ".generated"
    right = record.read_bytes()
    for wrong in (b"<<<<<<< HEAD\n" + right, right.replace(b"README.md", b"../README.md"), b"", b"\xff\n"):
        record.write_bytes(wrong)
        assert run("generate")[0] == 0
        assert record.read_bytes() == right


def test_an_interrupted_run_is_completed(fleet: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some files are new, the record is old: nothing counts as edited."""
    write(fleet / "answers" / "environments" / "test.yaml", {"stage": "test", "pull_secret": "harbor-pull"})
    real, left = module._replace, [1, 2, 3, 4, 5]

    def some(source: Path, target: Path) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        real(source, target)

    monkeypatch.setattr(module, "_replace", some)
    with pytest.raises(KeyboardInterrupt):
        module.generate(read_fleet(fleet), ["test"])
    monkeypatch.setattr(module, "_replace", real)
    code, text = run("generate")
    assert (code, "error" in text) == (0, False)
    assert run("generate") == (0, UNCHANGED)
    assert recorded(fleet, "test")["pull_secret"] == "harbor-pull"  # noqa: S105 - its name


def test_one_wrong_environment_does_not_hide_the_others(fleet: Path, run: Run) -> None:
    write(fleet / "answers" / "environments" / "prod-us.yaml", {"stage": "prod", "registry_host": "docker.io"})
    write(fleet / "answers" / "environments" / "test.yaml", {"stage": "test", "pull_secret": "harbor-pull"})
    before = files(fleet / "environments" / "prod-us")
    code, text = run("generate")
    assert code == 1
    first, second, third = text.splitlines()
    assert first == "prod-eu  unchanged"
    assert second.startswith("prod-us  error: registry_host: use "), second
    assert third.startswith("test     ")
    assert "files written" in third
    assert files(fleet / "environments" / "prod-us") == before


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("environments/test", {}, "set stage to one of test, prod, not None"),
        ("environments/test", {"stage": "pord"}, "set stage to one of test, prod, not 'pord'"),
        ("environments/test", {"stage": "test", "region": "us"}, "write answers/regions/us.yaml, or remove region: us"),
        ("environments/test", {"stage": "test", "region": "../stages/test"}, "set region to a name such as eu, not"),
        ("environments/test", {"stage": "test", "region": 1}, "set region to a name such as eu, not 1"),
        ("environments/test", {"stage": "test", "kind": "fleet"}, "remove kind, which follows from the name of the"),
        ("environments/test", {"stage": "test", "argocd_path": "."}, "remove argocd_path, which follows from the name"),
        ("environments/test", {"stage": "test", "template_version": "main"}, "template_version to a tag of"),
        ("environments/test", {"stage": "test", "template_version": 1.0}, "template_version to a tag of"),
        ("environments/test", {"stage": "test", "template_version": "v9.9.9"}, "has no version v9.9.9"),
        ("environments/test", {"stage": "test", "registry_hots": "a"}, "use registry_host: the answer registry_hots"),
        ("environments/test", ["stage"], "answers/environments/test.yaml: write one `key: value` per line"),
        ("stages/test", {"stage": "test"}, "answers/stages/test.yaml: remove stage, which belongs to"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(fleet: Path, run: Run, file: str, content: object, expected: str) -> None:
    write(fleet / "answers" / f"{file}.yaml", content)
    before = files(fleet)
    code, text = run("generate", "test")
    assert (code, len(text.splitlines())) == (1, 1)
    assert text.startswith("test  error: ")
    assert expected in text
    assert files(fleet) == before


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("fleet.yaml", "stages: [test]\n", "fleet.yaml: add name: a text"),
        ("fleet.yaml", "name: a\ntemplate: b\nstages: test\n", "fleet.yaml: set stages to a list of names, such as"),
        ("fleet.yaml", "name: a\ntemplate: b\nstages: [1]\n", "fleet.yaml: set stages to a list of names, such as"),
        ("fleet.yaml", "name: [\n", "fleet.yaml:2: "),
        ("fleet.yaml", "label: a\n", "fleet.yaml: unknown key label; valid keys: name, template, path, stages, "),
        ("answers/prod.yaml", "stage: prod\n", "answers/prod.yaml: not a layer; those are defaults.yaml, regions/"),
        ("answers/environments/prod.yml", "stage: prod\n", "answers/environments/prod.yml: not a layer"),
    ],
)
def test_a_fleet_that_cannot_be_read_ends_with_2(fleet: Path, run: Run, file: str, content: str, expected: str) -> None:
    (fleet / file).write_text(content, encoding="utf-8")
    code, text = run("generate")
    assert (code, len(text.splitlines())) == (2, 1), text
    assert text.startswith(f"kserve-wiring: {expected}")


def test_one_environment_does_not_wait_for_the_others(new_fleet: Path, tmp_path: Path) -> None:
    """Those that are wrong or not generated yet have no project."""
    shutil.copytree(new_fleet, tmp_path / "ml")
    generate = ["fleet", "-C", str(tmp_path / "ml"), "generate", "test"]
    assert cli.main(generate) == 0
    listed = {file.name for file in (tmp_path / "ml" / "argocd" / "fleet").iterdir()}
    assert listed == {"applicationset.yaml", "project.yaml", "project-test.yaml"}
    write(tmp_path / "ml" / "answers" / "environments" / "prod-us.yaml", {"stage": "prd"})
    assert cli.main(generate) == 1
    assert {file.name for file in (tmp_path / "ml" / "argocd" / "fleet").iterdir()} == listed


def test_an_unknown_environment_and_none(fleet: Path, run: Run) -> None:
    assert run("generate", "staging") == (2, "kserve-wiring: there is no answers/environments/staging.yaml\n")
    shutil.rmtree(fleet / "answers" / "environments")
    assert run("generate")[0] == 2


def test_another_version_of_the_template(fleet: Path, run: Run, template_repository: Path) -> None:
    """A tag for one stage, a whole commit for an environment."""
    write(fleet / "answers" / "stages" / "test.yaml", {"template_version": "v1.1.0"})
    commit = git(template_repository, "rev-parse", "v1.1.0")
    write(fleet / "answers" / "environments" / "prod-us.yaml", {"stage": "prod", "template_version": commit})
    assert run("generate")[0] == 0
    ends = {}
    for name in ("test", "prod-eu", "prod-us"):
        readme = (fleet / "environments" / name / "README.md").read_text(encoding="utf-8")
        ends[name] = readme.splitlines()[-1]
    assert ends == {"test": "<!-- v1.1.0 -->", "prod-eu": "<!-- v1.0.0 -->", "prod-us": "<!-- v1.1.0 -->"}


@pytest.mark.parametrize("example", ["everything", "offline-harbor"])
def test_the_answers_of_an_example_as_defaults_give_its_environment(
    example: str, template_repository: Path, tmp_path: Path
) -> None:
    """Also certificates, mappings and texts that look like something else; but for what follows from the name."""
    data = yaml.safe_load((ROOT / "examples" / f"{example}.yaml").read_text(encoding="utf-8"))
    data.pop("details", None)  # decides only what is asked
    alone, fleet = tmp_path / "alone", tmp_path / "fleet"
    path = {"argocd_path": "environments/one", "argocd_project": "one"} if data.get("gitops") == "argocd" else {}
    one = {"environment_name": "one"} | path
    url = f"git+{template_repository.as_uri()}"
    copier.run_copy(url, alone, data | one, vcs_ref="v1.0.0", defaults=True, quiet=True)
    root = {"kind": "fleet"} | ({"argocd_path": "."} if path else {})
    copier.run_copy(url, fleet, data | root, vcs_ref="v1.0.0", defaults=True, quiet=True)
    target = {"argocd_destination": data["argocd_destination"]} if path else {}
    write(fleet / "answers" / "environments" / "one.yaml", {"stage": "test", **target})
    assert cli.main(["fleet", "-C", str(fleet), "generate"]) == 0
    made = files(fleet / "environments" / "one")
    assert set(made) - set(files(alone)) == {".generated"} | ({"fleet.yaml"} if path else set())
    assert {name: made[name] for name in files(alone)} == files(alone)
