"""`copier update` from an earlier version of the template gives the same files as a fresh copy and keeps user edits."""

from __future__ import annotations

import filecmp
import os
import subprocess
from pathlib import Path
from typing import Any

import copier
import jinja2
import pytest
import yaml
from copier.errors import UserMessageError
from jinja2.sandbox import SandboxedEnvironment
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from tests.template.conftest import ROOT, copy_template

ANSWERS = {
    "environment_name": "prod",
    "registry_host": "harbor.corp.local:8443",
    "pull_secret": "first-pull",
    "ingress_domain": "ml.corp.local",
}
# Neither the configuration of the person who runs the tests nor hooks may play a part.
GIT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env=GIT)


def commit(folder: Path, tag: str = "") -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", tag or "commit")
    if tag:
        git(folder, "tag", tag)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A template with two tags: v1.1.0 is today's; v1.0.0 differs in a value, two chart files and a question."""
    template = copy_template(tmp_path / "template")
    git(template, "init", "--quiet")
    commit(template, "today")
    edit(template / "includes" / "values" / "istiod.yaml.jinja", "# Chart istiod.", "# Chart istiod, as it was.")
    (template / "charts" / "kserve-environment" / "templates" / "gone.yaml").write_text("# gone\n", encoding="utf-8")
    (template / "charts" / "kserve-environment" / "templates" / "istio" / "local-gateway.yaml").unlink()
    edit(
        template / "copier.yml", "# Settings", "retired:\n  type: str\n  default: x\n  help: A question.\n\n# Settings"
    )
    schema = template / "template" / "schemas" / "answers.schema.json"
    edit(schema, '"properties": {', '"properties": {\n    "retired": {"type": "string"},')
    commit(template, "v1.0.0")
    git(template, "checkout", "--quiet", "today", "--", ".")
    git(template, "rm", "--quiet", "charts/kserve-environment/templates/gone.yaml")
    commit(template, "v1.1.0")
    return template


def copy(template: Path, target: Path, version: str) -> Path:
    copier.run_copy(str(template), target, ANSWERS, vcs_ref=version, defaults=True, quiet=True)
    git(target, "init", "--quiet")
    commit(target)
    return target


