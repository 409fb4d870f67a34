"""What manifests cannot say, and who says it."""

from __future__ import annotations

import pytest

from kserve_wiring.cluster.facts import Facts, FactsError, make_facts
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
    facts = make_facts(objects())
    assert (facts.registry, facts.offline, facts.pull_secret) == ("harbor.corp.local:8443", True, "")
    assert facts.complete
    assert facts.exists("Secret", "vision", "harbor")
    assert not facts.exists("Secret", "speech", "harbor")
    assert facts.name_of("registry") == "data.registry of ConfigMap kserve/kserve-environment"
    assert [path for _, path in facts.place_of("registry")] == [("data", "registry")]


def test_what_the_caller_says_goes_first() -> None:
    facts = make_facts(objects(), {"registry": "nexus", "offline": None}, {"registry": "--registry"})
    assert (facts.registry, facts.offline) == ("nexus", True)
    assert facts.name_of("registry") == "--registry"


def test_the_version_of_the_custom_resource() -> None:
    server = (
        "apiVersion: operator.knative.dev/v1beta1\nkind: KnativeServing\nmetadata: {name: k}\nspec: {version: 1.21.1}\n"
    )
    facts = make_facts(objects(server))
    assert facts.version("knative_version") == (1, 21, 1)
    assert not facts.complete


def test_nothing_is_known_of_nothing() -> None:
    assert make_facts([]) == Facts()


@pytest.mark.parametrize(
    "said", [{"registri": "x"}, {"offline": "yes"}, {"registry": ["x"]}, {"existing": 5}, {"registry_caches": 5}]
)
def test_refused(said: dict[str, object]) -> None:
    with pytest.raises(FactsError):
        make_facts([], said)


def test_the_hosts_of_the_registry() -> None:
    text = CONFIG_MAP + "  registry_caches: |-\n    harbor.corp.local:8443/hub\n    gcr.corp.local\n"
    assert make_facts(objects(text)).registries == ("harbor.corp.local:8443", "gcr.corp.local")
    given = {"registry": "a.b", "registry_caches": ["a.b/hub", "c.d/e"]}
    assert make_facts([], given).registries == ("a.b", "c.d")
    assert make_facts([], {"registry_caches": []}) == Facts()


def test_old_spellings_count() -> None:
    assert make_facts([], {"registry_insecure": True}).registry_plain_http is True
    old = CONFIG_MAP.replace("  offline:", '  registry_insecure: "true"\n  offline:')
    facts = make_facts(objects(old))
    assert facts.registry_plain_http is True
    assert facts.name_of("registry_plain_http") == "data.registry_insecure of ConfigMap kserve/kserve-environment"
