# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The image list: of an environment (images/catalogue.yaml, checked against its manifests), or of any manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kserve_wiring.inventory.found import Found, canonical
from kserve_wiring.manifests.load import conflict_in
from kserve_wiring.manifests.repeated_keys import load_unique
from kserve_wiring.manifests.yamltext import YamlError

IMAGE_LIST = Path("images") / "catalogue.yaml"
LOCK = "images.lock.yaml"


class ListingError(ValueError):
    """The list of an environment cannot be used; the message names the file."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image that will be pulled.

    source: upstream's reference. target: what is pulled, "" if no other place is known. digest: "" for a tag that no
    lock file resolves. platforms: ``os/architecture``, empty if unknown. why: what it is for, then each object and key
    that name it. wire: the wires that set it. optional: when it is pulled, "" for always. kind: ``own`` if an answer
    names it, ``cached`` if a pull-through cache has it; neither is copied. "" for all others.
    """

    source: str
    target: str = ""
    digest: str = ""
    platforms: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    wire: tuple[str, ...] = ()
    optional: str = ""
    name: str = ""
    kind: str = ""


@dataclass(slots=True)
class Listing:
    """The images, and the differences between the list of an environment and its manifests.

    unlisted: only manifests name it. unnamed: listed, not by the answer extra_images, but no manifest names it.
    """

    images: list[Image] = field(default_factory=list)
    unlisted: list[Image] = field(default_factory=list)
    unnamed: list[Image] = field(default_factory=list)


def list_environment(folder: Path, found: Iterable[Found]) -> Listing:
    """The list of an environment, with the reasons found in its manifests. Raises ListingError."""
    reasons = _by_image(found)
    lock = read_lock(folder / LOCK)
    listing = Listing()
    listed = set()
    for entry in read_image_list(folder / IMAGE_LIST):
        target = canonical(entry["target"])
        listed.add(target)
        image = _image(entry, reasons.get(target, []), lock)
        listing.images.append(image)
        if target not in reasons and "extra" not in entry:
            listing.unnamed.append(image)
    listing.unlisted = [_bare(image, ones) for image, ones in reasons.items() if image not in listed]
    listing.images += listing.unlisted
    return listing


def list_manifests(found: Iterable[Found]) -> Listing:
    """The images that the manifests pull, sorted."""
    return Listing([_bare(image, ones) for image, ones in sorted(_by_image(found).items())])


def read_image_list(file: Path) -> list[dict[str, str]]:
    """The entries of images/catalogue.yaml. Raises ListingError."""
    entries = _load(file)
    if not isinstance(entries, list):
        raise ListingError(f"{file}: not a list of images")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, Mapping) or not all(isinstance(entry.get(key), str) for key in ("source", "target")):
            raise ListingError(f"{file}: entry {number} has no source and target")
    return [{key: str(value) for key, value in entry.items()} for entry in entries]


def read_lock(file: Path) -> Mapping[str, Any]:
    """The file that `make lock` writes; an empty mapping if there is none. Raises ListingError."""
    if not file.is_file():
        return {}
    lock = _load(file)
    if not isinstance(lock, Mapping) or not isinstance(lock.get("image_digests"), Mapping):
        raise ListingError(f"{file}: no image_digests; run make lock again")
    return lock


def _load(file: Path) -> Any:
    try:
        text = file.read_text(encoding="utf-8")
        conflict = conflict_in(text, str(file))
        if conflict:
            raise ListingError(str(conflict))
        return load_unique(text)
    except OSError as error:
        raise ListingError(f"{file}: {error.strerror}") from None
    except (YamlError, UnicodeDecodeError) as error:
        raise ListingError(f"{file}: {error}") from None


def _image(entry: Mapping[str, str], found: list[Found], lock: Mapping[str, Any]) -> Image:
    source, target = entry["source"], entry["target"]
    digest = target.partition("@")[2] or str(lock.get("image_digests", {}).get(source, ""))
    platforms = (lock.get("_platforms") or {}).get(source) or ()
    return Image(
        source,
        target,
        digest,
        tuple(str(platform) for platform in platforms),
        (*([entry["why"]] if entry.get("why") else []), *(one.why for one in found)),
        _wires(found),
        entry.get("optional", ""),
        entry.get("name", ""),
        entry.get("kind", ""),
    )


def _bare(image: str, found: list[Found]) -> Image:
    return Image(image, "", image.partition("@")[2], (), tuple(one.why for one in found), _wires(found))


def _wires(found: Iterable[Found]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.wire for one in found))


def _by_image(found: Iterable[Found]) -> dict[str, list[Found]]:
    reasons: dict[str, list[Found]] = {}
    for one in found:
        reasons.setdefault(one.image, []).append(one)
    return reasons
