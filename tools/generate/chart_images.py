"""The chart's files/images.yaml: the stacks' versions, and upstream's reference of each image that the chart sets."""

from __future__ import annotations

from typing import Any

from tools import stacks

# A stack's versions that are values of the chart.
VERSIONS = ("kserve", "knative", "knativeOperator", "istio")


def catalogue() -> dict[str, Any]:
    """`hosts` of all images, `stacks` with their versions, and images by their keys below `images`.

    Those below `kserve` have a placeholder for its version. Those below `knative` are named by digest, so there is one
    list for each version.
    """
    hosts = {image.split("/")[0] for stack in stacks.names() for image in stacks.images(stack).values()}
    found: dict[str, Any] = {"hosts": sorted(hosts), "stacks": {}, "kserve": {}, "knative": {}}
    for stack in stacks.names():
        versions = stacks.versions(stack)
        found["stacks"][stack] = {
            name: versions[name].removeprefix("" if name == "kserve" else "v") for name in VERSIONS
        }
        references = stacks.images(stack)
        keys = {key: references[name] for name, key in stacks.values_keys().items()}
        found["knative"][versions["knative"]] = {k: v for k, v in keys.items() if k.startswith("knative.")}
        found["kserve"] = {
            key: reference.replace(f":{versions['kserve']}", ":{kserve}")
            for key, reference in keys.items()
            if not key.startswith("knative.")
        }
    return found
