# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The image list for people, and for the programs that copy images.

The template writes the same texts for skopeo, Hauler and Zarf into images/ of an environment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from kserve_wiring.inventory.listing import Image


def as_table(images: Sequence[Image]) -> str:
    """One block per image: source, target and every reason."""
    lines: list[str] = []
    for image in images:
        lines.append(image.source)
        if image.target and image.target != image.source:
            lines.append(f"    pulled as   {image.target}")
        if image.digest and "@" not in image.source:
            lines.append(f"    digest      {image.digest}")
        if image.platforms:
            lines.append(f"    platforms   {', '.join(image.platforms)}")
        if image.wire:
            lines.append(f"    wire        {', '.join(image.wire)}")
        if image.optional:
            lines.append(f"    when        {image.optional}")
        lines += [f"    {'why' if not number else '   '}         {why}" for number, why in enumerate(image.why)]
    return "".join(f"{line}\n" for line in lines) + f"{len(images)} images\n"


def as_txt(images: Sequence[Image]) -> str:
    """One image per line: its source, then its target if it has one."""
    return "".join(f"{image.source} {image.target}".rstrip() + "\n" for image in images)


def as_json(images: Sequence[Image]) -> str:
    """A JSON list with the fields of Image."""
    return json.dumps([asdict(image) for image in images], indent=2) + "\n"


def as_skopeo(images: Sequence[Image]) -> str:
    """A file for `skopeo sync --src yaml`."""
    hosts: dict[str, dict[str, list[str]]] = {}
    for image in _copied(images):
        host, _, path = image.source.partition("/")
        repository = path.partition("@")[0].partition(":")[0]
        hosts.setdefault(host, {}).setdefault(repository, []).append(path[len(repository) + 1 :])
    lines: list[str] = []
    for host, repositories in hosts.items():
        lines += [f"{host}:", "  images:"]
        for repository, tags in repositories.items():
            lines += [f"    {repository}:", *(f'      - "{tag}"' for tag in tags)]
    return "".join(f"{line}\n" for line in lines)


def as_hauler(images: Sequence[Image], name: str = "kserve") -> str:
    """A Hauler manifest of kind Images."""
    head = f"apiVersion: content.hauler.cattle.io/v1\nkind: Images\nmetadata:\n  name: {name}\nspec:\n  images:\n"
    return head + "".join(f"    - name: {image.source}\n" for image in _copied(images))


def as_zarf(images: Sequence[Image], name: str = "kserve") -> str:
    """A Zarf package definition with the images as its one component."""
    head = f"kind: ZarfPackageConfig\nmetadata:\n  name: {name}-images\ncomponents:\n"
    head += "  - name: images\n    required: true\n    images:\n"
    return head + "".join(f"      - {image.source}\n" for image in _copied(images))


def as_oras(images: Sequence[Image]) -> str:
    """A shell script of `oras copy` commands. Raises ValueError when an image has no target."""
    copied = [image for image in _copied(images) if image.target != image.source]
    lost = next((image for image in copied if not image.target), None)
    if lost is not None:
        raise ValueError(f"the target of {lost.source} is unknown: name an environment folder")
    lines = [f"oras copy --recursive $ORAS_TO {image.source} {image.target}\n" for image in copied]
    return _ORAS_HEAD + "".join(lines)


_ORAS_HEAD = """#!/bin/sh
# Run `oras login HOST` first, with --ca-file or --plain-http if needed. ORAS_TO is how to reach the private registry:
# empty, --to-ca-file FILE or --to-plain-http.
set -e
"""


def _copied(images: Sequence[Image]) -> list[Image]:
    return [image for image in images if not image.kind]


FORMATS: dict[str, Callable[[Sequence[Image]], str]] = {
    "table": as_table,
    "txt": as_txt,
    "json": as_json,
    "skopeo": as_skopeo,
    "hauler": as_hauler,
    "zarf": as_zarf,
    "oras": as_oras,
}
