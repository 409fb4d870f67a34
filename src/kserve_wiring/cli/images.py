# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``kserve-wiring images``. Exit code 0: done, 1: --check found a difference, 2: it could not run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kserve_wiring.cli.exit import FAILED, FINDINGS, OK, fail
from kserve_wiring.cli.options import refuse_several

if TYPE_CHECKING:
    from kserve_wiring.inventory.listing import Listing
    from kserve_wiring.manifests.load import Loaded

# The names in formats.FORMATS. Every command imports this module to build the parser, so it must stay light.
FORMAT_NAMES = ("table", "txt", "json", "skopeo", "hauler", "zarf", "oras")


def add_images(commands: Any) -> None:
    """Add the command to the parser."""
    text = "List every image that the cluster will pull, with the object and key that name it."
    images = commands.add_parser("images", help="list every image and why it is pulled", description=text)
    images.set_defaults(run=run)
    images.add_argument("path", metavar="PATH", help="environment folder, file, directory, or - for standard input")
    images.add_argument("--format", choices=FORMAT_NAMES, default="table")
    images.add_argument("--check", action="store_true", help="compare images/images.txt with the manifests")
    images.add_argument("--charts", metavar="DIR", help="upstream charts, for an environment folder ($KSERVE_CHARTS)")
    images.add_argument("--helm", metavar="PATH", default="helm", help="the helm program")


def run(arguments: argparse.Namespace) -> int:
    """List the images; with --check print only the differences between images.txt and the manifests."""
    from kserve_wiring.inventory.formats import FORMATS
    from kserve_wiring.inventory.listing import IMAGE_LIST
    from kserve_wiring.manifests.notes import summed
    from kserve_wiring.manifests.read import read

    refuse_several([arguments.path])
    folder = Path(arguments.path)
    environment = arguments.path != "-" and (folder / IMAGE_LIST).is_file()
    if arguments.check and not environment:
        return fail(f"--check compares an environment with its list, and {folder / IMAGE_LIST} does not exist")
    loaded = read(arguments.path, charts=arguments.charts, helm=arguments.helm)
    try:
        listing = _listing(folder, loaded) if environment else _listing(None, loaded)
        text = FORMATS[arguments.format](listing.images)
    except ValueError as error:
        return fail(str(error))
    for note in summed(loaded.notes):
        print(f"note: {note}", file=sys.stderr)
    for problem in loaded.problems:
        fail(str(problem))
    if loaded.problems:
        return FAILED
    if loaded.unread:
        return fail(f"no list: {len(loaded.unread)} of {len(loaded.releases)} releases were not rendered")
    if arguments.check:
        return _check(folder, listing, loaded)
    sys.stdout.write(text)
    return OK


def _listing(folder: Path | None, loaded: Loaded) -> Listing:
    from kserve_wiring.cluster.facts import make_facts
    from kserve_wiring.inventory.find import found_images
    from kserve_wiring.inventory.listing import list_environment, list_manifests

    found, notes = found_images(loaded.objects, make_facts(loaded.objects))
    loaded.notes += notes
    return list_environment(folder, found) if folder else list_manifests(found)


def _check(folder: Path, listing: Listing, loaded: Loaded) -> int:
    from kserve_wiring.inventory.copies import COPIES, differences, read_copies

    if loaded.notes:
        return fail("cannot verify the list: some inputs could not be read")
    try:
        copies = read_copies(folder / COPIES)
    except ValueError as error:
        return fail(str(error))
    found = list(differences(listing, copies))
    for text in found:
        print(text)
    if found:
        return FINDINGS
    print(f"The list is complete: {len(copies)} images.")
    return OK
