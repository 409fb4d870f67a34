# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW562: texts in the pod specs of KServe and Knative that the API server refuses in the Pods (wire W13)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.choices import PLACES
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.paths import POD
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, because, set_to


@rule("KW562", skips_open=True)
def other_choices(cluster: Cluster) -> Iterator[Draft]:
    """The API server answers `Unsupported value` when the Pods are created, which only a condition shows."""
    for obj in cluster.of_kind("ClusterStorageContainer"):
        yield from _of(obj, obj.kind)
    for pod in cluster.pods:
        if pod.obj.group in (KSERVE_GROUP, KNATIVE_GROUP):
            yield from _of(pod.obj, POD, pod.path)


def _of(obj: KubeObject, kind: str, start: KeyPath = ()) -> Iterator[Draft]:
    for place in PLACES.texts(obj, kind, start):
        allowed = place.row.allowed
        if place.text not in allowed:
            setting = Setting(place.text, obj, place.path)
            known = ", ".join(allowed)
            near = near_name(place.text, allowed)
            fix = set_to(setting, near) if near else f"write one of {known}"
            yield because(setting, f"it is one of {known}", fix)
