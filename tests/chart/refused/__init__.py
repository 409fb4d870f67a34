"""Every disagreement that the chart refuses, in one file per group of codes."""

from __future__ import annotations

from tests.chart.refused import kw1xx_digests, kw2xx_registry, kw3xx_storage, kw4xx_gateways, kw5xx_ownership
from tests.chart.refused.case import Cases

CASES: Cases = (
    kw1xx_digests.CASES | kw2xx_registry.CASES | kw3xx_storage.CASES | kw4xx_gateways.CASES | kw5xx_ownership.CASES
)
# The same, over the values of an environment without the internet.
OFFLINE: Cases = kw1xx_digests.OFFLINE | kw2xx_registry.OFFLINE
