"""Images that follow from the registry and the stack have the names that an environment's mirror gives them."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from functools import cache
from typing import Any

import jinja2
import pytest
import yaml
from jinja2.sandbox import SandboxedEnvironment

from tests.chart.conftest import CHART, Chart, Values, merged
from tools import stacks
from tools.console import ROOT
from tools.upstream.helm import Helm

DEFAULTS: Values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
HOST = "harbor.corp.example:8443"
DIGEST = "sha256:" + "ab" * 32
# Pull-through caches: in projects of the registry, at another host without a path, and none for one upstream.
CACHES = {"docker.io": f"{HOST}/hub/cache", "gcr.io": "gcr.corp.example", "quay.io": f"{HOST}/quay"}
# stack, host, project, layout, pinned, whether there are caches
CASES = [
    case
    for case in itertools.product(
        stacks.names(),
        ["", HOST],
        ["", "kserve", "team/ml"],
        ["keep", "flatten", "prefix"],
        [False, True],
        [False, True],
    )
    if case[1] or not case[5]
]
Case = tuple[str, str, str, str, bool, bool]

# Prints the images of each case, without the chart's objects and validation.
RESOLVED = """\
cases:
{{- range .Values.cases }}
- {{ include "kserve-environment.images.resolved" (dict "Values" . "Files" $.Files) }}
{{- end }}
"""


def tags(stack: str) -> list[str]:
    """Upstream's references by tag."""
    return [reference for reference in stacks.images(stack).values() if "@" not in reference]


@cache
def macros() -> jinja2.Template:
    """includes/images.jinja, as Copier reads it."""
    options = yaml.safe_load((ROOT / "copier.yml").read_text("utf-8"))["_envops"]
    environment = SandboxedEnvironment(
        loader=jinja2.FileSystemLoader(ROOT),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        **options | {"undefined": jinja2.StrictUndefined},
    )
    return environment.get_template("includes/images.jinja")


@cache
def data(name: str) -> Any:
    """A file of stacks/."""
    return yaml.safe_load((stacks.STACKS / name).read_text("utf-8"))


def by_the_template(case: Case) -> dict[str, str]:
    """The images of an environment, by its macros."""
    stack, host, project, layout, pinned, cached = case
    answers = {
        "stack_data": data(f"{stack}.yaml"),
        "image_catalogue": data("common/images.yaml"),
        "runtimes": data("common/runtimes.yaml"),
        "has_registry": bool(host),
        "registry_host": host,
        "registry_project": project,
        "registry_layout": layout,
        "registry_map": {"registry.istio.io": "mirror", "nvcr.io": "mirror"} | (CACHES if cached else {}),
        "images_pinned": pinned,
        "image_digests": dict.fromkeys(tags(stack), DIGEST),
    }
    module: Any = macros().make_module(answers)
    found = json.loads(module.every_image())
    return {key: found[name]["target"] for name, key in stacks.values_keys().items()}


def values(case: Case) -> Values:
    """The same choices as values of the chart."""
    stack, host, project, layout, pinned, cached = case
    over = {
        "stack": stack,
        "registry": {"host": host, "project": project, "layout": layout, "map": CACHES if cached else {}},
        "digests": {"images": dict.fromkeys(tags(stack), DIGEST) if pinned else {}},
    }
    return merged(DEFAULTS, over)