def identify(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the author of the commits that Copier makes for an update."""
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)


def update(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identify(monkeypatch)
    copier.run_update(project, defaults=True, overwrite=True, quiet=True)


def differing(left: Path, right: Path) -> list[str]:
    """Paths whose files differ between the two folders."""
    names = {path.relative_to(folder) for folder in (left, right) for path in folder.rglob("*") if path.is_file()}
    names = {name for name in names if name.parts[0] != ".git"}
    _, mismatch, missing = filecmp.cmpfiles(left, right, [str(name) for name in names], shallow=False)
    return sorted(mismatch + missing)


def test_an_update_gives_the_same_tree_as_a_fresh_copy(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy(released, tmp_path / "updated", "v1.0.0")
    fresh = copy(released, tmp_path / "fresh", "v1.1.0")
    chart = "charts/kserve-environment/templates"
    assert differing(project, fresh) == [
        ".copier-answers.yml",
        f"{chart}/gone.yaml",
        f"{chart}/istio/local-gateway.yaml",
        "schemas/answers.schema.json",
        "values/istiod.yaml",
    ]

    update(project, monkeypatch)

    assert differing(project, fresh) == []


def test_an_update_keeps_a_users_edit(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = copy(released, tmp_path / "updated", "v1.0.0")
    edit(project / "values" / "istiod.yaml", "  proxy:\n", "  logAsJson: true\n  proxy:\n")
    (project / "values" / "mine.yaml").write_text("mine: true\n", encoding="utf-8")
    commit(project)
    fresh = copy(released, tmp_path / "fresh", "v1.1.0")

    update(project, monkeypatch)

    assert differing(project, fresh) == ["values/istiod.yaml", "values/mine.yaml"]
    expected = (fresh / "values" / "istiod.yaml").read_text(encoding="utf-8")
    expected = expected.replace("  proxy:\n", "  logAsJson: true\n  proxy:\n", 1)
    assert (project / "values" / "istiod.yaml").read_text(encoding="utf-8") == expected


def test_an_update_with_an_answers_file_of_another_name(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers that are not given again come from that file, so none is asked for."""
    project, name = tmp_path / "updated", "other.yml"
    file: Any = {"answers_file": name, "defaults": True, "quiet": True}
    copier.run_copy(str(released), project, ANSWERS, vcs_ref="v1.0.0", **file)
    git(project, "init", "--quiet")
    commit(project)
    with pytest.raises(UserMessageError):
        copier.run_copy(str(released), project, ANSWERS, **file)
    identify(monkeypatch)

    copier.run_update(project, {"registry_host": "nexus.corp.local"}, overwrite=True, **file)

    answers = yaml.safe_load((project / name).read_text(encoding="utf-8"))
    assert (answers["registry_host"], answers["ingress_domain"]) == ("nexus.corp.local", "ml.corp.local")
    assert not (project / ".copier-answers.yml").exists()


def test_an_update_changes_an_answer_everywhere(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy(released, tmp_path / "updated", "v1.1.0")
    identify(monkeypatch)

    copier.run_update(project, {"pull_secret": "nexus-pull"}, defaults=True, overwrite=True, quiet=True)

    text = "".join(
        path.read_text(encoding="utf-8") for path in project.rglob("*") if path.is_file() and ".git" not in path.parts
    )
    assert "nexus-pull" in text
    assert "first-pull" not in text


def test_an_update_on_a_terminal_asks_nothing_and_keeps_the_details(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--skip-answered asks only new questions: neither those of a topic that was not chosen, nor for a confirmation."""
    project = tmp_path / "updated"
    details = {"local_gateway_name": "ml-local", "digest_timeout": "45s", "digest_policy": "resolve", "offline": False}
    copier.run_copy(str(released), project, ANSWERS | details, vcs_ref="v1.1.0", defaults=True, quiet=True)
    git(project, "init", "--quiet")
    commit(project)
    identify(monkeypatch)

    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.close()
        copier.run_update(project, {"pull_secret": "nexus-pull"}, skip_answered=True, overwrite=True, quiet=True)

    answers = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert details.items() <= answers.items()
    assert (answers["pull_secret"], answers["details"], "confirmation" in answers) == ("nexus-pull", [], False)


def before_the_rename(template: Path) -> None:
    """Renames the question registry_ca_source to its earlier name."""
    question = (
        """default: "{{ registry_ca | default('bundle' if registry_ca_bundle is defined else 'none', true) }}\""""
    )
    edit(template / "copier.yml", question, "default: none")
    for path in [
        template / "copier.yml",
        *(template / "includes").rglob("*"),
        *(template / "template").rglob("*.jinja"),
    ]:
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("registry_ca_source", "registry_ca"), encoding="utf-8")


def test_an_update_takes_the_answer_of_a_renamed_question_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = copy_template(tmp_path / "template")
    git(template, "init", "--quiet")
    commit(template, "today")
    before_the_rename(template)
    commit(template, "v1.0.0")
    git(template, "checkout", "--quiet", "today", "--", ".")
    commit(template, "v1.1.0")
    answers = yaml.safe_load((ROOT / "examples" / "offline-harbor.yaml").read_text(encoding="utf-8"))
    old = {"registry_ca" if name == "registry_ca_source" else name: value for name, value in answers.items()}
    project = tmp_path / "updated"
    copier.run_copy(str(template), project, old, vcs_ref="v1.0.0", defaults=True, quiet=True)
    assert "\nregistry_ca: bundle\n" in (project / ".copier-answers.yml").read_text(encoding="utf-8")
    git(project, "init", "--quiet")
    commit(project)

    update(project, monkeypatch)

    fresh = tmp_path / "fresh"
    copier.run_copy(str(template), fresh, answers, vcs_ref="v1.1.0", defaults=True, quiet=True)
    assert differing(project, fresh) == []


def test_what_is_excluded_needs_no_answer() -> None:
    """`copier update` makes the old version again, with the answers of the old version and the list of the new one.

    So a name that the old version does not have, such as a new computed question, would end every update in an error.
    """
    environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined)
    patterns = yaml.load((ROOT / "copier.yml").read_text(encoding="utf-8"), yaml.BaseLoader)["_exclude"]
    assert [environment.from_string(pattern).render() for pattern in patterns] == [
        *("*.pyc", "__pycache__", ".DS_Store", "", "/argocd", "/images/certs"),
    ]


def test_the_local_file_of_a_release_that_is_left_out_stays(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there for when the release comes back."""
    project = copy(released, tmp_path / "project", "v1.1.0")
    identify(monkeypatch)
    mine = project / "values" / "istiod.local.yaml"
    mine.write_text("pilot:\n  replicaCount: 2\n", encoding="utf-8")
    commit(project)

    copier.run_update(project, {"istio": "existing"}, defaults=True, overwrite=True, quiet=True)
    assert not (project / "values" / "istiod.yaml").exists()
    assert mine.read_text(encoding="utf-8") == "pilot:\n  replicaCount: 2\n"
    commit(project)
    copier.run_update(project, {"istio": "install"}, defaults=True, overwrite=True, quiet=True)

    assert (project / "values" / "istiod.yaml").is_file()
    assert mine.read_text(encoding="utf-8") == "pilot:\n  replicaCount: 2\n"
