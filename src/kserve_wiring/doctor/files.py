# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The files of a folder or archive, unpacked and as UTF-8. Nothing is written to disk."""

from __future__ import annotations

import codecs
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LARGEST = 256 * 1024 * 1024
"""Bytes of a file in an archive, unpacked; a larger one is left out."""
_GZIP = b"\x1f\x8b"


@dataclass(slots=True)
class Content:
    """The bytes of a file, which are handed over: bytes, text and objects of a large dump are too much at once."""

    data: bytes

    @property
    def begin(self) -> bytes:
        """Enough to see what it is."""
        return self.data[:2000]

    def take(self) -> bytes:
        """The bytes, which are forgotten here."""
        data, self.data = self.data, b""
        return data


def files(path: str) -> Iterator[tuple[str, Content]]:
    """Name and content of each file: of a folder, a tar or zip archive, a single file, or standard input for ``-``.

    Raises OSError, EOFError, tarfile.TarError, zipfile.BadZipFile or zlib.error.
    """
    for name, content in _files(path):
        if content.data.startswith(_GZIP):
            content.data = zlib.decompressobj(wbits=31).decompress(content.data, LARGEST)
            name = name.removesuffix(".gz")
        # Windows PowerShell's `>` writes UTF-16.
        if content.data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            content.data = content.data.decode("utf-16", errors="replace").encode()
        yield name, content


def _files(path: str) -> Iterator[tuple[str, Content]]:
    if path == "-":
        yield "<stdin>", Content(sys.stdin.buffer.read())
    elif Path(path).is_dir():
        for file in sorted(Path(path).rglob("*")):
            if file.is_file():
                yield str(file), Content(file.read_bytes())
    elif tarfile.is_tarfile(path):
        yield from _members(path)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and entry.file_size <= LARGEST:
                    yield f"{path}:{entry.filename}", Content(archive.read(entry))
    else:
        yield path, Content(Path(path).read_bytes())


def _members(path: str) -> Iterator[tuple[str, Content]]:
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() and member.size <= LARGEST else None
            if content is not None:
                yield f"{path}:{member.name}", Content(content.read())
