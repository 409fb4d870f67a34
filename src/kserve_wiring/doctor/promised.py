# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What an environment says that its users create, against what the cluster has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from kserve_wiring.cluster.facts import FACTS_LABEL
from kserve_wiring.manifests.objects import KubeObject


def without_promises(objects: Iterable[KubeObject]) -> Iterator[KubeObject]:
    """The objects, with a fact ``existing`` that lists only kinds that were not seen.

    Among manifests, the fact lists objects such as pull Secrets, which are created by hand. On the cluster they exist
    or are missing. A kind of which one namespace was seen may be in others, which kubectl was not allowed to list.
    """
    objects = list(objects)
    namespaces = defaultdict(set)
    for obj in objects:
        namespaces[obj.kind].add(obj.namespace)
    seen = {kind for kind, places in namespaces.items() if len(places) > 1 or "" in places}
    for obj in objects:
        yield _reduced(obj, seen) if obj.labels.get(FACTS_LABEL) == "true" else obj


def _reduced(facts: KubeObject, seen: set[str]) -> KubeObject:
    data = facts.mapping("data")
    lines = str(data.get("existing", "")).splitlines()
    kept = [line for line in lines if line.strip().partition("/")[0] not in seen]
    return replace(facts, body={**facts.body, "data": {**data, "existing": "\n".join(kept)}})
