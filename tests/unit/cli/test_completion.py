"""The completion that bash loads."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kserve_wiring.cli import main as cli
from kserve_wiring.cli.completion import SHELLS
from tools.console import ROOT


def completed(script: str, folder: Path, *words: str) -> list[str]:
    """What bash completes the last word to."""
    line = f"{script}\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _shtab_kserve_wiring\n"
    line += 'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=folder, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["gr"], ["graph"]),
        (["check", "--stat"], ["--statistics"]),
        (["check", "--format", "j"], ["json", "junit"]),
        (["check", "man"], ["manifest.yaml"]),
        (["check", ".", "--baseline", "man"], ["manifest.yaml"]),
        (["completion", "z"], ["zsh"]),
    ],
)
def test_bash(words: list[str], wanted: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.yaml").touch()
    assert cli.main(["completion", "bash"]) == 0
    assert completed(capsys.readouterr().out, tmp_path, "kserve-wiring", *words) == wanted


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "statistics" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_the_plugin_of_kubectl_has_its_name() -> None:
    done = subprocess.run([ROOT / ".venv" / "bin" / "kubectl-kserve_wiring", "--help"], capture_output=True, text=True)
    assert done.stdout.startswith("usage: kubectl kserve-wiring [-h]")
