"""docs/kserve-wiring.md: what it shows is what the command prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from kserve_wiring.cli import main as cli
from kserve_wiring.cli.check import FORMATS
from kserve_wiring.cli.options import FACTS
from kserve_wiring.cluster.facts import KEYS
from tools.console import ROOT

TEXT = (ROOT / "docs" / "kserve-wiring.md").read_text("utf-8")
FILES = dict(re.findall(r"^```yaml\n# (\w+\.yaml)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
SHOWN = re.findall(r"^```console\n\$ kserve-wiring ([^\n]+)\n((?!```).+?)^```$", TEXT, re.MULTILINE | re.DOTALL)
DRAWN = re.findall(
    r"^```console\n\$ kserve-wiring (graph [^\n]+)\n```\n\n```mermaid\n(.+?)^```$", TEXT, re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("command", "output"), [*SHOWN, *DRAWN], ids=lambda text: text[:40])
def test_output(
    command: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(f"# {name}\n{text}")
    (tmp_path / "rules").symlink_to(ROOT / "rules")
    monkeypatch.chdir(tmp_path)
    cli.main(shlex.split(command))
    assert capsys.readouterr().out == output


def test_it_shows_a_check_a_waiver_an_explanation_and_a_graph() -> None:
    shown = [command.split()[0] for command, _ in [*SHOWN, *DRAWN]]
    assert (shown.count("check"), shown.count("doctor"), shown.count("graph")) == (3, 1, 1)


def test_every_fact_and_format_is_explained() -> None:
    for key in KEYS:
        assert f"`{key}`" in TEXT or f"`--{key.replace('_', '-')}`" in TEXT or f"`{key}: " in TEXT, key
    for name in FACTS:
        assert f"`--{name}`" in TEXT, name
    for name in FORMATS:
        assert f"| `{name}` |" in TEXT, name
