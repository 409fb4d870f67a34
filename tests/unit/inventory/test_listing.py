"""images/ of an environment lists exactly the images that its manifests need, in every format and layout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from kserve_wiring.cli import main as cli
from kserve_wiring.cli.images import FORMAT_NAMES
from kserve_wiring.inventory.formats import as_hauler, as_skopeo, as_zarf
from kserve_wiring.inventory.listing import Image, read_image_list
from tests.template.conftest import EXAMPLES, LOADER
from tools import stacks
from tools.console import ROOT
from tools.upstream import helm
from tools.upstream.charts import Upstream

Environment = Callable[[Path], Path]
HARBOR = ROOT / "examples" / "offline-harbor.yaml"
AGENT = "docker.io/kserve/agent:v0.20.0"


# Those whose answers have to do with images.
ABOUT_IMAGES = ("minimal", "everything", "custom-storage", "offline-harbor", "pull-limits", "knative-from-yaml")
ANSWERS = [path for path in EXAMPLES if path.stem in ABOUT_IMAGES]


@pytest.fixture(params=ANSWERS, ids=lambda path: path.stem)
def answers(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def store(upstream_charts: Callable[[str], Upstream]) -> Callable[[Path], str]:
    """The folder with the upstream charts of an environment."""

    def of(folder: Path) -> str:
        stack = load(folder / ".copier-answers.yml")["stack"]
        return str(next(iter(upstream_charts(stack).folders.values())).parent)

    return of


def load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506 (a safe one)


def lines(folder: Path) -> list[list[str]]:
    text = (folder / "images" / "images.txt").read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if not line.startswith("#")]


def images_command(folder: Path, charts: str, *words: str) -> int:
    command = ["images", str(folder), "--charts", charts, "--helm", helm.find_major(helm.MAJORS[0]).path, *words]
    return cli.main(command)


def test_the_list_is_what_the_manifests_lead_to(
    environment: Environment, answers: Path, store: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = environment(answers)
    code = images_command(folder, store(folder), "--check")
    assert (code, capsys.readouterr().out) == (0, f"The list is complete: {len(lines(folder))} images.\n")


def test_images_are_listed_once_and_below_the_registry(environment: Environment, answers: Path) -> None:
    folder = environment(answers)
    said = load(folder / ".copier-answers.yml")
    prefix = "/".join(filter(None, [said["registry_host"], said.get("registry_project")]))
    caches = {host: place for host, place in said.get("registry_map", {}).items() if place != "mirror"}
    listed = [line for line in lines(folder) if line[2:] != ["own"]]
    assert len(listed) > 15
    assert len({line[0] for line in listed}) == len({line[1] for line in listed}) == len(listed)
    for source, target, *kind in listed:
        host = source.partition("/")[0]
        assert kind == (["cached"] if host in caches else [])
        expected = source.partition("@")[0].rpartition(":" if "@" not in source else "\0")
        repository = expected[0] or expected[2]
        placed = f"{caches.get(host, prefix)}/{repository.partition('/')[2]}" if prefix else repository
        assert target.startswith((f"{placed}:", f"{placed}@")), source


def test_every_format_has_every_image(environment: Environment, answers: Path) -> None:
    images = environment(answers) / "images"
    entries = [
        Image(item["source"], item["target"], kind=item.get("kind", ""))
        for item in read_image_list(images / "catalogue.yaml")
    ]
    assert [[one.source, one.target] for one in entries] == [line[:2] for line in lines(images.parent)]
    assert load(images / "skopeo-sync.yaml") == yaml.safe_load(as_skopeo(entries))
    assert load(images / "hauler.yaml")["spec"] == yaml.safe_load(as_hauler(entries))["spec"]
    assert load(images / "zarf.yaml")["components"] == yaml.safe_load(as_zarf(entries))["components"]
    assert all(item["why"] for item in read_image_list(images / "catalogue.yaml"))


@pytest.mark.parametrize(
    ("layout", "agent", "activator"),
    [
        ("keep", "kserve/agent", "knative-releases/knative.dev/serving/cmd/activator"),
        ("flatten", "kserve-agent", "knative-releases-knative.dev-serving-cmd-activator"),
        ("prefix", "docker.io/kserve/agent", "gcr.io/knative-releases/knative.dev/serving/cmd/activator"),
    ],
)
def test_a_layout_reaches_every_release(
    template: Path, tmp_path: Path, store: Callable[[Path], str], layout: str, agent: str, activator: str
) -> None:
    folder = tmp_path / "environment"
    copier.run_copy(str(template), folder, load(HARBOR) | {"registry_layout": layout}, defaults=True, quiet=True)
    targets = dict(line[:2] for line in lines(folder))
    assert targets[AGENT] == f"harbor.corp.local:8443/kserve/{agent}:v0.20.0"
    digest = next(source for source in targets if "serving/cmd/activator" in source).partition("@")[2]
    assert f"harbor.corp.local:8443/kserve/{activator}@{digest}" in targets.values()
    if layout != "keep":  # which all examples have
        assert images_command(folder, store(folder), "--check") == 0


@pytest.mark.parametrize("stack", stacks.names())
@pytest.mark.parametrize("layout", ["keep", "flatten", "prefix"])
def test_no_layout_puts_two_images_in_one_place(template: Path, tmp_path: Path, stack: str, layout: str) -> None:
    runtimes = list(load(ROOT / "stacks" / "common" / "runtimes.yaml"))
    data = {
        "registry_host": "harbor.corp.local",
        "ingress_domain": "ml.corp.local",
        "registry_layout": layout,
        "stack": stack,
        "serving_runtimes": runtimes,
    }
    copier.run_copy(str(template), tmp_path / "environment", data, defaults=True, quiet=True)
    targets = [target for _, target in lines(tmp_path / "environment")]
    assert len(targets) > 30
    assert sorted(set(targets)) == sorted(targets)


@pytest.mark.parametrize("answers", [load(HARBOR), {}], ids=["harbor", "no registry"])
def test_every_image_can_be_pinned(
    template: Path,
    tmp_path: Path,
    store: Callable[[Path], str],
    capsys: pytest.CaptureFixture[str],
    answers: dict[str, Any],
) -> None:
    """Also to digests that YAML reads as numbers, and when the lock has images of runtimes that are off."""
    folder = tmp_path / "environment"
    tagged = [image for image in stacks.images(stacks.DEFAULT).values() if "@" not in image]
    digests = {image: f"sha256:{number:032d}{'1' * 30}e{number % 9}" for number, image in enumerate(tagged)}
    data = answers | {"digest_policy": "pinned", "image_digests": digests}
    copier.run_copy(str(template), folder, data, defaults=True, quiet=True)

    assert [target for _, target in lines(folder) if "@sha256:" not in target] == []
    assert images_command(folder, store(folder), "--check") == 0
    program = helm.find_major(helm.MAJORS[0]).path
    assert cli.main(["check", str(folder), "--charts", store(folder), "--helm", program]) == 0, capsys.readouterr().out


@pytest.fixture
def harbor(template: Path, tmp_path: Path) -> Path:
    """An environment that a test may change."""
    copier.run_copy(str(template), tmp_path / "environment", load(HARBOR), defaults=True, quiet=True)
    return tmp_path / "environment"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_check_names_what_only_one_side_has(
    harbor: Path, store: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    edit(harbor / "values" / "kserve-environment.yaml", "kserve/kserve/router:v0.20.0", "kserve/kserve/router:v0.20.1")
    assert images_command(harbor, store(harbor), "--check") == 1
    assert capsys.readouterr().out.splitlines() == [
        f"images/images.txt:{line_of(harbor, 'kserve/router:')}: listed, but no manifest names it: "
        "harbor.corp.local:8443/kserve/kserve/router:v0.20.0",
        "not in images/images.txt: harbor.corp.local:8443/kserve/kserve/router:v0.20.1 "
        "(ConfigMap kserve/inferenceservice-config data.router.image)",
    ]


def line_of(folder: Path, text: str) -> int:
    lines = (folder / "images" / "images.txt").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("words", [["--check"], *(["--format", name] for name in FORMAT_NAMES)], ids=" ".join)
def test_without_charts_there_is_no_list(harbor: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["images", str(harbor), "--helm", helm.find_major(helm.MAJORS[0]).path, *words]) == 2
    printed = capsys.readouterr()
    errors = printed.err.splitlines()
    assert printed.out == ""
    assert errors[0].startswith("note: not rendered, because their charts are not in ")
    assert errors[1:] == ["kserve-wiring: no list: 9 of 11 releases were not rendered"]


def test_a_folder_without_the_charts_is_named(harbor: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert images_command(harbor, str(harbor / "charts"), "--check") == 2
    errors = capsys.readouterr().err.splitlines()
    assert errors[0].startswith(f"kserve-wiring: {harbor}/charts: no chart cert-manager-v1.17.0 of release cert-")


def test_the_list_says_why_and_takes_digests_from_the_lock(
    harbor: Path, store: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    lock = {"image_digests": {AGENT: f"sha256:{'1' * 64}"}, "_platforms": {AGENT: ["linux/amd64", "linux/arm64"]}}
    (harbor / "images.lock.yaml").write_text(yaml.safe_dump(lock), encoding="utf-8")
    assert images_command(harbor, store(harbor), "--format", "json") == 0
    images = {image["source"]: image for image in json.loads(capsys.readouterr().out)}
    assert images[AGENT] == {
        "source": AGENT,
        "target": "harbor.corp.local:8443/kserve/kserve/agent:v0.20.0",
        "digest": f"sha256:{'1' * 64}",
        "platforms": ["linux/amd64", "linux/arm64"],
        "why": [
            "sidecar for logging, batching and multi-model serving",
            "ConfigMap kserve/inferenceservice-config data.agent.image",
            "ConfigMap kserve/inferenceservice-config data.batcher.image",
            "ConfigMap kserve/inferenceservice-config data.logger.image",
        ],
        "wire": ["W1"],
        "optional": "only with an InferenceService that logs or batches",
        "name": "kserve-agent",
        "kind": "",
    }
    wires = {image["name"]: image["wire"] for image in images.values()}
    assert wires["knative-queue-proxy"] == ["W6", "W7"]
    assert wires["kserve-storage-initializer"] == ["W8"]
    assert all(image["why"] and image["wire"] for image in images.values())


def test_oras_copies_from_source_to_target(
    harbor: Path, store: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert images_command(harbor, store(harbor), "--format", "oras") == 0
    script = capsys.readouterr().out.splitlines()
    commands = [line for line in script if line.startswith("oras ")]
    assert script[0] == "#!/bin/sh"
    assert script[-len(commands) - 1] == "set -e"
    assert [line.split()[4:] for line in commands] == lines(harbor)


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("images/catalogue.yaml", "[", "images/catalogue.yaml: did not find expected node content"),
        ("images/catalogue.yaml", "<<<<<<< a\n", "images/catalogue.yaml:1: git conflict markers; resolve them"),
        ("images/catalogue.yaml", "a: b", "images/catalogue.yaml: not a list of images"),
        ("images/catalogue.yaml", "- {source: a}", "images/catalogue.yaml: entry 1 has no source and target"),
        ("images.lock.yaml", "a: b", "images.lock.yaml: no image_digests; run make lock again"),
    ],
)
def test_a_broken_file_is_one_error(
    harbor: Path, file: str, text: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (harbor / file).write_text(text, encoding="utf-8")
    assert cli.main(["images", str(harbor), "--helm", helm.find_major(helm.MAJORS[0]).path]) == 2
    assert capsys.readouterr().err == f"kserve-wiring: {harbor}/{expected}\n"


def every_answer() -> Iterator[str]:
    yield from yaml.safe_load((ROOT / "stacks" / "common" / "images.yaml").read_text(encoding="utf-8"))


def test_every_runtime_and_variant_has_an_image() -> None:
    runtimes = load(ROOT / "stacks" / "common" / "runtimes.yaml")
    wanted = {name for key, runtime in runtimes.items() for name in [key, *runtime.get("variants", [])]}
    assert sorted(wanted - set(every_answer())) == []
