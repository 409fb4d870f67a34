"""docs/how-to/registries.md: each block of answers makes an environment that renders and has no finding."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from kserve_wiring import inspect, read
from tests.tools.releases import UPSTREAM_CHARTS
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

PAGE = (ROOT / "docs" / "how-to" / "registries.md").read_text("utf-8")
ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


def blocks() -> list[tuple[str, dict[str, Any]]]:
    """The answers of the page, each with the title of its section."""
    sections = re.split(r"(?m)^## ", PAGE)[1:]
    return [
        (section.partition("\n")[0], yaml.safe_load(block))
        for section in sections
        for block in re.findall(r"(?ms)^```yaml\n(.*?)^```", section)
    ]


BLOCKS = blocks()


def generated(template: Path, folder: Path, answers: dict[str, Any]) -> Path:
    given = {"environment_name": "x", "ingress_domain": "ml.corp.local"} | answers
    copier.run_copy(str(template), folder, given, defaults=True, quiet=True)
    return folder


def test_every_row_has_answers() -> None:
    rows = re.findall(r"(?m)^\| ([^|]+?) \| \[below\]\(#([a-z0-9-]+)\)", PAGE)
    anchors = [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title, _ in rows]
    assert [anchor for _, anchor in rows] == anchors
    assert list(dict.fromkeys(title for title, _ in BLOCKS)) == [title for title, _ in rows]


@pytest.mark.parametrize(("title", "answers"), BLOCKS, ids=[f"{n}-{title}" for n, (title, _) in enumerate(BLOCKS)])
def test_the_answers_have_no_finding(
    title: str,
    answers: dict[str, Any],
    template: Path,
    tmp_path: Path,
    upstream_charts: Callable[[str], Upstream],
    newest_helm: Helm,
) -> None:
    folder = generated(template, tmp_path / "x", answers)
    charts = next(iter(upstream_charts(stacks.DEFAULT).folders.values())).parent
    loaded = read(str(folder), charts=str(charts), helm=newest_helm.path)
    assert (loaded.unread, inspect(loaded).findings) == ([], [])
    if title == "GitLab":
        paths = [line.split()[1].partition("@")[0] for line in images(folder)]
        assert max(path.removeprefix("registry.gitlab.corp.local/platform/kserve/").count("/") for path in paths) == 0


def images(folder: Path) -> list[str]:
    text = (folder / "images" / "images.txt").read_text("utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_the_repositories_that_ecr_needs(template: Path, tmp_path: Path) -> None:
    mirrored, cached = (answers for title, answers in BLOCKS if title.startswith("Amazon ECR"))
    found = {}
    for name, answers in {"mirrored": mirrored, "cached": cached}.items():
        folder = generated(template, tmp_path / name, answers)
        command = ["make", "--no-print-directory", "repositories"]
        listed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.split()
        targets = {line.split()[1] for line in images(folder) if not line.endswith(" cached")}
        expected = {re.sub(r"(@.*|:[^:/]*)$", "", target).removeprefix(f"{ECR}/") for target in targets}
        charts = {one for one in listed if one.startswith("kserve/charts/")}
        assert sorted(expected | charts) == sorted(listed)
        assert charts == {f"kserve/charts/{name}" for name in UPSTREAM_CHARTS}
        found[name] = listed
    assert "kserve/kserve/agent" in found["mirrored"]
    assert "kserve/kserve/agent" not in found["cached"]
    assert "kserve/knative-releases/knative.dev/serving/cmd/queue" in found["cached"]
