"""The benchmark of environments."""

from __future__ import annotations

from tools.bench import environments as bench


def test_the_benchmark_says_its_ratio() -> None:
    assert bench.report(1, 1.5, 1.0, 1.5) == (
        "   1 environment    ours    1.50 s   bare    1.00 s   ratio 1.50, within the aim of 1.5"
    )
    assert bench.report(200, 300.0, 100.0, 0.8) == (
        " 200 environments   ours  300.00 s   bare  100.00 s   ratio 3.00, above the aim of 0.8"
    )
    assert bench.answers(7)["local_gateway_name"] == "local-007"