@pytest.fixture(scope="module")
def by_the_chart(newest_helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> dict[Case, dict[str, str]]:
    """The images of all cases, by the chart."""
    folder = tmp_path_factory.mktemp("images") / "chart"
    shutil.copytree(CHART, folder)
    for path in folder.glob("templates/**/*"):
        if path.is_file() and path.suffix != ".tpl":
            path.unlink()
    (folder / "values.schema.json").unlink()
    (folder / "templates" / "resolved.yaml").write_text(RESOLVED, "utf-8")
    command = [newest_helm.path, "template", "images", str(folder), "--values", "-"]
    text = json.dumps({"cases": [values(case) for case in CASES]})
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(CASES, yaml.safe_load(done.stdout)["cases"], strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_the_chart_and_the_template_agree(by_the_chart: dict[Case, dict[str, str]], case: Case) -> None:
    expected, found = by_the_template(case), by_the_chart[case]
    if not case[1]:
        # Without a registry, the operator's own images need no name.
        assert {image for key, image in found.items() if key.startswith("knative.")} == {""}
        expected = expected | {key: "" for key in expected if key.startswith("knative.")}
    assert found == expected


def test_every_image_of_the_values_is_in_the_catalogue() -> None:
    groups = ("knative", "kserve", "llm")
    keys = {f"{group}.{name}" for group in groups for name in DEFAULTS["images"][group]} | {"smoke"}
    assert keys == set(stacks.values_keys().values())


def test_the_default_stack_is_that_of_the_template() -> None:
    assert DEFAULTS["stack"] == stacks.DEFAULT


def test_an_image_in_the_values_wins(chart: Chart) -> None:
    own = f"{HOST}/own/agent:1"
    over = {"registry": {"host": HOST}, "images": {"kserve": {"agent": own}}, "part": "wiring"}
    manifest = chart.render(over).manifest
    assert f'"image": "{own}"' in manifest
    assert "kserve/agent" not in manifest


def test_an_image_of_a_cache_has_its_place(chart: Chart) -> None:
    registry = {"host": HOST, "project": "other", "layout": "flatten", "map": CACHES}
    manifest = chart.render({"registry": registry, "digests": {"policy": "skip"}, "tenants": [{"name": "ml"}]}).manifest
    assert "gcr.corp.example/knative-releases/knative.dev/serving/cmd/queue@sha256:" in manifest
    assert f"{HOST}/hub/cache/kserve/sklearnserver:v0.20.0" in manifest
    assert f"registries-skipping-tag-resolving: kind.local,ko.local,dev.local,{HOST},gcr.corp.example" in manifest
    assert f"{HOST}/other/" not in manifest


def test_an_image_outside_the_registry_and_its_caches(chart: Chart) -> None:
    over = {"registry": {"host": HOST, "project": "other", "map": CACHES}, "digests": {"policy": "skip"}}
    assert chart.render(over | {"images": {"kserve": {"agent": f"{HOST}/hub/cache/a/agent:1"}}}).manifest
    for agent in (f"{HOST}/hub/cached/agent:1", f"{HOST}/a/agent:1"):
        findings = chart.render(over | {"images": {"kserve": {"agent": agent}}}).findings
        assert [line[:46] for line in findings] == ["[KW201] values: images.kserve.agent is harbor."]


def test_a_version_of_knative_without_a_stack(chart: Chart) -> None:
    """Its images have no known names in a registry; without a registry, the operator has them."""
    over: dict[str, Any] = {"versions": {"knative": "1.20.0"}}
    assert chart.render(over).objects
    names = [f"images.{key}" for key in sorted(stacks.values_keys().values()) if key.startswith("knative.")]
    assert chart.render(over | {"registry": {"host": HOST}}).faults == [
        "values: versions.knative is 1.20.0, whose images this chart does not know; set it to 1.21.1 or 1.23.0, or set "
        + ", ".join(names)
    ]


@pytest.mark.parametrize(
    ("over", "policy"),
    [
        ({}, "resolve"),
        ({"offline": True, "registry": {"host": HOST}}, "skip"),
        ({"registry": {"host": HOST, "plainHTTP": True}}, "skip"),
        ({"offline": True, "registry": {"host": HOST}, "digests": {"policy": "skip"}}, "skip"),
    ],
)
def test_the_default_of_the_digest_policy(chart: Chart, over: Values, policy: str) -> None:
    assert f'digest_policy: "{policy}"' in chart.render(over).manifest


def test_images_are_pinned_by_a_map_of_digests(chart: Chart) -> None:
    """The map may have more images, such as the whole lock of an environment."""
    pinned = dict.fromkeys(tags(stacks.DEFAULT), DIGEST)
    over = {"registry": {"host": HOST}, "digests": {"policy": "pinned", "images": pinned}, "tenants": [{"name": "ml"}]}
    manifest = chart.render(over).manifest
    assert f"{HOST}/kserve/storage-initializer@{DIGEST}" in manifest
    assert ":v0.20.0" not in manifest
    del pinned["docker.io/kserve/agent:v0.20.0"]
    assert [line[:44] for line in chart.render(over).findings] == ["[KW105] values: images.kserve.agent is harbo"]
