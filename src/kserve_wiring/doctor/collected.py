# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What was seen of a cluster, live or in a bundle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kserve_wiring.manifests.load import Problem
from kserve_wiring.manifests.objects import KubeObject

Container = tuple[str, str, str]
"""Namespace, Pod and container."""
Pod = tuple[str, str]
"""Namespace and Pod."""


@dataclass(slots=True)
class Collected:
    """Objects, the last log lines by container, and what could not be seen or read.

    envoys: the list `configs` of the config_dump of gateway Pods. webhooks: what is wrong with each webhook that was
    called, "" if nothing is, by Webhook.key. absent: the kinds that the API server does not have, by Kind.name.
    texts: other files, by name.
    """

    objects: list[KubeObject] = field(default_factory=list)
    logs: dict[Container, str] = field(default_factory=dict)
    envoys: dict[Pod, list[Any]] = field(default_factory=dict)
    webhooks: dict[str, str] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
