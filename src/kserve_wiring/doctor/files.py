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
from pathlib import Path

LARGEST = 256 * 1024 * 1024
"""Bytes of a file in an archive, unpacked; a larger one is left out."""
_GZIP = b"\x1f\x8b"


def files(path: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file: of a folder, a tar or zip archive, a single file, or standard input for ``-``.

    Raises OSError, EOFError, tarfile.TarError, zipfile.BadZipFile or zlib.error.
    """
    for name, data in _files(path):
        if data.startswith(_GZIP):
            unpacked = zlib.decompressobj(wbits=31).decompress(data, LARGEST)
            yield name.removesuffix(".gz"), _text(unpacked)
        else:
            yield name, _text(data)


def _files(path: str) -> Iterator[tuple[str, bytes]]:
    if path == "-":
        yield "<stdin>", sys.stdin.buffer.read()
    elif Path(path).is_dir():
        for file in sorted(Path(path).rglob("*")):
            if file.is_file():
                yield str(file), file.read_bytes()
    elif tarfile.is_tarfile(path):
        yield from _members(path)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and entry.file_size <= LARGEST:
                    yield f"{path}:{entry.filename}", archive.read(entry)
    else:
        yield path, Path(path).read_bytes()


def _members(path: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() and member.size <= LARGEST else None
            if content is not None:
                yield f"{path}:{member.name}", content.read()


def _text(data: bytes) -> bytes:
    """Text of Windows PowerShell, whose ``>`` writes UTF-16, as UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace").encode()
    return data
