"""`kserve-wiring check` of environments: releases that are missing, unknown values, and a folder of several."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import kserve_wiring as wiring
from kserve_wiring import Finding, Options, inspect, read
from kserve_wiring.cli import main as cli
from kserve_wiring.manifests.environment import plan
from kserve_wiring.manifests.known_values import ReleaseValues
from kserve_wiring.manifests.lines import line_of
from kserve_wiring.manifests.load import Loaded
from kserve_wiring.manifests.objects import KeyPath, show_path
from kserve_wiring.manifests.release_values import read_values
from tests.environments.conftest import stack
from tests.template.conftest import EXAMPLES
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

Charts = Callable[[str], Upstream]
Environment = Callable[[Path], Path]
HARBOR, MINIMAL = (ROOT / "examples" / f"{name}.yaml" for name in ("offline-harbor", "minimal"))
WIRED = [path for path in EXAMPLES if path.stem in ("everything", "offline-harbor", "custom-local-gateway")]


(SHOWN,) = [
    line.split()[2:]
    for line in (ROOT / "docs" / "kserve-wiring.md").read_text("utf-8").splitlines()
    if line.startswith("$ kserve-wiring check clusters/")
]


def store(charts: Upstream) -> str:
    return str(next(iter(charts.folders.values())).parent)


@pytest.mark.parametrize("example", WIRED, ids=lambda path: path.stem)
def test_nothing_is_concluded_from_a_release_that_was_not_rendered(
    example: Path, environment: Environment, upstream_charts: Charts, newest_helm: Helm, subtests: Any
) -> None:
    """Each release missing, all but one, and all with upstream's charts."""
    charts = store(upstream_charts(stack(example)))
    loaded = read(str(environment(example)), charts=charts, helm=newest_helm.path)
    names = set(loaded.releases)
    assert (len(names), loaded.unread, inspect(loaded).findings) == (11, [], [])
    own = {"kserve-environment", "kserve-prerequisites"}
    for missing in [*({name} for name in names), *(names - {name} for name in names), names - own]:
        with subtests.test(missing=sorted(missing)):
            rest = [obj for obj in loaded.objects if obj.source.release not in missing]
            report = inspect(replace(loaded, objects=rest, unread=sorted(missing)))
            assert [f"{finding.code} {finding.object}: {finding.message}" for finding in report.findings] == []


# What Kubernetes defines, Knative's flags, hosts of images, and what istiod's chart passes on: any key is allowed.
FREE = (
    "labels.",
    "gateways.local.existing.labels.",
    "gateways.ingress.existing.labels.",
    "knative.features.",
    "commonLabels.",
    "commonAnnotations.",
    "annotations.",
    "global.commonLabels.",
    "registry.map.",
    "storage.resources.",
    "podDisruptionBudget.maxUnavailable",
    "kserve.controller.resources.",
    "meshConfig.",
    "kserve.llmisvc.controller.resources.",
    "pilot.env.",
)


@pytest.fixture(scope="module")
def all_values(environment: Environment, upstream_charts: Charts) -> list[ReleaseValues]:
    """The values files of all examples."""
    every = []
    for example in EXAMPLES:
        calls, missing = plan(environment(example), upstream_charts(stack(example)).folder)
        assert missing == []
        every += read_values(calls)
    return every


def test_no_generated_value_is_unknown(all_values: list[ReleaseValues]) -> None:
    assert [finding.message for finding in found(*all_values)] == []


def test_every_misspelled_value_is_named(all_values: list[ReleaseValues]) -> None:
    """At its file and line, with the key that was meant."""
    tried = {(values.chart, path): values for values in all_values for path in keys(values.obj.body)}
    said, expected = [], []
    for (_, path), values in tried.items():
        if not show_path(path).startswith(FREE):
            misspelled, wrong = misspell(values, path)
            line = line_of(values.obj.source.text, path)
            said += [
                (one.file, one.line, one.fix, f"did you mean {show_path(path)}?" in one.message)
                for one in found(misspelled)
            ]
            fix = f"rename {show_path(wrong)} to {show_path(path)}"
            expected.append((values.obj.source.file, line, fix, True))
    assert said == expected
    assert len(expected) > 200


def found(*values: ReleaseValues) -> list[Finding]:
    return inspect(Loaded(values=list(values)), Options(select=["KW513"])).findings


