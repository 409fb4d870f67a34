# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""``check --fix`` and ``check --diff``: write the files that fixes change, or show the difference."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kserve_wiring.cli.exit import UsageError

if TYPE_CHECKING:
    from kserve_wiring.checker.finding import Finding
    from kserve_wiring.checker.options import Options
    from kserve_wiring.manifests.clusters import ClusterPaths

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class _ChangedFile:
    """A file, and its text before and after the fixes."""

    name: str
    before: str
    after: str

    def difference(self) -> str:
        """A unified diff."""
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(difflib.unified_diff(before, after, self.name, self.name))


def add_fix(check: Any) -> None:
    """Add the flags to the parser."""
    text = "first change the files where a fix leaves no choice, and report what is left"
    check.add_argument("--fix", action="store_true", help=text)
    text = "show what --fix would change, and write nothing (exit code 1 if it would)"
    check.add_argument("--diff", action="store_true", help=text)


def refuse(arguments: argparse.Namespace) -> None:
    """Raises UsageError for arguments that cannot be together."""
    if not (arguments.fix or arguments.diff):
        return
    flag = "--fix" if arguments.fix else "--diff"
    if arguments.fix and arguments.diff:
        raise UsageError("--diff shows what --fix would change: remove one of them")
    if "-" in arguments.paths:
        raise UsageError(f"{flag} changes files: name them instead of -")
    if arguments.baseline is not None:
        raise UsageError(f"{flag} would change what the baseline accepts: remove it or --baseline")


def difference_of(found: Iterable[ClusterPaths], options: Options, sources: Mapping[str, Any]) -> str:
    """What the fixes would change, as a unified diff. Raises UsageError."""
    return "".join(file.difference() for file in _changes(found, options, sources))


def write_fixes(found: Iterable[ClusterPaths], options: Options, sources: Mapping[str, Any]) -> None:
    """Write what the fixes change. Raises UsageError."""
    _write(_changes(found, options, sources))


def _changes(found: Iterable[ClusterPaths], options: Options, sources: Mapping[str, Any]) -> list[_ChangedFile]:
    """The files that the fixes change. Says on standard error what they change."""
    from kserve_wiring.checker.fix import fix
    from kserve_wiring.manifests.read import read

    changed = []
    for cluster in found:
        if cluster.environment:
            print(f"kserve-wiring: {cluster.environment} is generated: change its answers", file=sys.stderr)
            continue
        fixed = fix(read(cluster.paths, **sources), options)
        changed += list(_files(fixed.texts))
        _tell(fixed.findings)
    return changed


def _tell(findings: Iterable[Finding]) -> None:
    for one in findings:
        print(f"kserve-wiring: {one.file}:{one.line}: {one.code} of {one.object}: {one.fix}", file=sys.stderr)


def _files(texts: Mapping[str, Mapping[int, tuple[str, str]]]) -> Iterator[_ChangedFile]:
    from kserve_wiring.manifests.edit import EditError, replace_documents

    for name, documents in texts.items():
        before = Path(name).read_bytes().removeprefix(_MARK).decode("utf-8")
        try:
            yield _ChangedFile(name, before, replace_documents(before, documents))
        except EditError as error:
            raise UsageError(f"cannot change {name}: {error}") from None


def _write(changed: Iterable[_ChangedFile]) -> None:
    """Replace each file as a whole, after all are written beside them."""
    parts: list[tuple[Path, Path]] = []
    try:
        for file in changed:
            parts.append((_written(file), Path(file.name).resolve()))
        for part, target in parts:
            part.replace(target)
    except OSError as error:
        raise UsageError(f"cannot write {error.filename}: {error.strerror}") from None
    finally:
        for part, _ in parts:
            part.unlink(missing_ok=True)


def _written(file: _ChangedFile) -> Path:
    """A new file beside the changed one, which may be a link, with its mode."""
    target = Path(file.name).resolve()
    mark = _MARK if target.read_bytes().startswith(_MARK) else b""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    with os.fdopen(handle, "wb") as part:
        part.write(mark + file.after.encode("utf-8"))
    Path(name).chmod(target.stat().st_mode & 0o7777)
    return Path(name)
