# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Ask the Envoys of Istio's gateways for their configuration."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kserve_wiring.cluster.gateways import is_gateway_pod
from kserve_wiring.cluster.pods import pod_uses
from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.envoy import ADMIN_PORT, RESOURCES, reduced
from kserve_wiring.doctor.pods import is_ready
from kserve_wiring.doctor.transport import NoWayError, Transport
from kserve_wiring.manifests.objects import KubeObject

_AT_ONCE = 4


def add_envoys(collected: Collected, transport: Transport, timeout: float) -> None:
    """Add the configuration of each gateway Pod that is ready, or why it cannot be seen."""
    pods = [one for one in collected.objects if one.kind == "Pod" and is_ready(one)]
    pods = [pod for pod in pods if any(is_gateway_pod(use) for use in pod_uses(pod))]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for pod, (configs, why) in zip(pods, pool.map(lambda pod: _dump(pod, transport, timeout), pods), strict=True):
            if configs is None:
                collected.unseen.append(f"Envoy's configuration in Pod {pod.namespace}/{pod.name}: {why}")
            else:
                collected.envoys[pod.namespace, pod.name] = configs


def _dump(pod: KubeObject, transport: Transport, timeout: float) -> tuple[list[Any] | None, str]:
    """The list `configs` of the resources that are compared, or None and the reason."""
    found: list[Any] = []
    try:
        for resource in RESOURCES:
            answer = json.loads(_get(pod, f"/config_dump?resource={resource}", transport, timeout))
            found += reduced(answer.get("configs", []))  # absent if it has none
    except NoWayError as error:
        return None, str(error)
    except (OSError, http.client.HTTPException, ValueError, AttributeError, TypeError) as error:
        return None, f"no answer of Envoy on port {ADMIN_PORT}: {error or type(error).__name__}"
    return found, ""


def _get(pod: KubeObject, path: str, transport: Transport, timeout: float) -> bytes:
    connection = http.client.HTTPConnection("localhost", ADMIN_PORT, timeout=timeout)
    connection.sock = transport.connect(pod, ADMIN_PORT, timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        return connection.getresponse().read()
    finally:
        connection.close()
