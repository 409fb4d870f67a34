"""The command check: exit codes, output, and that no input makes it raise."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

from kserve_wiring.cli import main as cli
from tests.unit.serving import BAD_TIMEOUT, WITHOUT_DEFAULTS, serving
from tools.console import ROOT
from tools.rules import RULES

CLEAN = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
BAD = serving(BAD_TIMEOUT)
WARNING = serving(WITHOUT_DEFAULTS)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.yaml"
    path.write_text(BAD)
    return path


def test_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(CLEAN)
    assert cli.main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 object: 0 errors, 0 warnings, 0 info\n"


def test_findings_name_object_place_and_change(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(manifest)]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"KnativeServing knative-serving/knative-serving  {manifest}\n")
    flat = " ".join(out.split())
    assert "KW103 error line 9: spec.config.deployment.digest-resolution-timeout is 30: time: missing unit" in flat
    assert "fix: set spec.config.deployment.digest-resolution-timeout to a positive duration" in flat
    assert "\x1b" not in out


def test_json(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--format", "json", str(manifest)]) == 1
    document = json.loads(capsys.readouterr().out)
    (finding,) = document["findings"]
    assert set(finding) == {
        *("code", "level", "object", "path", "message", "fix", "file", "line", "url", "related"),
        *("environment", "origins"),
    }
    assert finding["object"] == {
        "apiVersion": "operator.knative.dev/v1beta1",
        "kind": "KnativeServing",
        "namespace": "knative-serving",
        "name": "knative-serving",
    }
    assert document["summary"] == {"objects": 1, "error": 1, "warning": 0, "info": 0}


def test_level_select_and_ignore(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WARNING)
    assert cli.main(["check", str(path)]) == 1
    assert cli.main(["check", "--level", "error", str(path)]) == 0
    assert cli.main(["check", str(path), "--ignore", "KW104"]) == 0
    assert cli.main(["check", str(path), "--select", "KW2", "--select", "KW3"]) == 0
    assert cli.main(["check", str(path), "--select", "KW1"]) == 1


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert cli.main(["check", "-"]) == 1
    assert "<stdin>" in capsys.readouterr().out


def test_what_cannot_be_read_is_said_and_the_rest_is_checked(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.yaml").write_text("apiVersion: v1\na: [\n")
    assert cli.main(["check", str(tmp_path)]) == 2
    out = capsys.readouterr().out
    assert "KW103" in out
    assert re.search(r"cannot read .*broken\.yaml:\d+: not YAML", out)
    assert cli.main(["check", str(tmp_path / "nowhere")]) == 2


def test_a_secret_is_never_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not in a message, whatever is wrong with it."""
    for content in ('{"auths": {"other.example": {"auth": "c2VjcmV0"}}}', '{"auths": c2VjcmV0', "c2VjcmV0"):
        (tmp_path / "s.yaml").write_text(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: pull, namespace: a}\n"
            "type: kubernetes.io/dockerconfigjson\n"
            f"stringData:\n  .dockerconfigjson: '{content}'\n---\n"
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x, namespace: a}\n"
            "imagePullSecrets: [{name: pull}]\n"
        )
        for output in ("text", "json"):
            assert cli.main(["check", str(tmp_path), "--registry", "harbor:5000", "--format", output]) == 1
            assert "c2VjcmV0" not in capsys.readouterr().out


# Documents whose shape no rule expects.
ODD = (ROOT / "tests" / "unit" / "odd-shapes.txt").read_text(encoding="utf-8").split("\n---\n")


@pytest.mark.parametrize("text", ODD)
def test_no_shape_makes_it_raise(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    flags = ["--registry", "harbor:5000", "--pull-secret", "pull", "--offline", "--registry-ca", "ConfigMap/ca"]
    cli.main(["check", str(tmp_path), *flags, "--level", "info"])
    captured = capsys.readouterr()
    assert "internal error" not in captured.err
    cli.main(["check", str(tmp_path / "odd.yaml"), str(RULES), *flags])
    assert "internal error" not in capsys.readouterr().err


@pytest.mark.parametrize("text", ODD)
def test_no_shape_makes_a_picture_or_a_report_raise(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    paths = [str(tmp_path / "odd.yaml"), str(RULES / "KW403")]
    for output in ("mermaid", "html"):
        cli.main(["graph", *paths, "--level", "info", "--format", output])
    for output in ("sarif", "junit", "github"):
        cli.main(["check", *paths, "--level", "info", "--format", output])
    assert "internal error" not in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "a: b\n", ""])
