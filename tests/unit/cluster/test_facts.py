"""What manifests cannot say, and who says it."""

from __future__ import annotations

import pytest

from kserve_wiring.cluster.facts import Context, ContextError, make_context
from kserve_wiring.manifests.load import load_text
from kserve_wiring.manifests.objects import KubeObject

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: kserve-environment
  namespace: kserve
  labels:
    kserve-wiring.io/context: "true"
data:
  registry: harbor.corp.local:8443
  offline: "true"
  pull_secret: ""
  something_newer: x
  existing: |-
    Secret/vision/harbor
    ConfigMap/kserve/ca
"""


def objects(text: str = CONFIG_MAP) -> list[KubeObject]:
    return load_text(text, "f").objects


def test_the_config_map_of_an_environment() -> None:
    context = make_context(objects())
    assert (context.registry, context.offline, context.pull_secret) == ("harbor.corp.local:8443", True, "")
    assert context.declared
    assert context.exists("Secret", "vision", "harbor")
    assert not context.exists("Secret", "speech", "harbor")
    assert context.name_of("registry") == "data.registry of ConfigMap kserve/kserve-environment"
    assert [path for _, path in context.place_of("registry")] == [("data", "registry")]


def test_what_the_caller_says_goes_first() -> None:
    context = make_context(objects(), {"registry": "nexus", "offline": None}, {"registry": "--registry"})
    assert (context.registry, context.offline) == ("nexus", True)
    assert context.name_of("registry") == "--registry"


def test_the_version_of_the_custom_resource() -> None:
    server = (
        "apiVersion: operator.knative.dev/v1beta1\nkind: KnativeServing\nmetadata: {name: k}\nspec: {version: 1.21.1}\n"
    )
    context = make_context(objects(server))
    assert context.version("knative_version") == (1, 21, 1)
    assert not context.declared


def test_nothing_is_known_of_nothing() -> None:
    assert make_context([]) == Context()


@pytest.mark.parametrize("said", [{"registri": "x"}, {"offline": "yes"}, {"registry": ["x"]}, {"existing": 5}])
def test_refused(said: dict[str, object]) -> None:
    with pytest.raises(ContextError):
        make_context([], said)
