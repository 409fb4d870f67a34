"""The list of a stack is what upstream's pinned artefacts name: nothing is missing, nothing is made up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from kserve_wiring.inventory.found import Found, canonical
from kserve_wiring.inventory.operator import operators
from tests.upstream.upstream_images import in_code, of_charts
from tools import stacks
from tools.generate import operator_images as embedded_images
from tools.upstream import helm, modules
from tools.upstream.charts import Upstream

NOT_PULLED: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "not-pulled.yaml").read_text(encoding="utf-8"))
SOURCES = ("github.com/kserve/kserve", "knative.dev/serving", "knative.dev/operator", "istio.io/istio")
SOURCES = (*SOURCES, "github.com/cert-manager/cert-manager")


@pytest.fixture(scope="module", params=stacks.names())
def stack(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def images_of_charts(upstream_charts: Callable[[str], Upstream]) -> Callable[[str], list[Found]]:
    return cache(lambda stack: of_charts(upstream_charts(stack), helm.find_major(helm.MAJORS[0])))


@pytest.fixture
def chart_images(stack: str, images_of_charts: Callable[[str], list[Found]]) -> list[Found]:
    return images_of_charts(stack)


@cache
def in_sources(stack: str, module: str) -> list[tuple[str, str]]:
    return list(in_code(modules.folder(stack, module)))


def listed(stack: str) -> dict[str, str]:
    """Name by reference."""
    return {canonical(image): name for name, image in stacks.images(stack).items()}


def embedded(stack: str) -> dict[str, str]:
    """What the stack's operator installs for the stack's Knative, with Istio."""
    versions = stacks.versions(stack)
    data = operators()[versions["knativeOperator"].removeprefix("v")]
    minor = versions["knative"].rpartition(".")[0]
    return {**data["serving"][versions["knative"]], **data["ingress"][minor]["istio"]}


def unlisted(found: list[Found], stack: str) -> list[str]:
    known = listed(stack).keys() | NOT_PULLED["charts"].keys()
    return [f"{one.image} ({one.why})" for one in found if one.image not in known]


def test_the_operators_images_are_those_of_its_module() -> None:
    stale = [path.name for path, text in embedded_images.generated().items() if path.read_text("utf-8") != text]
    assert stale == [], "run python -m tools.generate.operator_images"


def test_every_knative_version_has_its_images() -> None:
    for operator, data in operators().items():
        for version, images in data["serving"].items():
            names = {key.rpartition("/")[2] for key in images}
            assert names >= {"activator", "autoscaler", "controller", "webhook", "queue-proxy", "migrate"}, version
            assert version.rpartition(".")[0] in data["ingress"], f"operator {operator}"


def test_what_charts_name_is_listed(stack: str, chart_images: list[Found]) -> None:
    assert len(chart_images) > 30
    assert unlisted(chart_images, stack) == []


def test_what_the_operator_embeds_is_listed(stack: str) -> None:
    known = listed(stack)
    assert {key: image for key, image in embedded(stack).items() if image not in known} == {}


def test_what_is_listed_is_named_by_upstream(stack: str, chart_images: list[Found]) -> None:
    named = {one.image for one in chart_images} | set(embedded(stack).values())
    assert {image: name for image, name in listed(stack).items() if image not in named} == {}


def test_other_ingress_classes_are_explained(stack: str) -> None:
    data = operators()[stacks.versions(stack)["knativeOperator"].removeprefix("v")]
    classes = {name for ingresses in data["ingress"].values() for name in ingresses}
    assert "istio" in classes
    assert sorted(classes - {"istio"} - NOT_PULLED["ingress"].keys()) == []


@pytest.mark.parametrize("module", SOURCES)
def test_images_in_code_are_explained(stack: str, module: str) -> None:
    allowed = NOT_PULLED["code"].get(module, {})
    known = listed(stack)
    unknown = [
        f"{file}: {text}"
        for file, text in in_sources(stack, module)
        if canonical(text) not in known and text not in allowed.get(file, {})
    ]
    assert unknown == []


def test_no_explanation_is_left_over(images_of_charts: Callable[[str], list[Found]]) -> None:
    images = {one.image for name in stacks.names() for one in images_of_charts(name)}
    assert [image for image in NOT_PULLED["charts"] if image not in images] == []
    texts = {(module, *one) for name in stacks.names() for module in SOURCES for one in in_sources(name, module)}
    assert [one for one in explained() if one not in texts] == []


def explained() -> Iterator[tuple[str, str, str]]:
    for module, files in NOT_PULLED["code"].items():
        for file, texts in files.items():
            yield from ((module, file, text) for text in texts)


@pytest.mark.parametrize("name", ["kserve-agent", "tensorflow-gpu", "istio-proxyv2", "kube-rbac-proxy"])
def test_an_image_that_is_not_listed_is_named(
    stack: str, chart_images: list[Found], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = stacks.images(stack)
    gone = images.pop(name)
    monkeypatch.setattr(stacks, "images", lambda stack: images)
    assert {line.partition(" ")[0] for line in unlisted(chart_images, stack)} == {gone}


def test_a_new_constant_in_code_is_found(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    source = 'package x\n// const oldImage = "docker.io/a/comment:v1"\nconst sidecarImage = "acme/sidecar"\n'
    source += 'var y = fmt.Sprintf("quay.io/acme/probe:%s", v)\nvar path = "a/b/c"\nvar z = "acme/tool:v1"\n'
    (tmp_path / "pkg" / "x.go").write_text(source, encoding="utf-8")
    (tmp_path / "pkg" / "x_test.go").write_text('var image = "acme/test:v1"\n', encoding="utf-8")

    found = list(in_code(tmp_path))

    assert found == [
        (f"pkg/{name}", text)
        for name, text in [("x.go", "acme/sidecar"), ("x.go", "quay.io/acme/probe:%s"), ("x.go", "acme/tool:v1")]
    ]
