# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What only a connection to a Pod shows: Envoy's configuration, and the answers of webhooks."""

from __future__ import annotations

from kserve_wiring.doctor.admin import add_envoys
from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.hops import Hops
from kserve_wiring.doctor.transport import Transport
from kserve_wiring.doctor.webhooks import add_answers


def ask(collected: Collected, transport: Transport, timeout: float) -> Hops:
    """Add it to what was collected, or why it cannot be seen. Returns the hops, for requests."""
    hops = Hops(collected.objects)
    add_envoys(collected, transport, timeout)
    add_answers(collected, hops, transport, timeout)
    return hops
