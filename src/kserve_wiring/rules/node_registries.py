# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW209: registries that only a node reaches, asked from Knative's controller (wire W2).

knative/serving pkg/reconciler/revision/resolve.go: the controller's Pod resolves the tag, not the node.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.image_uses import image_uses
from kserve_wiring.cluster.knative import skip_list
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP
from kserve_wiring.grammar.image import parse_image
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, single

_PORT = re.compile(r":\d+$")
# Knative skips these by default.
_SKIPPED = ("kind.local", "ko.local", "dev.local")


@rule("KW209")
def node_registries(cluster: Cluster) -> Iterator[Draft]:
    """The image is on the node or in its mirror, and the Revision still never becomes Ready."""
    skipped = skip_list(cluster.knative)
    names = skipped[0] if skipped else frozenset(_SKIPPED)
    for kind in ("Service", "Configuration", "InferenceService"):
        for obj in cluster.of_kind(kind):
            if obj.group not in (KNATIVE_GROUP, KSERVE_GROUP) or not cluster.runs_on_knative(obj):
                continue
            for use in image_uses(obj):
                try:
                    image = parse_image(use.image)
                except ValueError:
                    continue
                why = _unreachable(image.registry)
                if why and not image.digest and image.registry not in names:
                    reason = f"Knative's controller asks {image.registry} for its digest, and {why}"
                    suggestion = f"add {image.registry} to registries-skipping-tag-resolving, or use a digest"
                    yield single(use.setting, reason=reason, suggestion=suggestion)


def _unreachable(registry: str) -> str:
    """Why a Pod cannot reach a registry that a node can; "" if it may."""
    host = _PORT.sub("", registry).strip("[]")
    if host == "localhost" or host.endswith(".localhost"):
        return "there that is the controller's own Pod"
    try:
        return "there that is the controller's own Pod" if ipaddress.ip_address(host).is_loopback else ""
    except ValueError:
        pass
    if "." not in host:
        return "the cluster's DNS has no such name without a domain"
    return ""
