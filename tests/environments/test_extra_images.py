"""The answer extra_images: where the images go, and that no manifest must name them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from kserve_wiring.cli import main as cli
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

REDIS, TOOL = "docker.io/library/redis:7.4", "ghcr.io/corp/tools/exporter:1.0"
DIGEST = "sha256:" + "0123456789abcdef" * 4
HOST = {"registry_host": "harbor.corp.local", "ingress_domain": "ml.corp.local"}
CACHES = dict.fromkeys(("gcr.io", "quay.io", "nvcr.io"), "mirror") | {"docker.io": "harbor.corp.local/hub"}
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "none": ({}, REDIS, TOOL),
    "keep": (HOST, "harbor.corp.local/library/redis:7.4", "harbor.corp.local/corp/tools/exporter:1.0"),
    "flatten": (
        HOST | {"registry_layout": "flatten", "registry_project": "ml"},
        "harbor.corp.local/ml/library-redis:7.4",
        "harbor.corp.local/ml/corp-tools-exporter:1.0",
    ),
    "prefix": (
        HOST | {"registry_layout": "prefix"},
        "harbor.corp.local/docker.io/library/redis:7.4",
        "harbor.corp.local/ghcr.io/corp/tools/exporter:1.0",
    ),
    "cache": (
        HOST | {"registry_map": CACHES},
        "harbor.corp.local/hub/library/redis:7.4 cached",
        "harbor.corp.local/corp/tools/exporter:1.0",
    ),
}


def generated(template: Path, folder: Path, **answers: Any) -> Path:
    copier.run_copy(str(template), folder, {"extra_images": [REDIS, TOOL]} | answers, defaults=True, quiet=True)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_their_places_follow_the_rules_of_all_images(case: str, template: Path, tmp_path: Path) -> None:
    answers, redis, tool = CASES[case]
    folder = generated(template, tmp_path / "x", **answers)
    listed = (folder / "images" / "images.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in listed if line.startswith((REDIS, TOOL))] == [f"{REDIS} {redis}", f"{TOOL} {tool}"]
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert (f"| `{REDIS}` | `{redis.split()[0]}` |\n| `{TOOL}` | `{tool}` |\n" in readme) == bool(answers)
    for name in ("hauler.yaml", "zarf.yaml"):
        assert TOOL in (folder / "images" / name).read_text(encoding="utf-8")


def test_a_pinned_one_is_named_by_its_digest(template: Path, tmp_path: Path) -> None:
    answers = yaml.safe_load((ROOT / "examples" / "pull-limits.yaml").read_text(encoding="utf-8"))
    answers["image_digests"][REDIS] = DIGEST
    folder = generated(template, tmp_path / "x", **answers | HOST)
    listed = (folder / "images" / "images.txt").read_text(encoding="utf-8")
    assert f"{REDIS} harbor.corp.local/docker/library/redis@{DIGEST}\n" in listed


def test_an_image_of_the_stack_is_listed_once(template: Path, tmp_path: Path) -> None:
    """Also if a later stack needs an image that the answers have listed before."""
    plain = generated(template, tmp_path / "plain", extra_images=[]) / "images" / "images.txt"
    source = plain.read_text(encoding="utf-8").splitlines()[-1].split()[0]
    again = generated(template, tmp_path / "again", extra_images=[source]) / "images" / "images.txt"
    assert again.read_text(encoding="utf-8") == plain.read_text(encoding="utf-8")


@pytest.mark.parametrize("used", [True, False])
def test_the_list_agrees_with_or_without_a_manifest_that_names_it(
    used: bool,
    template: Path,
    tmp_path: Path,
    upstream_charts: Callable[[str], Upstream],
    newest_helm: Helm,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = generated(template, tmp_path / "x", **HOST)
    place = CASES["keep"][1]
    meta, spec = "{name: a, namespace: models}", f"{{containers: [{{name: a, image: '{place}'}}]}}"
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {meta}\nspec: {spec}\n"
    if used:
        (folder / "extra" / "pod.yaml").write_text(text, encoding="utf-8")
    charts = next(iter(upstream_charts(stacks.DEFAULT).folders.values())).parent
    command = ["images", str(folder), "--charts", str(charts), "--helm", newest_helm.path]
    assert cli.main([*command, "--check"]) == 0
    assert cli.main(command) == 0
    assert ("Pod models/a" in capsys.readouterr().out) == used
