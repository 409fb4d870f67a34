"""What the chart's README tells its reader to write and to type: a whole offline environment, for every stack."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart import readme
from tests.chart.conftest import CHART, Chart, Object
from tests.environments.public import public_hosts
from tests.tools.releases import UPSTREAM_CHARTS
from tools import stacks
from tools.environment import render, schema
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

PULL = re.compile(
    r"helm pull (?:(?P<name>\S+) --repo (?P<repo>\S+)|(?P<oci>\S+)) --version (?P<version>\S+) --untar .*"
)


@pytest.fixture(scope="module", params=stacks.names())
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(
    stack: str, newest_helm: Helm, upstream_charts: Callable[[str], Upstream], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of the README: the chart, the files, and the pulled charts, from the pinned Go modules."""
    path = tmp_path_factory.mktemp("readme")
    charts = {name: source for (name, _), source in upstream_charts(stack).folders.items()}
    checker = str(Path(sys.executable).with_name("kserve-wiring"))
    readme.prepare(path, stack, charts, {"helm": newest_helm.path, "kserve-wiring": checker})
    return path


@pytest.fixture(scope="module")
def checked(folder: Path) -> dict[str, subprocess.CompletedProcess[str]]:
    """The output of each command of the check before the installation."""
    return {command: readme.run(command, folder) for command in readme.commands("kserve-wiring check")}


def rendered(folder: Path) -> Iterator[Object]:
    for path in sorted((folder / "rendered").glob("*.yaml")):
        if path.stem != "patches":  # partial objects
            yield from render.parse(path.read_text("utf-8"), path.name)


def test_pulls_the_charts_of_the_stack(stack: str) -> None:
    """Name, version and repository of each, as the environments have them in Knative mode."""
    pulls = [PULL.fullmatch(command) for command in readme.commands("helm pull", stack)]
    found = {
        (
            pull["name"] or pull["oci"].rpartition("/")[2],
            pull["version"],
            pull["repo"] or pull["oci"].rpartition("/")[0],
        )
        for pull in pulls
        if pull
    }
    assert len(found) == len(pulls)
    charts = [chart for chart in stacks.charts(stack) if chart.name in UPSTREAM_CHARTS]
    assert found == {(chart.name, chart.version, chart.repository) for chart in charts}


def test_the_table_has_every_stack() -> None:
    assert set(readme.versions()) == set(stacks.names())


def test_the_values_are_about_15_lines() -> None:
    lines = [line for line in readme.files()["kserve.yaml"].splitlines() if not line.startswith("#")]
    assert len(lines) <= 15


def test_all_settings_agree(checked: dict[str, subprocess.CompletedProcess[str]]) -> None:
    failed = {command: done.stdout + done.stderr for command, done in checked.items() if done.returncode}
    assert failed == {}
    check = checked["kserve-wiring check rendered"].stdout
    assert "0 errors, 0 warnings, 0 info" in check


def test_every_object_is_strictly_valid(
    folder: Path, checked: dict[str, subprocess.CompletedProcess[str]], openapi: Path
) -> None:
    charts = ("base", "kserve-crd", "knative-operator")
    crds = [readme.run(f"helm template crds upstream/{chart} --include-crds", folder) for chart in charts]
    objects = [item for done in crds for item in render.parse(done.stdout, "crds")]
    kinds = [item for item in objects if item["kind"] == "CustomResourceDefinition"]
    assert len(kinds) > 20
    assert [str(problem) for problem in schema.validate([*kinds, *rendered(folder)], openapi)] == []


def test_nothing_names_a_public_host(folder: Path, checked: dict[str, subprocess.CompletedProcess[str]]) -> None:
    assert public_hosts(rendered(folder)) == []


def test_lists_the_images_to_mirror(stack: str, checked: dict[str, subprocess.CompletedProcess[str]]) -> None:
    """Every image of the stack but those of other runtimes, by its name in the registry."""
    listed = checked["kserve-wiring images rendered"].stdout
    runtimes = yaml.safe_load((stacks.STACKS / "common" / "runtimes.yaml").read_text("utf-8"))
    others = {name for runtime, entry in runtimes.items() for name in (runtime, *entry.get("variants", []))}
    for name, reference in stacks.images(stack).items():
        if name not in others - {"sklearnserver"} | stacks.conditional_images():
            assert f"harbor.corp.example:8443/kserve/{reference.partition('/')[2]}" in listed, name


def test_the_errors_are_real(chart: Chart) -> None:
    """The two blocks under "If values are wrong"."""
    blocks = re.findall(
        r"(?m)(?:^    \S.*\n)+", readme.README.read_text("utf-8").partition("## If values are wrong")[2]
    )
    invalid, disagree = (" ".join(block.split()) for block in blocks[:2])
    assert invalid == " ".join(chart.render({"offline": True, "registry": {"hots": "a.b"}}).faults)
    assert disagree == " ".join(chart.render({"digests": {"skipRegistries": ["docker.io"]}}).findings)


def test_the_layouts_are_real(chart: Chart) -> None:
    rows = re.findall(r"(?m)^  \| `(\w+)`.* \| (\S+) \|$", readme.README.read_text("utf-8"))
    values = yaml.safe_load(readme.files()["kserve.yaml"])
    assert [layout for layout, _ in rows] == ["keep", "flatten", "prefix"]
    for layout, image in rows:
        values["registry"]["layout"] = layout
        assert f'"image": "{image}"' in chart.render(values).manifest


def test_helm_shows_it(newest_helm: Helm) -> None:
    done = subprocess.run([newest_helm.path, "show", "readme", str(CHART)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == readme.README.read_text("utf-8").strip()
