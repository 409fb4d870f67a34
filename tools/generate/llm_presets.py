"""Write files/llm-presets.yaml of our chart: KServe's presets of LLMInferenceServices, for that chart to own.

Upstream's chart emits them as they are: no value changes an image (kserve charts/kserve-runtime-configs/templates/
llmisvcconfigs). Each image becomes its key below `images` in the values of our chart. The scheduler gets an argument to
serve without TLS where KServe has none, because its default is TLS and Istio connects without it
(gateway-api-inference-extension v1.5.0 pkg/epp/server/options.go:115). All else is upstream's.

Usage: python -m tools.generate.llm_presets [--check]
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools import stacks
from tools.console import ROOT, Stop, run
from tools.generate.written import write_or_check
from tools.upstream import modules

MODULE = "github.com/kserve/kserve"
SOURCE = Path("charts", "kserve-runtime-configs", "files", "llmisvcconfigs", "resources.yaml")
TARGET = ROOT / "charts" / "kserve-environment" / "files" / "llm-presets.yaml"
SECURE = "{{ if .GlobalConfig.EnableTLS }}--secure-serving=true{{- end }}"
SECURE_OR_PLAIN = "{{ if .GlobalConfig.EnableTLS }}--secure-serving=true{{ else }}--secure-serving=false{{ end }}"
HEAD = """\
# Written by tools/generate/llm_presets.py from {source} of {module}@{version}: do not edit.
# The templates in the texts are those of KServe's controller. An image is its key below `images` in values.yaml.
"""


def generated() -> dict[Path, str]:
    """The text of the file, by its path. Raises Stop if the stacks need presets of several releases of KServe."""
    versions = {stacks.versions(stack)["kserve"] for stack in stacks.names()}
    if len(versions) > 1:
        raise Stop(f"the chart has presets of one release of KServe, and the stacks have {', '.join(sorted(versions))}")
    (version,) = versions
    presets = {preset["metadata"]["name"]: ours(preset["spec"]) for preset in upstreams()}
    data = {"kserve": version, "presets": presets}
    head = HEAD.format(source=SOURCE.as_posix(), module=MODULE, version=version)
    return {TARGET: head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000)}


def upstreams() -> list[dict[str, Any]]:
    """The presets of the pinned module."""
    text = (modules.folder(stacks.DEFAULT, MODULE) / SOURCE).read_text(encoding="utf-8")
    return [preset for preset in yaml.safe_load_all(text) if preset]


def ours(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec of a preset with our changes, which it then has."""
    references = stacks.images(stacks.DEFAULT)
    keys = {references[name]: key for name, key in stacks.values_keys().items()}
    for container in containers(spec):
        if "image" in container:
            container["image"] = keys[container["image"]]
        if SECURE in container.get("command", []):
            container["command"] = [SECURE_OR_PLAIN if part == SECURE else part for part in container["command"]]
    return spec


def containers(node: Any) -> Iterator[dict[str, Any]]:
    """Every container and init container below a spec."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from value if key in ("containers", "initContainers") else containers(value)


def main() -> int:
    return write_or_check(generated(), "tools.generate.llm_presets")


if __name__ == "__main__":
    run(main)
