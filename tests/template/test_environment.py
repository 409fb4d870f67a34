"""The files that a user gets, for every example."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from copier.errors import UserMessageError

from tests.template.conftest import EXAMPLES, LOADER, ROOT

Environment = Callable[[Path], Path]
IMAGE_FILES = ("models.yaml", "images.txt", "catalogue.yaml", "skopeo-sync.yaml", "hauler.yaml", "zarf.yaml", "mirror.sh")


def load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506 (a safe one)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def generated(request: pytest.FixtureRequest, environment: Environment) -> Path:
    return environment(request.param)


def test_the_folder_is_complete(generated: Path) -> None:
    names = [release["name"] for release in load(generated / "releases.yaml")]
    answers = load(generated / ".copier-answers.yml")
    expected = {".copier-answers.yml", ".gitignore", "Makefile", "README.md", "helmfile.yaml"}
    expected |= {"releases.yaml", "docs/wiring.md"} | {f"values/{name}.yaml" for name in names}
    # Also of releases that the answers leave out; the other releases of our chart read that of kserve-environment.
    releases = load(ROOT / "stacks" / "common" / "releases.yaml")
    expected |= {f"values/{entry['name']}.local.yaml" for entry in releases} | {"local.mk"}
    expected -= {"values/kserve-prerequisites.local.yaml", "values/kserve-llm-presets.local.yaml"}
    expected |= {f"schemas/{path}" for path in files(ROOT / "template" / "schemas")}
    expected |= {f"charts/{path}" for path in files(ROOT / "charts")}
    expected |= {f"extra/{path}" for path in files(ROOT / "template" / "extra")}
    expected |= {f"images/{name}" for name in IMAGE_FILES}
    expected |= {f"scripts/{path}" for path in files(ROOT / "template" / "scripts")}
    if answers.get("registry_ca_source") == "bundle":
        expected |= {"images/certs/ca.crt"}
    if answers["gitops"] == "argocd":
        expected |= {"argocd/root.yaml", "argocd/argocd-cm.yaml"} | {
            f"argocd/applications/{name}.yaml" for name in [*names, "extra"]
        }
    assert files(generated) == expected


def test_the_chart_is_copied_verbatim_without_links(generated: Path) -> None:
    for name in files(ROOT / "charts"):
        copied = generated / "charts" / name
        assert not copied.is_symlink()
        assert copied.read_bytes() == (ROOT / "charts" / name).read_bytes(), name


def test_no_brace_of_the_template_is_left(generated: Path) -> None:
    for path in generated.rglob("*"):
        if path.is_file() and not {"charts", "templates"} & set(path.relative_to(generated).parts):
            assert not re.search(r"{{(?!\s*(range|exec))|{%|{#", path.read_text(encoding="utf-8")), path


def test_every_yaml_parses_and_ends_in_one_newline(generated: Path) -> None:
    for path in [*generated.glob("*.yaml"), *generated.glob("values/*.yaml"), *generated.glob("argocd/**/*.yaml")]:
        text = path.read_text(encoding="utf-8")
        assert list(yaml.safe_load_all(text)) or path.name.endswith(".local.yaml"), path
        assert text == text.rstrip("\n") + "\n", path


def test_releases_need_only_what_comes_before_them(generated: Path) -> None:
    seen: set[str] = set()
    for release in load(generated / "releases.yaml"):
        assert set(release["needs"]) <= seen, release["name"]
        seen.add(release["name"])


def test_helmfile_names_the_same_releases(generated: Path) -> None:
    """Those that kubectl applies are a hook of what needs them."""
    listed = load(generated / "releases.yaml")
    releases = [release for release in listed if not release.get("applied")]
    helmfile = load(generated / "helmfile.yaml")
    by_name = {release["name"]: release["namespace"] for release in releases}
    *entries, extra = helmfile["releases"]
    assert [(entry["name"], entry["namespace"]) for entry in entries] == list(by_name.items())
    last = f"{releases[-1]['namespace']}/{releases[-1]['name']}"
    assert (extra["name"], extra["namespace"], extra["needs"]) == ("extra", by_name["kserve-environment"], [last])
    for release, entry in zip(releases, entries, strict=True):
        needs = [name for name in release["needs"] if name in by_name]
        assert sorted(entry.get("needs", [])) == sorted(f"{by_name[name]}/{name}" for name in needs)
        assert entry["values"] == release["values"]
        assert entry.get("version") == release["chart"].get("version")


def test_helmfile_calls_make_for_what_helm_cannot_do(generated: Path) -> None:
    answers = load(generated / ".copier-answers.yml")
    patched = [release["name"] for release in load(generated / "releases.yaml") if release.get("patch")]
    expected = {name: ["patch"] for name in patched}
    expected["kserve-prerequisites"] = ["cluster", *(["pull-secrets"] if answers.get("pull_secret") else [])]
    for one in load(generated / "releases.yaml"):
        if one.get("applied"):
            by = [other["name"] for other in load(generated / "releases.yaml") if one["name"] in other["needs"]]
            expected |= {name: [f"install-{one['name']}", *expected.get(name, [])] for name in by}
    if answers.get("knative_install") == "operator":
        steps = load(ROOT / "stacks" / f"{answers['stack']}.yaml")["knativeSteps"]
        expected["kserve-environment"] = [*("step-knative" for _ in steps), "wait-knative"]
    releases = load(generated / "helmfile.yaml")["releases"]
    called = {entry["name"]: [hook["args"][0] for hook in entry["hooks"]] for entry in releases if "hooks" in entry}
    assert called == expected
    targets = re.findall(r"^([a-z-]+):", (generated / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {target for names in called.values() for target in names} <= set(targets)
    # Pods that wait for a patch, and a KnativeServing, are waited for by these targets. Nobody waits for own manifests.
    waiting = {"kserve-environment", *patched} if answers.get("knative_install") == "operator" else set()
    assert {entry["name"] for entry in releases if not entry["wait"]} == waiting | {"extra"}


def test_argo_cd_installs_the_same_releases_in_the_same_order(generated: Path) -> None:
    if load(generated / ".copier-answers.yml")["gitops"] != "argocd":
        assert not (generated / "argocd").exists()
        return
    for wave, release in enumerate(load(generated / "releases.yaml")):
        application = load(generated / "argocd" / "applications" / f"{release['name']}.yaml")
        assert application["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == str(wave)
        assert application["spec"]["destination"]["namespace"] == release["namespace"]
        # The repository of the values first, so that a status never names a commit whose values are not rendered yet.
        values, source, *_ = application["spec"]["sources"]
        assert values["ref"] == "values"
        assert source["helm"]["releaseName"] == release["name"]
        assert [file.rsplit("values/", 1)[1] for file in source["helm"]["valueFiles"]] == [
            file.removeprefix("values/") for file in release["values"]
        ]
        assert source.get("chart", source.get("path", "").rsplit("/", 1)[-1]) == release["chart"]["name"]
        patches = [
            entry
            for entry in application["spec"]["sources"]
            if {"name": "part", "value": "patches"} in entry.get("helm", {}).get("parameters", [])
        ]
        assert bool(patches) == release.get("patch", False)
    extra = load(generated / "argocd" / "applications" / "extra.yaml")
    assert extra["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == str(wave + 1)
    (source,) = extra["spec"]["sources"]
    assert (source["path"].rsplit("/", 1)[-1], source["helm"]) == ("extra", {"releaseName": "extra"})
    assert extra["spec"]["syncPolicy"]["automated"]["allowEmpty"] is True


def test_the_manual_names_the_repository_that_argo_cd_reads_charts_from(generated: Path) -> None:
    answers = load(generated / ".copier-answers.yml")
    if answers["gitops"] != "argocd" or answers["chart_source"] != "oci":
        return
    application = load(generated / "argocd" / "applications" / "istiod.yaml")
    (url,) = (source["repoURL"] for source in application["spec"]["sources"] if "chart" in source)
    assert f"--from-literal enableOCI=true --from-literal url={url} " in (generated / "README.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("example", ["offline-harbor", "custom-storage", "minimal"])
def test_a_renamed_answer_works_under_its_earlier_name(
    environment: Environment, template: Path, tmp_path: Path, example: str
) -> None:
    answers = load(ROOT / "examples" / f"{example}.yaml")
    answers["registry_ca"] = answers.pop("registry_ca_source", "none")
    copier.run_copy(str(template), tmp_path / "environment", answers, defaults=True, quiet=True)
    expected = environment(ROOT / "examples" / f"{example}.yaml")
    assert files(tmp_path / "environment") == files(expected)
    for name in files(expected):
        assert (tmp_path / "environment" / name).read_bytes() == (expected / name).read_bytes(), name


def test_an_answer_is_refused_under_its_earlier_name_as_under_the_new(template: Path, tmp_path: Path) -> None:
    answers = {"registry_host": "harbor.corp.local", "registry_ca": "configmap", "registry_plain_http": True}
    with pytest.raises(UserMessageError, match="drop registry_ca: it has no effect on plain HTTP"):
        copier.run_copy(str(template), tmp_path / "environment", answers, defaults=True, quiet=True)
    answers = {"registry_host": "harbor.corp.local", "registry_ca": "file"}
    with pytest.raises(UserMessageError, match="registry_ca_source"):
        copier.run_copy(str(template), tmp_path / "environment", answers, defaults=True, quiet=True)
    assert not (tmp_path / "environment").exists()
