"""Reading what people already have."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
import yaml

from kserve_wiring.doctor.bundle import read_bundle
from kserve_wiring.doctor.collect import write_bundle
from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.envoy import read, reduced
from kserve_wiring.manifests.load import load_values
from tests.unit.doctor.dumps import PRIVATE, listener, routes, whole
from tests.unit.doctor.objects import Object, chain, pod

LOG = "Traceback\n"
POD: Object = {"metadata": {"name": "iris-x", "namespace": "models"}, "spec": {}}


def put(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def kinds(collected: Collected) -> list[str]:
    return sorted(str(item.ref) for item in collected.objects)


def test_output_of_kubectl_get(tmp_path: Path) -> None:
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": chain()})
    found = read_bundle(str(put(tmp_path, {"all.yaml": text}) / "all.yaml"))
    assert "InferenceService models/iris" in kinds(found)


def test_cluster_info_dump(tmp_path: Path) -> None:
    """Its lists are typed: their items have no kind. The logs of a Pod are one file."""
    dump = "==== START logs for container kserve-container of pod models/iris-x ====\nfirst\n==== END logs ...\n"
    dump += "==== START logs for container queue-proxy of pod models/iris-x ====\nsecond\n==== END logs ...\n"
    pods = json.dumps({"kind": "PodList", "apiVersion": "v1", "items": [POD]})
    found = read_bundle(str(put(tmp_path, {"models/pods.json": pods, "models/iris-x/logs.txt": dump})))
    assert kinds(found) == ["Pod models/iris-x"]
    assert found.logs == {
        ("models", "iris-x", "kserve-container"): "first\n",
        ("models", "iris-x", "queue-proxy"): "second\n",
    }


def test_must_gather(tmp_path: Path) -> None:
    log = "quay-io-must-gather/namespaces/models/pods/iris-x/storage-initializer/storage-initializer/logs/current.log"
    pods = yaml.safe_dump({"kind": "PodList", "apiVersion": "v1", "items": [POD]})
    found = read_bundle(str(put(tmp_path, {log: LOG, "q/namespaces/models/core/pods.yaml": pods})))
    assert kinds(found) == ["Pod models/iris-x"]
    assert found.logs == {("models", "iris-x", "storage-initializer"): LOG}


def test_istioctl_bug_report(tmp_path: Path) -> None:
    """Its files of objects have no suffix, and it is an archive."""
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", **POD}]})
    with tarfile.open(tmp_path / "bug-report.tgz", "w:gz") as archive:
        for name, data in (("cluster/k8s-resources", text), ("istio/istio-system/istiod-1/discovery.log", LOG)):
            member = tarfile.TarInfo(f"bug-report/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data.encode()))
    found = read_bundle(str(tmp_path / "bug-report.tgz"))
    assert kinds(found) == ["Pod models/iris-x"]
    assert found.logs == {("istio-system", "istiod-1", "discovery"): LOG}


@pytest.mark.parametrize("name", ["config_dump", "config_dump?include_eds"])
def test_the_configuration_of_envoy_in_a_bug_report(tmp_path: Path, name: str) -> None:
    dump = json.dumps({"configs": whole(listener(8080), routes("http.8080", "a.b"))})
    found = read_bundle(str(put(tmp_path, {f"bug-report/proxies/istio-system/ingress-1/{name}": dump})))
    assert read(found.envoys["istio-system", "ingress-1"]).ports == {8080}
    assert PRIVATE.split()[3] not in json.dumps(found.envoys["istio-system", "ingress-1"])


def test_the_configuration_of_ztunnel_in_a_bug_report(tmp_path: Path) -> None:
    """It has the name of Envoy's (istio tools/bug-report/pkg/common, ztunnelDebugURLs), and is no problem."""
    dump = json.dumps({"workloads": [], "services": [], "certificates": []})
    pod_text = yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", **POD})
    found = read_bundle(str(put(tmp_path, {"proxies/istio-system/ztunnel-1/config_dump": dump, "pod.yaml": pod_text})))
    assert (found.envoys, found.problems) == ({}, [])


def test_a_broken_configuration_of_envoy(tmp_path: Path) -> None:
    found = read_bundle(str(put(tmp_path, {"proxies/istio-system/ingress-1/config_dump": '{"configs": ['})))
    assert [problem.message for problem in found.problems] == [
        "no config_dump of Envoy: it is no JSON object with `configs`"
    ]


def test_a_bundle_is_read_as_it_was_written(tmp_path: Path) -> None:
    container = ("models", "iris-x", "kserve-container")
    envoys = {("istio-system", "ingress-1"): whole(listener(8080))}
    seen = Collected(load_values([*chain(), pod("iris-x", [])]), {container: LOG}, envoys, ["secrets: forbidden"])
    write_bundle(seen, tmp_path / "b.tgz")
    found = read_bundle(str(tmp_path / "b.tgz"))
    assert (kinds(found), found.logs, found.unseen) == (kinds(seen), seen.logs, seen.unseen)
    assert found.envoys == {("istio-system", "ingress-1"): reduced(envoys["istio-system", "ingress-1"])}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("empty.yaml", b"", "no object of Kubernetes"),
        ("notes.txt", b"hello", "no object of Kubernetes"),
        ("broken.tgz", b"\x1f\x8b\x08\x00broken", "Compressed file ended"),
        ("broken.yaml", b"apiVersion: v1\nkind: [", "not YAML"),
        ("binary.json", b"{\xff\xfe", "not UTF-8"),
    ],
)
def test_what_is_no_bundle_is_a_problem(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    (problem,) = read_bundle(str(tmp_path / name)).problems
    assert message in problem.message


def test_a_path_that_is_not_there() -> None:
    (problem,) = read_bundle("absent/bundle.yaml").problems
    assert str(problem) == "absent/bundle.yaml: No such file or directory"


def test_a_cut_archive_keeps_what_came_before(tmp_path: Path) -> None:
    write_bundle(Collected(load_values(chain())), tmp_path / "b.tgz")
    whole = (tmp_path / "b.tgz").read_bytes()
    (tmp_path / "cut.tgz").write_bytes(whole[: len(whole) // 2])
    assert read_bundle(str(tmp_path / "cut.tgz")).problems


def test_links_of_an_archive_are_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        member = tarfile.TarInfo("pods.yaml")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    assert read_bundle(str(tmp_path / "b.tar")).objects == []
