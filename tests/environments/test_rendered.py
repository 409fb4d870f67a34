"""Every release of every example is valid for helm and for the API server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kserve_wiring.manifests.environment import plan
from tests.environments.conftest import Render, stack
from tests.environments.public import public_hosts
from tools.environment import others, render, schema
from tools.upstream import helm
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

CLUSTER_WIDE = {
    "Namespace",
    "CustomResourceDefinition",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "IngressClass",
}


def test_helm_lint_has_no_complaint(
    example: Path, environment: Callable[[Path], Path], upstream_charts: Callable[[str], Upstream], each_helm: Helm
) -> None:
    work, _ = plan(environment(example), upstream_charts(stack(example)).folder)
    whole = [call for call in work if not call.part]  # lint wants whole objects, which patches are not
    assert {call.release: render.lint(call, each_helm) for call in whole} == {call.release: "" for call in whole}


def test_every_release_renders(
    example: Path, environment: Callable[[Path], Path], rendered: Render, each_helm: Helm
) -> None:
    expected = yaml.safe_load((environment(example) / "releases.yaml").read_text(encoding="utf-8"))
    whole = [one for one in rendered(example, each_helm) if not one.partial]
    assert [one.release for one in whole] == [release["name"] for release in expected]
    assert [one.release for one in whole if not one.objects()] == []


def test_both_helms_render_the_same(example: Path, rendered: Render) -> None:
    first, second = (rendered(example, helm.find_major(major)) for major in helm.MAJORS)
    for one, other in zip(first, second, strict=True):
        # Objects of one kind come in another order.
        assert sorted(one.objects(), key=schema.title) == sorted(other.objects(), key=schema.title), one.release


def test_every_object_is_strictly_valid(
    example: Path, rendered: Render, newest_helm: Helm, openapi: Path, upstream_charts: Callable[[str], Upstream]
) -> None:
    whole = [item for one in rendered(example, newest_helm) if not one.partial for item in one.objects()]
    installed = others.kinds(upstream_charts(stack(example)), newest_helm)
    assert [str(problem) for problem in schema.validate(whole, openapi, others=installed)] == []


def test_every_object_names_its_namespace(example: Path, rendered: Render, newest_helm: Helm) -> None:
    """`make diff` passes no --namespace to kubectl."""
    objects = [body for one in rendered(example, newest_helm) for body in one.objects()]
    without = {body["kind"] for body in objects if "namespace" not in body["metadata"]}
    assert {kind for kind in without if not kind.startswith("Cluster")} <= CLUSTER_WIDE


def test_an_offline_environment_names_no_public_host(example: Path, rendered: Render, newest_helm: Helm) -> None:
    if not yaml.safe_load(example.read_text(encoding="utf-8")).get("offline"):
        pytest.skip("has a way to the internet")
    assert public_hosts(item for one in rendered(example, newest_helm) for item in one.objects()) == []
