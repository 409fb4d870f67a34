"""Each field that Knative refuses is found without its flag and silent with it."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring import Finding, Options, inspect
from kserve_wiring.cluster import knative_features as known
from kserve_wiring.manifests.load import Loaded, load_values

VALUES: dict[str, Any] = {
    "nodeSelector": {"disk": "fast"},
    "runtimeClassName": "nvidia",
    "priorityClassName": "high",
    "schedulerName": "own",
    "dnsPolicy": "None",
    "initContainers": [{"name": "first", "image": "registry.example.com/first:1.0"}],
}
IN_CONTAINER: dict[str, dict[str, Any]] = {
    "podspec-fieldref": {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
    "podspec-volumes-mount-propagation": {
        "volumeMounts": [{"name": "a", "mountPath": "/a", "mountPropagation": "HostToContainer"}]
    },
    "containerspec-addcapabilities": {"securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}},
}
PODS = [
    *((f"kubernetes.{flag}", {name: VALUES.get(name, {"some": "value"})}) for name, flag in known.POD_FLAGS.items()),
    *(
        (f"kubernetes.{flag}", {"volumes": [{"name": "a", name: {"readOnly": True}}]})
        for name, flag in known.VOLUME_FLAGS.items()
    ),
    ("kubernetes.podspec-persistent-volume-write", {"volumes": [{"name": "a", "persistentVolumeClaim": {}}]}),
    *((f"kubernetes.{flag}", {"containers": [{"image": "a/b:1", **body}]}) for flag, body in IN_CONTAINER.items()),
]


def found(spec: dict[str, Any], flags: dict[str, str]) -> list[Finding]:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "config-features", "namespace": "knative-serving"},
        "data": flags,
    }
    network = {**config, "metadata": {"name": "config-network", "namespace": "knative-serving"}, "data": {}}
    service = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "reader", "namespace": "team"},
        "spec": {"template": {"spec": {"containers": [{"image": "a/b:1"}], **spec}}},
    }
    loaded = Loaded(objects=load_values([config, network, service]))
    return inspect(loaded, Options(select=["KW517"])).findings


@pytest.mark.parametrize(("flag", "spec"), PODS, ids=[flag for flag, _ in PODS])
def test_a_flag_decides(flag: str, spec: dict[str, Any]) -> None:
    others = dict.fromkeys(known.ALL_FLAGS - {flag, "secure-pod-defaults"}, "enabled")
    (finding,) = found(spec, {**others, flag: "Disabled"})
    assert flag in finding.message
    assert finding.fix.endswith("of ConfigMap knative-serving/config-features to enabled")
    assert found(spec, {**others, flag: "Enabled"}) == []


@pytest.mark.parametrize(("flag", "spec"), PODS, ids=[flag for flag, _ in PODS])
def test_allowed_is_enough_for_fields_of_the_pod_only(flag: str, spec: dict[str, Any]) -> None:
    plain = (*known.POD_FLAGS.values(), "podspec-fieldref")
    others = dict.fromkeys(known.ALL_FLAGS - {flag, "secure-pod-defaults"}, "enabled")
    assert bool(found(spec, {**others, flag: "allowed"})) == (flag.removeprefix("kubernetes.") not in plain)


@pytest.mark.parametrize("name", known.REFUSED_IN_POD)
def test_no_flag_allows_a_field_of_the_pod(name: str) -> None:
    (finding,) = found({name: "value"}, dict.fromkeys(known.ALL_FLAGS, "enabled"))
    assert "no flag allows it" in finding.message


@pytest.mark.parametrize("name", known.REFUSED_IN_CONTAINER)
def test_no_flag_allows_a_field_of_a_container(name: str) -> None:
    (finding,) = found({"containers": [{"image": "a/b:1", name: "value"}]}, {})
    assert "no flag allows it" in finding.message


@pytest.mark.parametrize("empty", [None, False, "", 0, {}, []])
def test_an_empty_field_is_not_set(empty: Any) -> None:
    assert found(dict.fromkeys((*known.POD_FLAGS, *known.REFUSED_IN_POD), empty), {}) == []
