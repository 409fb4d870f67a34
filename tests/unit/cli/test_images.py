"""The command images, on plain manifests."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import yaml

from kserve_wiring.cli import main as cli
from tests.unit.inventory.manifests import runtime


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.yaml"
    path.write_text(yaml.safe_dump(runtime("kserve-vllmserver", "vllm/vllm-openai:v1")), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        (
            "table",
            "docker.io/vllm/vllm-openai-cpu:v1\n    wire        W1\n"
            "    why         for an InferenceService without a GPU KServe appends -cpu to "
            "ClusterServingRuntime kserve-vllmserver spec.containers[0].image\n"
            "docker.io/vllm/vllm-openai:v1\n    wire        W1\n"
            "    why         ClusterServingRuntime kserve-vllmserver spec.containers[0].image\n2 images\n",
        ),
        ("txt", "docker.io/vllm/vllm-openai-cpu:v1\ndocker.io/vllm/vllm-openai:v1\n"),
        (
            "skopeo",
            'docker.io:\n  images:\n    vllm/vllm-openai-cpu:\n      - "v1"\n    vllm/vllm-openai:\n      - "v1"\n',
        ),
        (
            "hauler",
            "apiVersion: content.hauler.cattle.io/v1\nkind: Images\nmetadata:\n  name: kserve\nspec:\n  images:\n"
            "    - name: docker.io/vllm/vllm-openai-cpu:v1\n    - name: docker.io/vllm/vllm-openai:v1\n",
        ),
        (
            "zarf",
            "kind: ZarfPackageConfig\nmetadata:\n  name: kserve-images\ncomponents:\n"
            "  - name: images\n    required: true\n    images:\n"
            "      - docker.io/vllm/vllm-openai-cpu:v1\n      - docker.io/vllm/vllm-openai:v1\n",
        ),
    ],
)
def test_formats(manifest: Path, format_: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["images", str(manifest), "--format", format_]) == 0
    assert capsys.readouterr().out == expected


def test_standard_input(manifest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(manifest.read_bytes())))
    assert cli.main(["images", "-", "--format", "txt"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "docker.io/vllm/vllm-openai:v1"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--check"], "--check compares an environment with its list, and {}/images/catalogue.yaml does not exist"),
        (
            ["--format", "oras"],
            "the target of docker.io/vllm/vllm-openai-cpu:v1 is unknown: name an environment folder",
        ),
    ],
)
def test_what_needs_an_environment_says_so(
    manifest: Path, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["images", str(manifest), *words]) == 2
    assert capsys.readouterr().err == f"kserve-wiring: {expected.format(manifest)}\n"


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["images", str(tmp_path / "gone.yaml")]) == 2
    assert capsys.readouterr().err == f"kserve-wiring: {tmp_path}/gone.yaml: No such file or directory\n"
