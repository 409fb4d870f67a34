# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The files of a folder or archive, unpacked and as UTF-8. Nothing is written to disk."""

from __future__ import annotations

import bz2
import codecs
import io
import lzma
import re
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from kserve_wiring.manifests.load import Problem

LARGEST = 256 * 1024 * 1024
"""Bytes of a file in an archive or folder, unpacked; a larger one is left out."""
_DEEPEST = 3
"""Archives in archives."""
_CHUNK = 16 * 1024
"""Bytes that are lost at most where an archive is cut."""
_GZIP, _XZ, _BZIP2, _ZIP = b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh", b"PK\x03\x04"
_TAR, _TAR_AT = b"ustar", 257
_OTHER_ARCHIVES = {b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "rar"}
_TOO_LARGE = f"larger than {LARGEST // 2**20} MiB, left out"
BROKEN = (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError)
"""What a file or archive raises that cannot be read. RuntimeError: a zip archive with a password."""


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


def files(path: str) -> Iterator[tuple[str, Content] | Problem]:
    """Name and content of each file: of a folder, a tar or zip archive, a single file, or standard input for ``-``.

    Archives in archives are unpacked, too. What cannot be read is a problem, after what came before it.
    """
    try:
        for name, content in _files(path):
            yield from _unpacked(name, content, _DEEPEST)
    except BROKEN as error:
        yield _problem(path, error)


def _problem(name: str, error: BaseException) -> Problem:
    """tarfile says `empty header` of an archive that is cut; the list of the files of a zip archive is at its end."""
    if isinstance(error, tarfile.ReadError):
        return Problem(name, 0, "the archive is cut off; what was before that was read")
    if isinstance(error, zipfile.BadZipFile) and "not a zip file" in str(error):
        return Problem(name, 0, "the zip archive is cut off, so the list of its files is lost")
    return Problem(name, 0, getattr(error, "strerror", None) or str(error) or type(error).__name__)


def _unpacked(name: str, content: Content | Problem, depth: int) -> Iterator[tuple[str, Content] | Problem]:
    if isinstance(content, Problem):
        yield content
        return
    try:
        name, whole = _decompress(name, content)
        if depth and content.data[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
            with tarfile.open(fileobj=io.BytesIO(content.take())) as tar:
                for member, inner in _members(name, tar):
                    yield from _unpacked(member, inner, depth - 1)
        elif depth and content.data.startswith(_ZIP):
            for member, inner in _entries(name, io.BytesIO(content.take())):
                yield from _unpacked(member, inner, depth - 1)
        else:
            other = next((kind for magic, kind in _OTHER_ARCHIVES.items() if content.data.startswith(magic)), "")
            yield Problem(name, 0, f"unpack it first: doctor does not read {other}") if other else (name, content)
        if not whole:
            yield Problem(name, 0, "the compressed file is cut off, or too large; what was before that was read")
    except BROKEN as error:
        yield _problem(name, error)


def _decompress(name: str, content: Content) -> tuple[str, bool]:
    """Decompress the content. Return the name that it has then, and whether its end is there."""
    whole = True
    for magic, suffix, decoder_of in _COMPRESSED:
        if content.data.startswith(magic):
            content.data, whole = _streams(content.data, magic, decoder_of)
            name = name.removesuffix(suffix)
            break
    wide = _wide(content.begin)
    if wide:
        content.data = content.data.decode(wide, errors="replace").encode()
    return name, whole


def _wide(begin: bytes) -> str:
    """The encoding of text with several bytes a character: Windows PowerShell's `>` writes UTF-16; "" for UTF-8."""
    marks = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    found = next((encoding for mark, encoding in marks.items() if begin.startswith(mark)), "")
    # Without a mark: every other byte of a few ASCII characters is zero, as `cmd /u` writes them.
    return found or ("utf-16-le" if re.match(rb"(?:[\t\n\r -~]\0){8}", begin) else "")


def _streams(data: bytes, magic: bytes, decoder_of: Callable[[], Any]) -> tuple[bytes, bool]:
    """The content of all streams, one after the other as pigz and cat write them, and whether the last end is there."""
    found, left = [], LARGEST
    while data.startswith(magic) and left > 0:
        decoder = decoder_of()
        found.append(decoder.decompress(data, left))
        left -= len(found[-1])
        if not decoder.eof:
            return b"".join(found), False
        data = decoder.unused_data
    return b"".join(found), not data.startswith(magic)


_COMPRESSED = (
    (_GZIP, ".gz", lambda: zlib.decompressobj(wbits=31)),
    (_XZ, ".xz", lzma.LZMADecompressor),
    (_BZIP2, ".bz2", bz2.BZ2Decompressor),
)


def _files(path: str) -> Iterator[tuple[str, Content | Problem]]:
    if path == "-":
        yield "<stdin>", Content(sys.stdin.buffer.read())
    elif Path(path).is_dir():
        for file in sorted(Path(path).rglob("*")):
            yield from _file(file)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            yield from _members(path, archive)
    elif zipfile.is_zipfile(path):
        with Path(path).open("rb") as opened:
            yield from _entries(path, opened)
    else:
        yield path, Content(Path(path).read_bytes())


def _file(file: Path) -> Iterator[tuple[str, Content | Problem]]:
    """A file of a folder, if it may be read. Its neighbours are read in any case."""
    name = str(file)
    try:
        if file.is_file():
            large = file.stat().st_size > LARGEST
            yield name, Problem(name, 0, _TOO_LARGE) if large else Content(file.read_bytes())
    except OSError as error:
        yield name, _problem(name, error)


def _members(path: str, archive: tarfile.TarFile) -> Iterator[tuple[str, Content | Problem]]:
    for member in archive:
        name = f"{path}:{member.name}"
        if member.isfile() and member.size > LARGEST:
            yield name, Problem(name, 0, _TOO_LARGE)
        elif member.isfile():
            opened = archive.extractfile(member)
            assert opened is not None  # it is a file
            yield from _whole_or_cut(name, opened)


def _whole_or_cut(name: str, opened: IO[bytes]) -> Iterator[tuple[str, Content]]:
    """A member, and what of it is there if the archive is cut in it."""
    parts: list[bytes] = []
    try:
        while part := opened.read(_CHUNK):
            parts.append(part)
    except BROKEN:
        yield name, Content(b"".join(parts))
        raise
    yield name, Content(b"".join(parts))


def _entries(path: str, opened: IO[bytes]) -> Iterator[tuple[str, Content | Problem]]:
    with zipfile.ZipFile(opened) as archive:
        for entry in archive.infolist():
            name = f"{path}:{entry.filename}"
            if entry.file_size > LARGEST:
                yield name, Problem(name, 0, _TOO_LARGE)
            elif not entry.is_dir():
                try:
                    yield name, Content(archive.read(entry))
                except (*BROKEN, NotImplementedError) as error:
                    yield name, _problem(name, error)
