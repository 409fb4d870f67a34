"""The carried schemas: of which release a field is, and which kinds there are."""

from __future__ import annotations

import pytest

from kserve_wiring.schemas.carried import KUBERNETES, newest, project, project_of, removed


def test_each_group_has_its_project() -> None:
    named = {
        "": KUBERNETES,
        "apps": KUBERNETES,
        "serving.kserve.io": "kserve",
        "inference.networking.k8s.io": "inference-extension",
    }
    for group, name in named.items():
        found = project_of(group)
        assert found is not None
        assert found.name == name
    assert project_of("example.com") is None


@pytest.mark.parametrize(
    ("release", "having", "lacks"),
    [
        ("", [], False),
        ("main", [], False),
        ("v0.14.1", ["0.14.0"], False),
        ("0.14", ["0.15.2"], True),
        ("0.13.0", ["0.12.1"], False),
        ("0.13.0", ["0.14.0"], False),
        ("0.13.0", ["0.15.2"], True),
        ("0.9.0", ["0.10.1"], False),
        ("1.0.0", ["0.20.0"], False),
        ("1.0.0", ["0.19.0"], True),
    ],
)
def test_what_a_release_certainly_lacks(release: str, having: list[str], lacks: bool) -> None:
    kserve = project("kserve")
    bits = sum(1 << kserve.releases.index(name) for name in having)
    assert kserve.lacks(release, bits) is lacks
    assert kserve.names(bits) == having


def test_a_release_without_the_kind_lacks_no_field_of_it() -> None:
    """The kind itself is not served there; to name each of its fields as well helps nobody."""
    kserve = project("kserve")
    group, kind, version = "serving.kserve.io", "LLMInferenceService", "v1alpha1"
    assert kserve.names(kserve.having(group, kind))[0] == "0.16.0"
    spec = {"model": {"uri": "hf://a/b"}, "scaling": {}, "tracing": {}, "replicas": 1}
    found = [kserve.node(group, kind, version, release).misfits({"spec": spec}) for release in ("0.12.1", "")]
    assert found[0] == found[1]


def test_status_is_not_judged() -> None:
    root = project(KUBERNETES).node("", "Service", "v1", "")
    assert root.misfits({"metadata": {}, "status": {"of": "a newer release"}}) == []


def test_the_version_that_is_preferred() -> None:
    assert newest(["v1alpha2", "v1beta1", "v1"]) == "v1"
    assert newest(["v1alpha2", "v1beta1", "v1beta2"]) == "v1beta2"


def test_a_removed_version() -> None:
    assert removed()["batch/v1beta1/CronJob"] == {"release": "1.25", "use": "batch/v1 CronJob"}
    assert "batch/v1/CronJob" not in removed()
