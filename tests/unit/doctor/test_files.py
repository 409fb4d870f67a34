"""Folders, archives, compressed files and encodings."""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from kserve_wiring.doctor.bundle import read_bundle
from kserve_wiring.doctor.files import Content, files

TEXT = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n"


def packed(folder: Path, kind: str) -> Path:
    """The text in a file of this kind."""
    path = folder / f"a.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x/", "")
            archive.writestr("x/a.yaml", TEXT)
    elif kind == "tar.gz":
        with tarfile.open(path, "w:gz") as tar:
            member = tarfile.TarInfo("x/a.yaml")
            member.size = len(TEXT)
            tar.addfile(member, io.BytesIO(TEXT))
    else:
        encoded = {"yaml": TEXT, "gz": gzip.compress(TEXT), "utf16": TEXT.decode().encode("utf-16")}
        path.write_bytes(encoded[kind])
    return path


@pytest.mark.parametrize("kind", ["yaml", "gz", "utf16", "zip", "tar.gz"])
def test_each_is_unpacked(tmp_path: Path, kind: str) -> None:
    ((_, content),) = files(str(packed(tmp_path, kind)))
    assert content.take().lstrip(b"\xef\xbb\xbf") == TEXT


def test_content_is_handed_over() -> None:
    content = Content(TEXT)
    assert (content.begin, content.take(), content.take()) == (TEXT, TEXT, b"")


def test_a_compressed_log_of_a_folder_has_the_name_of_the_log(tmp_path: Path) -> None:
    folder = tmp_path / "namespaces" / "models" / "pods" / "iris" / "c" / "c" / "logs"
    folder.mkdir(parents=True)
    (folder / "previous.log.gz").write_bytes(gzip.compress(b"Traceback"))
    assert read_bundle(str(tmp_path)).logs == {("models", "iris", "c"): "Traceback"}


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(TEXT))))
    assert list(files("-")) == [("<stdin>", Content(TEXT))]


@pytest.mark.parametrize("data", [b"\x1f\x8bno", b"PK\x05\x06" + b"\0" * 10])
def test_a_broken_archive_is_a_problem(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.gz").write_bytes(data)
    assert len(read_bundle(str(tmp_path / "a.gz")).problems) == 1
