"""Write charts/kserve-environment/VALUES.md, the tables of the chart's values, with helm-docs.

Usage: python -m tools.values

helm-docs is built once from its Go module (helm-docs/go.mod). It reads the comments of values.yaml that begin with
`# -- `; VALUES.md.gotmpl says what the page looks like.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.console import ROOT, Stop, note, run, shown
from tools.upstream import golang

HERE = Path(__file__).parent
CHART = ROOT / "charts" / "kserve-environment"
PAGE = CHART / "VALUES.md"
PACKAGE = "github.com/norwoodj/helm-docs/cmd/helm-docs"


def main() -> int:
    """Return the exit code."""
    PAGE.write_text(page(), encoding="utf-8")
    note(f"wrote {shown(PAGE)}")
    return 0


def page(chart: Path = CHART) -> str:
    """The text of VALUES.md. Raises Stop when helm-docs writes none."""
    template = HERE / "VALUES.md.gotmpl"
    command = [
        str(golang.pinned_program("helm-docs", HERE / "helm-docs", PACKAGE)),
        "--chart-search-root",
        str(chart),
        "--template-files",
        str(template),
    ]
    command += ["--sort-values-order", "file", "--log-level", "warning", "--dry-run"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:  # a template that fails is only a warning of helm-docs
        raise Stop(f"helm-docs: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    run(main)
