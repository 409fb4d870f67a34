"""The commands ``kserve-wiring doctor`` and ``collect``."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
import yaml

from kserve_wiring.cli.main import main
from tests.unit.doctor.objects import chain

MESSAGE = (
    'Unable to fetch image "r.example/a:1": failed to resolve image to digest: Get "https://r.example/v2/": '
    "x509: certificate signed by unknown authority"
)


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--explain", MESSAGE]) == 0
    output = capsys.readouterr().out
    assert output.startswith("W4, W3 (digest-unknown-ca): Knative's controller does not trust the certificate\n")
    assert "rule: KW305: Knative's controller does not trust the registry's CA" in output
    assert all(len(line) <= 80 for line in output.splitlines())


def test_explain_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--explain", MESSAGE, "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["explanations"]
    assert (found["symptom"], found["wires"], found["rules"]) == ("digest-unknown-ca", ["W4", "W3"], ["KW305"])
    assert found["named"] == {"image": "r.example/a:1", "host": "r.example"}
    assert [sorted(cause) for cause in found["causes"]] == [["cause", "change", "check"]] * 2


def test_explain_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pasted = b"\xff\x00 " + MESSAGE.encode()  # a file that is not quite text
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pasted)))
    assert main(["doctor", "--explain", "-"]) == 0
    assert "digest-unknown-ca" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"), [("hello", "no known symptom is in this text"), ("  ", "--explain: the text is empty")]
)
def test_what_it_does_not_know(text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--explain", text]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err


@pytest.fixture
def sick(tmp_path: Path) -> Path:
    """A file as `kubectl get -o json` writes it, with a model that waits for its digest."""
    path = tmp_path / "all.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": chain()}), encoding="utf-8")
    return path


def test_a_bundle(sick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(sick)]) == 1
    output = capsys.readouterr().out
    assert "✗ models: 0 of 1 are ready" in output
    assert (
        "InferenceService models/iris\n  at: condition Ready of Revision models/iris-predictor-00001\nW3, W2" in output
    )
    assert all(len(line) <= 80 for line in output.splitlines())


def test_a_bundle_as_json(sick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(sick), "-o", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    (verdict,) = report["verdicts"]
    assert (report["healthy"], verdict["subjects"]) == (False, ["InferenceService models/iris"])
    assert verdict["explanation"]["symptom"] == "digest-no-such-host"


def test_a_healthy_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "all.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": chain(ready="True")}), encoding="utf-8")
    assert main(["doctor", str(path)]) == 0
    assert "✓ models: 1 of 1 are ready" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["iris", "--kubectl", "absent"], "absent is not installed; name it with --kubectl, or pass a bundle"),
        (["--kubectl", "false"], "cannot reach the cluster: no message"),
        (
            ["--kubectl", "echo"],
            "echo version does not print its version as JSON; name kubectl with --kubectl, or pass a bundle",
        ),
        (["./absent.tgz"], "./absent.tgz: No such file or directory"),
        (["absent.tgz"], "absent.tgz: No such file or directory"),
        (["{sick}", "wine"], "no InferenceService wine"),
        (["{sick}", "iris", "-n", "other"], "no InferenceService iris in namespace other"),
        (["{sick}", "-n", "a", "-A"], "-n and -A exclude each other"),
        (["{sick}", "{sick}"], "one bundle at a time"),
        (["{sick}", "--probe"], "--probe needs the cluster: a bundle answers no request"),
    ],
)
def test_what_it_cannot_look_at(
    arguments: list[str], message: str, sick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", *(text.format(sick=sick) for text in arguments)]) == 2
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"kserve-wiring: {message}\n")


def test_one_model_of_a_bundle(sick: Path) -> None:
    assert main(["doctor", str(sick), "iris", "-n", "models"]) == 1


def test_rbac_is_only_reading(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--rbac"]) == 0
    role = yaml.safe_load(capsys.readouterr().out)
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list"}
    assert {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]} in role["rules"]


def test_rbac_of_a_probe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--rbac", "--probe"]) == 0
    role = yaml.safe_load(capsys.readouterr().out)
    assert {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["create", "get"]} in role["rules"]


def test_collect_writes_nothing_without_a_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "bundle.tgz"
    assert main(["collect", "-o", str(target), "--kubectl", "false"]) == 2
    assert list(tmp_path.iterdir()) == []
    assert main(["collect", "-o", str(tmp_path / "absent" / "b.tgz"), "--kubectl", "false"]) == 2
    assert "must be a file in a folder that exists" in capsys.readouterr().err


def test_a_bundle_with_nothing_to_judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", encoding="utf-8")
    assert main(["doctor", f"{tmp_path}/"]) == 2
    assert "✗ nothing to judge" in capsys.readouterr().out
