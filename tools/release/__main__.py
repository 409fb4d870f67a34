"""Make a release: version, changelog, packages, SBOMs, checksums, commit and tag.

Usage: python -m tools.release VERSION [--dry-run] [--url URL] [--key NAME --keyring FILE]

--dry-run builds everything in dist/ from a copy of the last commit, and changes neither files nor history.
--url is the folder from which people will download the files; the manifest for Krew names it.
--key and --keyring sign the chart (helm package --sign): NAME as gpg knows it, FILE with the secret key.
Nothing is pushed: the last lines say what to type.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tools.console import ROOT, Stop, note, run, shown, step
from tools.release import artifacts, version
from tools.release.programs import call

DIST = ROOT / "dist"
# The place of this repository, as the documents write it.
HOME = "https://github.com/OWNER/copier-kserve"


def main() -> int:
    """Return the exit code."""
    options = _options()
    version.check(options.version, ROOT)
    _clean_tree()
    when = int(_git("log", "-1", "--format=%ct"))
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "copier-kserve"
        _git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(copy))
        # The day of the commit, not of the clock: the same commit gives the same files.
        version.write(copy, options.version, datetime.fromtimestamp(when, UTC).date().isoformat())
        made = artifacts.build(copy, DIST, when, options.url, options.key, options.keyring)
        if not options.dry_run:
            _commit(copy, options.version)
    for path in made:
        note(shown(path))
    if options.dry_run:
        step(f"dry run: nothing is committed; v{options.version} would have the files above")
    else:
        step(f"v{options.version} is committed and tagged: git push --follow-tags, and publish the files above")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__.partition("\n")[0])
    parser.add_argument("version", metavar="VERSION")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--url", default="")
    parser.add_argument("--key", default="")
    parser.add_argument("--keyring", default="")
    options = parser.parse_args()
    if bool(options.key) != bool(options.keyring):
        raise Stop("--key and --keyring go together: helm needs both to sign the chart")
    options.url = options.url.rstrip("/") or f"{HOME}/releases/download/v{options.version}"
    return options


def _clean_tree() -> None:
    changed = _git("status", "--porcelain")
    if changed:
        raise Stop(f"the working tree has changes ({changed.split()[-1]}): commit or stash them")


def _commit(copy: Path, new: str) -> None:
    """Bring the changed files into this checkout, commit them and tag the commit."""
    for name in _git("diff", "--name-only", folder=copy).split():
        (ROOT / name).write_bytes((copy / name).read_bytes())
    _git("commit", "--quiet", "--all", "--message", f"Release {new}")
    _git("tag", "--annotate", f"v{new}", "--message", f"Release {new}")


def _git(*arguments: str, folder: Path = ROOT) -> str:
    return call(["git", *arguments], folder)


if __name__ == "__main__":
    run(main)
