"""Write stacks/operator/<version>.yaml: the images in the embedded manifests of each release of the Knative operator.

No chart and no manifest of the user names them, so `kserve-wiring images` and the completeness of the stacks depend on
these files. Reads cmd/operator/kodata of the pinned Go module with the image finder of the checker.

Usage: python -m tools.generate.operator_images [--check]
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring.cluster.image_uses import ImageUse, image_uses
from kserve_wiring.inventory.operator import QUEUE_SIDECAR
from kserve_wiring.manifests.load import load_text
from kserve_wiring.manifests.objects import dig
from tools import stacks
from tools.console import ROOT, run
from tools.generate.written import write_or_check
from tools.upstream import golang, modules

MODULE = "knative.dev/operator"
FOLDER = ROOT / "stacks" / "operator"
HEAD = """\
# Written by tools/generate/operator_images.py from cmd/operator/kodata of {module}@{version}: do not edit.
# The keys are those of spec.registry.override of a KnativeServing.
"""

Images = dict[str, str]


def generated() -> dict[Path, str]:
    """The text of each file, by path."""
    return dict(_of(stack) for stack in stacks.names())


def _of(stack: str) -> tuple[Path, str]:
    kodata = modules.folder(stack, MODULE) / "cmd" / "operator" / "kodata"
    version = golang.pinned(stacks.modules(stack) / "go.mod")[MODULE]
    data = {
        "serving": {folder.name: _images(folder) for folder in _sorted(kodata / "knative-serving")},
        "ingress": {
            minor.name: {folder.name: _images(folder) for folder in _sorted(minor)}
            for minor in _sorted(kodata / "ingress")
        },
    }
    release = stacks.versions(stack)["knativeOperator"].removeprefix("v")
    text = HEAD.format(module=MODULE, version=version) + yaml.safe_dump(data, sort_keys=False, width=1000)
    return FOLDER / f"{release}.yaml", text


def _sorted(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.name.split("."))


def _images(folder: Path) -> Images:
    """The images of all manifests in a folder by their key."""
    return {_key(use): use.image for file in sorted(folder.glob("*.yaml")) for use in _uses(file)}


def _uses(file: Path) -> Iterator[ImageUse]:
    for obj in load_text(file.read_text(encoding="utf-8"), str(file)).objects:
        # A feature flag in config-features has the name of an image field.
        yield from (use for use in image_uses(obj) if "/" in use.image)


def _key(use: ImageUse) -> str:
    obj, path = use.setting.obj, use.setting.path
    if obj.kind == "ConfigMap":
        return QUEUE_SIDECAR if path[-1] == "queue-sidecar-image" else f"{obj.name}/{path[-1]}"
    if obj.kind == "Image":
        return obj.name
    container: Any = dig(obj.body, *path[:-1])
    return f"{obj.name}/{container['name']}"


def main() -> int:
    return write_or_check(generated(), "tools.generate.operator_images")


if __name__ == "__main__":
    run(main)
