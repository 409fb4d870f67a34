"""W9: every broken gateway wire behaves as the page 504-and-404 describes, and the checker reports its code."""

from __future__ import annotations

import pytest

from kserve_wiring import Options, inspect, read
from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment
from tests.live.bed.inference import container, inference, outcome, settled
from tests.live.wires import BROKEN, Broken, broken

pytestmark = [pytest.mark.live, pytest.mark.net_istio]
NAMESPACE = "vision"
IMAGE = "harbor.corp.local:8443/kserve/kserve/sklearnserver:v0.20.0"
# The kinds that the checker reads from a cluster.
KINDS = (
    "v1/Namespace",
    "v1/ConfigMap",
    "v1/Secret",
    "v1/Service",
    "v1/ServiceAccount",
    "apps/v1/Deployment",
    "operator.knative.dev/v1beta1/KnativeServing",
    "networking.istio.io/v1/Gateway",
    "serving.kserve.io/v1alpha1/ClusterStorageContainer",
    "serving.kserve.io/v1alpha1/ClusterServingRuntime",
)


@pytest.mark.rule("KW401", "KW402", "KW403", "KW404", "KW405", "KW406", "KW411")
@pytest.mark.parametrize("row", BROKEN, ids=lambda row: row.wire.replace("`", ""))
def test_broken_wire(bed: Bed, environment: Environment, row: Broken) -> None:
    before = codes(bed)
    with broken(environment, row.target, row.change), inference(bed, NAMESPACE, container(IMAGE), "wire") as name:
        knative, kserve = settled(bed, NAMESPACE, name)
        host = f"{name}.{NAMESPACE}.svc.{bed.cluster_domain}"
        predictor = f"{name}-predictor.{NAMESPACE}.svc.{bed.cluster_domain}"
        found = Broken(
            row.wire,
            row.target,
            row.change,
            knative,
            kserve,
            outcome(bed, host, row.host, 6).outcome,
            outcome(bed, predictor, row.predictor, 6).outcome,
            row.code if row.code in codes(bed) - before else f"{sorted(codes(bed) - before)}",
        )
    assert found == row


def codes(bed: Bed) -> set[str]:
    """The codes that the checker reports for the objects on the cluster."""
    objects = [item for kind in KINDS for item in bed.api.list(kind)]
    return {finding.code for finding in inspect(read(objects), Options(level="error")).findings}
