"""The command as a whole."""

from __future__ import annotations

import subprocess
import sys

from kserve_wiring import __version__


def test_version_starts_fast_and_loads_no_yaml() -> None:
    code = """if True:
        import sys
        from kserve_wiring.cli import main as cli
        try:
            cli.main(["--version"])
        except SystemExit:
            print("yaml" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"kserve-wiring {__version__}\nFalse\n"
