"""One control plane for all live tests, with the example offline-harbor installed.

These tests run only inside the bed's own network: `make test-live`, which is `python -m tests.live.enter pytest`.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests.live.bed.bed import Bed
from tests.live.bed.diagnosis import diagnosis
from tests.live.bed.environments import SHARED, Environment
from tests.live.bed.net_istio import missing

INSIDE = bool(os.environ.get("KSERVE_TEST_BED"))
collect_ignore_glob = [] if INSIDE else ["test_*.py"]

# The first needs a control plane without an environment, the last ones remove that of the other tests, in this order.
FIRST = ("test_schemas",)
LAST = (
    "test_examples",
    "test_upgrade",
    "test_layouts",
    "test_documents",
    "test_argocd",
    "test_fleet",
    "test_company_cluster",
    "test_company_knative",
    "test_chart_alone",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = [*FIRST, "", *LAST]
    items.sort(key=lambda item: order.index(item.path.stem if item.path.stem in order else ""))
    reason = f"net-istio is not on the Go module proxy: name its binaries with {' and '.join(missing())}"
    for item in items:
        if item.get_closest_marker("net_istio") and missing():
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rule(codes): what these rules warn of, seen on the real software")
    config.addinivalue_line("markers", "net_istio: needs net-istio's binaries, so a Knative Service becomes ready")


@pytest.fixture(scope="session")
def bed() -> Iterator[Bed]:
    """The control plane. Its nodes reach what the installed environment allows."""
    started = Bed.start()
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def generated(bed: Bed) -> Environment:
    """The example as Copier generates it, not installed."""
    return Environment.generate(bed, SHARED)


@pytest.fixture(scope="session")
def environment(generated: Environment) -> Environment:
    """The example, installed by its own Makefile."""
    generated.install()
    return generated


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the diagnosis to the report of a failing test."""
    report = yield
    bed = getattr(item, "funcargs", {}).get("bed")
    if report.failed and bed is not None:
        report.sections.append(("the bed", diagnosis(bed)))
    return report
