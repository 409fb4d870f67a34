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