def keys(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from keys(item, (*path, key))


def misspell(values: ReleaseValues, path: KeyPath) -> tuple[ReleaseValues, KeyPath]:
    """The values with two letters of one key swapped, or its last one doubled."""
    key = str(path[-1])
    wrong = f"{key[:-2]}{key[-1]}{key[-2]}" if key[-1] != key[-2] else f"{key}{key[-1]}"
    lines = values.obj.source.text.splitlines()
    number = line_of(values.obj.source.text, path) - 1
    lines[number] = lines[number].replace(f"{key}:", f"{wrong}:", 1)
    text = "\n".join(lines) + "\n"
    obj = replace(values.obj, body=yaml.safe_load(text), source=replace(values.obj.source, text=text))
    return replace(values, obj=obj), (*path[:-1], wrong)


@pytest.fixture
def parent(environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Environments that are right, that disagree with themselves and that cannot be rendered, and a manifest."""
    for name in ("right", "eu/wrong", "eu/broken"):
        shutil.copytree(environment(HARBOR), tmp_path / "clusters" / name)
    edit(tmp_path / "clusters/eu/wrong/values/local-gateway.yaml", "ml-local-gateway", "ml-local")
    edit(tmp_path / "clusters/eu/broken/values/istiod.yaml", "global:\n", "<<<<<<< before\nglobal:\n")
    (tmp_path / "clusters" / "model.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "clusters"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def check(
    parent: Path, upstream_charts: Charts, newest_helm: Helm, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """The output of the command in docs/kserve-wiring.md in a format. The exit code is 2."""
    Path("charts").symlink_to(store(upstream_charts(stacks.DEFAULT)))

    def run(form: str) -> str:
        assert cli.main([*SHOWN, "--helm", newest_helm.path, "--format", form]) == 2
        return capsys.readouterr().out

    return run


def test_a_folder_of_environments(check: Callable[[str], str]) -> None:
    """Each is a cluster of its own, and one that cannot be read hides no other."""
    text = check("text")
    broken = text.split("\n\nclusters/")[0]
    wrong, right = text.index("\nclusters/eu/wrong\n"), text.index("\nclusters/right")
    assert broken.splitlines() == [
        "clusters/eu/broken",
        "cannot read clusters/eu/broken/values/istiod.yaml:7: git conflict markers; resolve them",
        broken.splitlines()[2],
    ]
    assert broken.splitlines()[2].startswith("10 of 11 releases, ")
    assert broken.endswith(": 0 errors, 0 warnings, 0 info")
    assert "KW403 error" in text[wrong:right]
    assert "KW403" not in text[:wrong] + text[right:]
    last = text[right:].splitlines()[1:]
    assert last[0].startswith("clusters/right: 11 of 11 releases, ")
    assert last[1] == "other manifests: 1 object: 0 errors, 0 warnings, 0 info"
    assert last[2].startswith("3 environments, ")
    assert last[2].endswith(" info, 1 could not be read completely")


def test_every_format_names_the_environment(check: Callable[[str], str]) -> None:
    document = json.loads(check("json"))
    assert {finding["environment"] for finding in document["findings"]} == {"clusters/eu/wrong"}
    assert [problem["environment"] for problem in document["problems"]] == ["clusters/eu/broken"]
    named = {one["environment"]: one["releases"] for one in document["environments"]}
    assert named == {
        "clusters/eu/broken": {"named": 11, "rendered": 10, "not_rendered": ["istiod"]},
        "clusters/eu/wrong": {"named": 11, "rendered": 11, "not_rendered": []},
        "clusters/right": {"named": 11, "rendered": 11, "not_rendered": []},
    }
    (run,) = json.loads(check("sarif"))["runs"]
    assert {result["properties"]["environment"] for result in run["results"]} == {"clusters/eu/wrong"}
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["properties"] == {"environment": "clusters/eu/broken"}
    junit = check("junit")
    for name in ("clusters/eu/broken", "clusters/eu/wrong", "clusters/right", "kserve-wiring"):
        assert f'<testsuite name="{name}"' in junit
    github = check("github").splitlines()
    assert github[0].startswith("::error file=clusters/eu/broken/values/istiod.yaml,line=7,title=cannot read clusters")
    assert any("title=KW403 Gateway" in line and " in clusters/eu/wrong::" in line for line in github)


def test_many_environments_on_all_processors(
    parent: Path, upstream_charts: Charts, newest_helm: Helm, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reports come from other processes, in the order of the folders."""
    names = [f"clusters/x{number}" for number in range(6)]
    shutil.rmtree(parent / "eu" / "broken")
    for name in names:
        shutil.copytree(parent / "right", name)
    edit(Path(names[5], "values/local-gateway.yaml"), "ml-local-gateway", "ml-local")
    words = ["--charts", store(upstream_charts(stacks.DEFAULT)), "--helm", newest_helm.path]
    assert cli.main(["check", "clusters", *words, "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [one["environment"] for one in document["environments"]] == ["clusters/eu/wrong", "clusters/right", *names]
    of = [{finding["code"] for finding in document["findings"] if finding["environment"] == name} for name in names]
    assert of[:5] == [set()] * 5
    assert "KW403" in of[5]
    assert cli.main(["check", *names[:5], *words]) == 0


def test_from_python(parent: Path, upstream_charts: Charts, newest_helm: Helm) -> None:
    charts = store(upstream_charts(stacks.DEFAULT))
    findings = wiring.check("clusters", charts=charts, helm=newest_helm.path)
    assert {finding.environment for finding in findings} == {"clusters/eu/wrong"}
    container = {"name": "p", "image": "A:B:C"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    both = wiring.check([parent / "right", parent / "eu" / "wrong", pod], charts=charts, helm=newest_helm.path)
    assert both[:-1] == [
        replace(one, environment=str(parent / "eu" / "wrong"), file=both[index].file)
        for index, one in enumerate(findings)
    ]
    assert (both[-1].code, both[-1].environment) == ("KW202", "")
