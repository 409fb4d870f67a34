"""The command ``kserve-wiring preflight``: what it cannot look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring.cli.main import main


def test_a_folder_that_is_no_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preflight", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"kserve-wiring: {tmp_path} is no environment: it has no releases.yaml\n"


@pytest.mark.parametrize(
    ("kubectl", "message"),
    [
        ("absent", "absent is not installed; name it with --kubectl"),
        ("false", "cannot reach the cluster: no message"),
    ],
)
def test_no_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str], kubectl: str, message: str) -> None:
    (tmp_path / "releases.yaml").write_text("[]\n", encoding="utf-8")
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "a.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n", encoding="utf-8"
    )
    assert main(["preflight", str(tmp_path), "--kubectl", kubectl]) == 2
    assert capsys.readouterr().err == f"kserve-wiring: {message}\n"


@pytest.mark.parametrize("text", ["1.33", "Istio", "Istio=new", "=1.33"])
def test_a_part_without_a_version(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["preflight", ".", "--tested", text])
    message = f"argument --tested: write PART=VERSION, such as Istio=1.33, not {text}"
    assert (ended.value.code, message in capsys.readouterr().err) == (2, True)


def test_a_warning_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "releases.yaml").write_text("[]\n", encoding="utf-8")
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "a.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n", encoding="utf-8"
    )
    kubectl = tmp_path / "kubectl"
    version = '{"serverVersion": {"gitVersion": "v1.40.1"}}'
    kubectl.write_text(f"#!/bin/sh\ncase $* in *version*) echo '{version}' ;; esac\n", encoding="utf-8")
    kubectl.chmod(0o755)
    assert main(["preflight", str(tmp_path), "--kubectl", str(kubectl), "--tested", "Istio 1.27.1=1.34"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        "warning: Kubernetes v1.40.1 is newer than upstream tests these parts with: Istio 1.27.1 (1.34); "
        "try it before production, or choose a newer stack"
    )
