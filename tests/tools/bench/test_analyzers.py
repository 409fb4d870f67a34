"""The benchmark against other analyzers."""

from __future__ import annotations

from tools.bench import analyzers


def test_the_verdict_is_on_the_median_of_the_ratios_by_the_clock() -> None:
    ours = [(2.0, 3.0), (2.0, 3.0), (9.0, 3.0)]
    theirs = [(4.0, 2.0), (1.0, 2.0), (9.0, 2.0)]
    line = "kserve-wiring 2.00 s, istioctl 1.00 s (quickest)   ratio 1.00 by the clock, "
    assert analyzers.report("istioctl", 1.0, ours, theirs) == f"{line}within the aim of 1; processor 1.50"
    assert "ratio 1.00 by the clock, above the aim of 0.5" in analyzers.report("kube-score", 0.5, ours, theirs)
