"""Standard mode that a real Argo CD installs. The CRDs of the Gateway API stay when everything else goes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.commands.account import ENVIRONMENT
from tests.commands.situations import LIVE_ARGOCD
from tests.live.bed.api import until
from tests.live.bed.argocd import NAMESPACE
from tests.live.bed.bed import Bed
from tests.live.bed.delivery import Delivery, delivering, kinds
from tests.live.bed.drift import changed, histories, mismatched, versions
from tests.live.bed.inference import account, inference, model, pod_of, ready, tenant
from tests.live.bed.leftovers import left
from tests.live.test_argocd import REST, pytestmark
from tests.live.test_examples import outside

__all__ = ["pytestmark"]
ANSWERS = LIVE_ARGOCD | {"deployment_mode": "standard"}
# KServe names no certificate in an Ingress.
ROUTES = {"gateway-api": {}, "ingress": {"standard_ingress": "ingress", "ingress_tls_secret": None}}
GATEWAY_API = {"gateways.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io"}


@pytest.fixture(scope="module", params=ROUTES)
def delivery(request: pytest.FixtureRequest, bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    answers = ANSWERS | {"environment_name": f"by-{request.param}"} | ROUTES[request.param]
    with delivering(bed, answers, tmp_path_factory.mktemp("person")) as begun:
        yield begun


def test_the_readme_alone(delivery: Delivery) -> None:
    """After the README's commands all Applications are synced and healthy, and a request arrives from outside."""
    delivery.push("Generate the environment")
    without = ["make install", "make uninstall", "helmfile sync --server-side=false"]
    last = next(line for line in re.findall(r"(?m)^### (\d+\. Verify)$", delivery.readme))
    delivery.session.follow(ENVIRONMENT, delivery.readme, "live", last=last, without=without)
    delivery.wait(1500)
    answers, bed = delivery.environment.answers, delivery.bed
    with inference(bed, tenant(answers), model(answers), account=account(answers)) as name:
        ready(bed, tenant(answers), name)
        pod = pod_of(bed, tenant(answers), name)["status"]["podIP"]
        assert outside(bed, delivery.environment, name) == pod


def test_at_rest_nothing_changes(delivery: Delivery) -> None:
    """Nor does anything differ that ignoreDifferences do not name."""
    before, synced = versions(delivery), histories(delivery)
    deadline = time.monotonic() + REST
    while time.monotonic() < deadline:
        assert delivery.arrived(), delivery.table()
        time.sleep(1)
    assert histories(delivery) == synced
    assert changed(delivery, before) == {}
    assert mismatched(delivery) == ([], [])
    delivery.wait()


def test_nothing_but_crds_stays(delivery: Delivery) -> None:
    """Those of the Gateway API belong to everybody, and their objects would go with them."""
    delivery.session.follow(ENVIRONMENT, delivery.readme, "live", first="Remove")
    until("all Applications are gone", lambda: delivery.argocd.applications() == {}, 300)
    delivery.bed.installed = None
    assert [one for one in left(delivery.environment) if f" {NAMESPACE}/" not in one] == []
    assert GATEWAY_API & set(kinds(delivery.bed)) == (GATEWAY_API if delivery.root == "by-gateway-api" else set())
