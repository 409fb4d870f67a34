"""Archives of which the same content has the same bytes."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Container, Mapping
from pathlib import Path


def pack(target: Path, files: Mapping[str, bytes], when: int, programs: Container[str] = ()) -> None:
    """Write a .tar.gz of these files by name. when: their time, in seconds since 1970. programs: names to execute."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=when) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), when
            member.mode = 0o755 if name in programs else 0o644
            archive.addfile(member, io.BytesIO(content))
