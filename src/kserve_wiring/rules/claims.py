# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW545: volumes that the Pods of a model cannot mount together, or not as a file system (wire W8).

Kubernetes pkg/controller/volume/attachdetach/reconciler (Multi-Attach) and pkg/scheduler/framework/plugins/
volumerestrictions (ReadWriteOncePod); kserve pkg/webhook/admission/pod/storage_initializer_injector.go mounts claims.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.paths import POD
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.cluster.references import references
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_CLAIM = "PersistentVolumeClaim"
_SHARED = ("ReadWriteMany", "ReadOnlyMany")
_STAYING = ("InferenceService", "Deployment", "StatefulSet", "Pod", "Service")
"""What has Pods that stay; the Pods of a Job release their volume."""


@dataclass(frozen=True, slots=True)
class _Use:
    """A claim that Pods mount. pods: how many at least."""

    pod: PodUse
    path: KeyPath
    pods: int


@rule("KW545")
def unshareable_claims(cluster: Cluster) -> Iterator[Draft]:
    """The second Pod waits for the volume: Multi-Attach error, or the scheduler finds no node."""
    uses = _uses(cluster)
    for claim in cluster.of_kind(_CLAIM):
        found = uses.get((claim.namespace, claim.name), ())
        models = [use for use in found if use.pod.obj.kind == "InferenceService"]
        if models:
            yield from _modes(claim, [*models, *(use for use in found if use not in models)])
            mode = at(claim, "spec", "volumeMode")
            if mode.value == "Block":
                reason = f"{models[0].pod.obj.ref} mounts it as a file system"
                yield because(mode, reason, f"remove {mode.key}", _place(models[0]))


def _uses(cluster: Cluster) -> dict[tuple[str, str], list[_Use]]:
    found: dict[tuple[str, str], list[_Use]] = defaultdict(list)
    for pod in cluster.pods:
        if pod.obj.kind in _STAYING and not pod.runtime:
            for ref in references(pod.obj, POD, pod.path):
                if ref.kinds == (_CLAIM,):
                    found[ref.namespace, ref.name].append(_Use(pod, ref.path, _count(pod)))
    return found


def _count(pod: PodUse) -> int:
    """The Pods that run at the same time, without those of a rollout."""
    obj = pod.obj
    number = obj.get(*pod.path, "minReplicas") if obj.kind == "InferenceService" else obj.get("spec", "replicas")
    return number if isinstance(number, int) else 1


def _modes(claim: KubeObject, uses: list[_Use]) -> Iterator[Draft]:
    modes = strings_of(claim.get("spec", "accessModes"))
    total = sum(use.pods for use in uses)
    if not modes or total < 2 or set(modes) & set(_SHARED):
        return
    setting = Setting(", ".join(modes), claim, ("spec", "accessModes"))
    users = " and ".join(dict.fromkeys(str(use.pod.obj.ref) for use in uses))
    one = "one Pod" if "ReadWriteOncePod" in modes else "the Pods of one node"
    reason = f"{one} can mount it, and {users} have {total} Pods"
    yield because(setting, reason, f"set {setting.key} to ReadWriteMany or ReadOnlyMany", _place(uses[0]))


def _place(use: _Use) -> Setting:
    return Setting(None, use.pod.obj, use.path)
