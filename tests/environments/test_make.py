"""The Makefile of an environment does what its help says, with real helm and the real checker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kserve_wiring.manifests.environment import plan
from tests.tools.releases import UPSTREAM_CHARTS
from tools import stacks
from tools.console import ROOT
from tools.environment import render
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

HARBOR = ROOT / "examples" / "offline-harbor.yaml"


@pytest.fixture
def harbor(environment: Callable[[Path], Path], tmp_path: Path) -> Path:
    """An environment that a test may change."""
    return Path(shutil.copytree(environment(HARBOR), tmp_path / "harbor"))


@pytest.fixture
def make(
    harbor: Path, newest_helm: Helm, upstream_charts: Callable[[str], Upstream]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    charts = next(iter(upstream_charts(stacks.DEFAULT).folders.values())).parent
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--no-print-directory", f"HELM={newest_helm.path}", f"CHARTS={charts}", *words]
        return subprocess.run(
            command, cwd=harbor, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
        )

    return run


def test_help_lists_every_target_with_a_text(make: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    listed = {line.split()[0] for line in make("help").stdout.splitlines()}
    assert {"help", "check", "charts", "template", "mirror", "install", "diff", "verify", "uninstall"} <= listed


def test_check_is_content_with_a_fresh_environment(
    harbor: Path,
    make: Callable[..., subprocess.CompletedProcess[str]],
    newest_helm: Helm,
    upstream_charts: Callable[[str], Upstream],
) -> None:
    done = make("check")
    assert done.returncode == 0, done.stderr
    calls, _ = plan(harbor, upstream_charts(stacks.DEFAULT).folder)
    objects = sum(len(list(one.objects())) for one in render.render(calls, newest_helm))
    assert objects > 100
    assert done.stdout.splitlines()[0] == f"11 of 11 releases, {objects} objects: 0 errors, 0 warnings, 0 info"


def test_check_names_two_releases_that_disagree(
    harbor: Path, make: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    values = harbor / "values" / "local-gateway.yaml"
    values.write_text(values.read_text(encoding="utf-8").replace("ml-local-gateway", "ml-local"), encoding="utf-8")
    done = make("check")
    assert done.returncode == 2  # make's own code for a recipe that failed
    assert "KW403 error" in done.stdout
    assert "KW404 error" in done.stdout


def test_check_names_values_that_disagree(harbor: Path, make: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    values = harbor / "values" / "kserve-environment.yaml"
    values.write_text(values.read_text(encoding="utf-8").replace("policy: skip", "policy: resolve"), encoding="utf-8")
    done = make("check")
    assert done.returncode == 2
    named = [line.split(" is ")[0] for line in done.stdout.splitlines() if line.startswith("[")]
    assert named == ["[KW102] values: images.kserve.router"], done.stdout
    assert "(the same for images.smoke)" in done.stdout
    assert "\n9 of 11 releases, " in done.stdout


def test_check_without_charts_says_what_was_not_rendered(
    make: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = make("check", "CHARTS=")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "note: not rendered, because their charts are not in build/charts: cert-manager, istio-base, " in said
    assert "; `make charts` fetches the charts 2 of 11 releases, " in said


def test_check_with_a_chart_missing_from_the_named_folder_fails(
    harbor: Path, make: Callable[..., subprocess.CompletedProcess[str]], upstream_charts: Callable[[str], Upstream]
) -> None:
    store = harbor.parent / "charts"
    store.mkdir()
    for folder in upstream_charts(stacks.DEFAULT).folders.values():
        if not folder.name.startswith("istiod-"):
            (store / folder.name).symlink_to(folder)
    done = make("check", f"CHARTS={store}")
    assert done.returncode == 2
    missing = f"istiod-{stacks.versions(stacks.DEFAULT)['istio']}"
    said = f"cannot read {store}: no chart {missing} of release istiod; get it from oci://harbor.corp.local:8443/kserve"
    assert done.stdout.startswith(said), done.stdout
    assert "10 of 11 releases, " in done.stdout


def test_check_names_a_file_with_conflict_markers(
    harbor: Path, make: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """As `copier update` leaves them where an answer and an edit disagree."""
    for name in ("values/kserve-environment.yaml", ".copier-answers.yml"):
        first, *rest = (harbor / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (harbor / name).write_text(f"{first}<<<<<<< before\n=======\n>>>>>>> after\n{''.join(rest)}", encoding="utf-8")
    done = make("check")
    assert done.returncode == 2
    reported = [line for line in done.stdout.splitlines() if line.startswith("cannot read ")]
    assert reported == [
        "cannot read values/kserve-environment.yaml:2: git conflict markers; resolve them",
        "cannot read .copier-answers.yml:2: git conflict markers; resolve them",
    ]
    assert "\n9 of 11 releases, " in done.stdout


def test_template_renders_every_release(harbor: Path, make: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = make("template")
    assert done.returncode == 0, done.stderr
    values = {path.stem for path in (harbor / "values").iterdir() if not path.name.endswith(".local.yaml")}
    assert {path.stem for path in (harbor / "build").glob("*.yaml")} == values | {"patches"}


def test_template_makes_the_helm_calls_that_the_checker_makes(
    harbor: Path,
    make: Callable[..., subprocess.CompletedProcess[str]],
    newest_helm: Helm,
    upstream_charts: Callable[[str], Upstream],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(harbor)
    calls, missing = plan(Path(), upstream_charts("kserve-0.20").folder)
    printed = [line.split() for line in make("--dry-run", "template").stdout.splitlines() if " template " in line]
    made = [words[: words.index(">")] for words in printed]
    assert missing == []
    assert [sorted(words) for words in made] == [
        sorted([newest_helm.path, "template", call.release, *call.arguments]) for call in calls
    ]


def test_the_charts_can_be_fetched_before_the_private_registry_has_them(
    make: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = make("upstream-charts", "DRY_RUN=1")
    assert done.returncode == 0, done.stderr
    pulls = [line.partition(" pull ")[2] for line in done.stdout.splitlines() if line.startswith("would run ")]
    assert len(pulls) == len(UPSTREAM_CHARTS)
    assert pulls[0] == ("cert-manager --repo https://charts.jetstack.io --version v1.17.0 --destination build/charts")
    assert not [pull for pull in pulls if "harbor.corp.local" in pull]


def test_local_mk_sets_variables_and_adds_targets(
    harbor: Path, make: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (harbor / "local.mk").write_text("TIMEOUT = 42m\nsmile: ## Smile\n\t@echo smile\n", encoding="utf-8")
    assert "--timeout 42m" in make("--dry-run", "install-istiod").stdout
    assert "  smile          Smile\n" in make("help").stdout
    assert make("smile").stdout == "smile\n"
    (harbor / "local.mk").unlink()
    assert "--timeout 10m" in make("--dry-run", "install-istiod").stdout
