"""images.txt, as mirror.sh reads it, against what the manifests pull."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring.inventory.copies import Copy, differences, read_copies
from kserve_wiring.inventory.listing import Image, Listing, ListingError

A = Image("docker.io/a:1", "harbor/a:1", why=("for a",))
B = Image("docker.io/b:1", "harbor/b:1", why=("for b",))
OWN = Image("corp/own:1", "corp/own:1", kind="own")
EXTRA = Image("harbor/user:1", why=("Pod p",))  # no list of the environment has it
LINES = ["docker.io/a:1 harbor/a:1", "docker.io/b:1 harbor/b:1", "corp/own:1 corp/own:1 own", "x harbor/user:1"]
LISTING = Listing([A, B, OWN, EXTRA])


def said(folder: Path, lines: list[str], listing: Listing = LISTING) -> list[str]:
    (folder / "images.txt").write_text("".join(f"{line}\n" for line in lines))
    return list(differences(listing, read_copies(folder / "images.txt")))


def test_the_same(tmp_path: Path) -> None:
    assert said(tmp_path, LINES) == []
    assert said(tmp_path, ["# comment", "", "   ", *LINES[::-1]]) == []


@pytest.mark.parametrize("index", range(len(LINES)))
def test_a_dropped_line(index: int, tmp_path: Path) -> None:
    image = LISTING.images[index]
    expected = f"not in images/images.txt: {image.target or image.source} ({'; '.join(image.why)})"
    assert said(tmp_path, LINES[:index] + LINES[index + 1 :]) == [expected]


@pytest.mark.parametrize(
    ("index", "line", "expected"),
    [
        (0, "docker.io/z:1 harbor/a:1", ["harbor/a:1 is copied from docker.io/z:1, not from docker.io/a:1"]),
        (0, "docker.io/a:1 harbor/a:1 own", ["harbor/a:1 must be copied: remove own"]),
        (0, "docker.io/a:1 harbor/a:1 cached", ["harbor/a:1 must be copied: remove cached"]),
        (2, "corp/own:1 corp/own:1 cached", ["corp/own:1 is not copied: add own"]),
        (2, "corp/own:1 corp/own:1", ["corp/own:1 is not copied: add own"]),
        (1, "docker.io/a:1 harbor/a:1", ["harbor/a:1 is on line 1 too", "harbor/b:1 (for b)"]),
        (1, "docker.io/b:1 harbor/b:2", ["listed, but no manifest names it: harbor/b:2", "harbor/b:1 (for b)"]),
    ],
)
def test_a_changed_line(index: int, line: str, expected: list[str], tmp_path: Path) -> None:
    lines = [*LINES[:index], line, *LINES[index + 1 :]]
    first, *rest = expected
    assert said(tmp_path, lines) == [
        f"images/images.txt:{index + 1}: {first}",
        *(f"not in images/images.txt: {text}" for text in rest),
    ]


def test_an_extra_line(tmp_path: Path) -> None:
    expected = ["images/images.txt:5: listed, but no manifest names it: harbor/c:1"]
    assert said(tmp_path, [*LINES, "docker.io/c:1 harbor/c:1"]) == expected


def test_an_image_that_no_manifest_names(tmp_path: Path) -> None:
    listing = Listing([A, B], unnamed=[B])
    expected = ["images/images.txt:2: listed, but no manifest names it: harbor/b:1"]
    assert said(tmp_path, LINES[:2], listing) == expected
    assert said(tmp_path, LINES[:1], listing) == ["listed, but no manifest names it: harbor/b:1"]


def test_a_last_line_without_end_is_not_read(tmp_path: Path) -> None:
    """As by `read` of the shell."""
    (tmp_path / "images.txt").write_text("a b\nc d")
    assert read_copies(tmp_path / "images.txt") == [Copy("a", "b", "", line=1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a\n", ":1: not SOURCE TARGET, or these and own or cached"),
        (b"a b c\n", ":1: not SOURCE TARGET, or these and own or cached"),
        (b"<<<<<<< before updating\n", ":1: git conflict markers; resolve them"),
        (None, ": No such file or directory"),
    ],
)
def test_what_is_no_list(text: bytes | None, expected: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "images.txt").write_bytes(text)
    with pytest.raises(ListingError) as raised:
        read_copies(tmp_path / "images.txt")
    assert str(raised.value) == f"{tmp_path}/images.txt{expected}"