def test_a_folder_without_manifests_could_not_be_checked(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "values.yaml").write_text(content)
    assert cli.main(["check", str(tmp_path)]) == 2
    reason = f"cannot read {tmp_path}: no manifest: nothing there has an apiVersion and a kind 0 objects: 0 errors"
    assert reason in " ".join(capsys.readouterr().out.split())


ERRORS = ["", "Error from server (Forbidden): pods is forbidden\n", "error: the server doesn't have a resource type\n"]


@pytest.mark.parametrize("text", ERRORS)
def test_standard_input_without_manifests_could_not_be_checked(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of `kubectl get ... | kserve-wiring check -` where kubectl failed."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert cli.main(["check", "-"]) == 2
    assert "cannot read <stdin>: no manifest" in capsys.readouterr().out


def test_an_empty_list_is_an_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = '{"apiVersion": "v1", "kind": "List", "items": []}'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert cli.main(["check", "-"]) == 0
    assert capsys.readouterr().out.startswith("0 objects: 0 errors")


def test_two_clusters_in_one_folder_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = CLEAN.replace("name: a", "name: b")
    (tmp_path / "a.yaml").write_text(f"{CLEAN}---\n{other}")
    (tmp_path / "b.yaml").write_text(f"{CLEAN}data: {{c: d}}\n---\n{other}data: {{c: d}}\n")
    assert cli.main(["check", str(tmp_path)]) == 0
    said = (
        f"note: ConfigMap a is in {tmp_path}/a.yaml and in {tmp_path}/b.yaml with different content, "
        "and 1 more in the same way: "
        "if these are two clusters or variants, check them one by one"
    )
    assert said in " ".join(capsys.readouterr().out.split())
    (tmp_path / "b.yaml").write_text(CLEAN)
    cli.main(["check", str(tmp_path)])
    assert "note" not in capsys.readouterr().out


OTHERS = {
    "mkdocs.yml": "plugins: !!python/name:material.emoji\n",
    "tsconfig.json": '{\n  // strict\n  "a": 1,\n}\n',
    "ci/lint.yaml": "steps: [\n",
}


def test_files_that_are_no_manifests_are_counted(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in OTHERS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "model.yaml.json").write_text("apiVersion: v1\n{{ if .Values.model }}\nkind: [\n{{ end }}\n")
    assert cli.main(["check", str(tmp_path)]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert f"note: {tmp_path}/mkdocs.yml, {tmp_path}/tsconfig.json and {tmp_path}/ci/lint.yaml are no manifests" in out
    assert f"note: {tmp_path}/model.yaml.json is a template and was not read completely" in out


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: [\n",
        '{"apiVersion": "v1", "kind": [}',
        "  apiVersion: v1\n kind: A\n",
        "'apiVersion': {\n",
    ],
)
def test_a_manifest_that_does_not_parse_is_an_error(
    manifest: Path, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.yaml").write_text(text)
    assert cli.main(["check", str(tmp_path)]) == 2
    assert re.search(r"cannot read .*broken\.yaml:\d+: not YAML", capsys.readouterr().out)


def test_notes_of_a_kind_are_one_line(manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abcde":
        (tmp_path / name).mkdir()
        (tmp_path / name / "Chart.yaml").write_text("name: c\n")
    cli.main(["check", str(tmp_path)])
    folders = [f"{tmp_path}/{name}" for name in "abcde"]
    out = " ".join(capsys.readouterr().out.split())
    assert f"note: {', '.join(folders[:3])} and 2 more are Helm charts: render them with `helm template`" in out
    cli.main(["check", str(tmp_path), "--verbose"])
    out = " ".join(capsys.readouterr().out.split())
    assert all(f"note: {folder} is a Helm chart" in out for folder in folders)
    cli.main(["check", str(tmp_path), "--format", "json"])
    assert len(json.loads(capsys.readouterr().out)["notes"]) == 5


def test_many_alike_are_one_with_a_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abcdef":
        (tmp_path / f"{name}.yaml").write_text(
            "apiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler\n"
            f"metadata: {{name: {name}, namespace: x}}\n"
            "spec: {maxReplicas: 2, scaleTargetRef: {kind: Deployment, name: y}}\n"
        )
    assert cli.main(["check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert out.count("KW521 error") == 1
    assert "also: HorizontalPodAutoscaler x/b" in " ".join(out.split())
    assert "and 2 more, with --verbose" in " ".join(out.split())
    assert "6 objects: 6 errors" in out
    cli.main(["check", str(tmp_path), "--verbose"])
    assert capsys.readouterr().out.count("KW521 error") == 6
