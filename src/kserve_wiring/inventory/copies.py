# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""images/images.txt: what images/mirror.sh copies. It is compared with what the manifests pull."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kserve_wiring.inventory.found import canonical
from kserve_wiring.inventory.listing import Image, Listing, ListingError
from kserve_wiring.manifests.load import conflict_in

COPIES = Path("images") / "images.txt"


@dataclass(frozen=True, slots=True)
class Copy:
    """One line. kind: that of Image; an image that has one is not copied."""

    source: str
    target: str
    kind: str
    line: int


def read_copies(file: Path) -> list[Copy]:
    """The lines as mirror.sh reads them. Raises ListingError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ListingError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    conflict = conflict_in(text, str(file))
    if conflict:
        raise ListingError(str(conflict))
    copies = []
    # `read` of the shell does not return a last line that has no end.
    for number, line in enumerate(text.split("\n")[:-1], 1):
        words = line.split()
        if words and not words[0].startswith("#"):
            if len(words) not in (2, 3) or words[2:] not in ([], ["own"], ["cached"]):
                raise ListingError(f"{file}:{number}: not SOURCE TARGET, or these and own or cached")
            copies.append(Copy(words[0], words[1], "".join(words[2:]), number))
    return copies


def differences(listing: Listing, copies: list[Copy]) -> Iterator[str]:
    """A line of text for each difference between the copies and the images that the manifests pull."""
    pulled = {canonical(image.target or image.source): image for image in listing.images}
    unnamed = {canonical(image.target) for image in listing.unnamed}
    copied: dict[str, Copy] = {}
    for copy in copies:
        target = canonical(copy.target)
        first = copied.setdefault(target, copy)
        if first is not copy:
            yield f"{COPIES}:{copy.line}: {copy.target} is on line {first.line} too"
        elif target in unnamed or target not in pulled:
            yield f"{COPIES}:{copy.line}: listed, but no manifest names it: {copy.target}"
        elif pulled[target].target:
            yield from _other_source(pulled[target], copy)
    for target, image in pulled.items():
        if target not in copied and target in unnamed:
            yield f"listed, but no manifest names it: {image.target}"
        elif target not in copied:
            yield f"not in {COPIES}: {image.target or image.source} ({'; '.join(image.why)})"


def _other_source(image: Image, copy: Copy) -> Iterator[str]:
    if canonical(copy.source) != canonical(image.source):
        yield f"{COPIES}:{copy.line}: {copy.target} is copied from {copy.source}, not from {image.source}"
    elif copy.kind != image.kind:
        change = "is not copied: add" if image.kind else "must be copied: remove"
        yield f"{COPIES}:{copy.line}: {copy.target} {change} {image.kind or copy.kind}"
