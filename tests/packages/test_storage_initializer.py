"""The real storage initializer of the pinned KServe downloads with what an environment gives it.

The environment is generated, its chart rendered, its Secrets created as its README says; KServe's own webhook makes the
Pod of a model from these objects. The stores are on loopback, with certificates of a private CA: S3 is Versity's
gateway; the mirror of Hugging Face answers what huggingface_hub asks. Without the CA, the endpoint or the credentials
the download fails, and its message is a symptom that doctor explains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kserve_wiring.doctor.explain import explain
from tests.chart.conftest import Chart
from tests.packages.stores import CONTENT, HUB
from tests.packages.tenant import Cluster, Refused, download
from tests.upstream.functions import PODS, Upstream
from tools.console import ROOT
from tools.upstream.helm import Helm

# An offline cluster: without an endpoint, the clients ask the internet.
NO_NETWORK = ("unshare", "--map-root-user", "--net")
Answers = dict[str, Any]
S3, HF, WEB = "s3://models/iris", "hf://org/iris", "https://WEB/files/model.bin"
# Namespace and ServiceAccount of a model from each source.
PLACES = {S3: ("vision", "default"), HF: ("language", "inference"), WEB: ("vision", "default")}


def without(*names: str) -> Callable[[Answers], None]:
    """Answers without some of them, also in tenants."""

    def change(answers: Answers) -> None:
        for holder in (answers, *answers["tenants"]):
            for name in names:
                holder.pop(name, None)

    return change


NO_CA = without("registry_ca_source", "registry_ca_bundle")
# What the answers lack, what the log then has, and the symptom by which doctor explains it.
ABSENT = [
    (S3, "the CA", NO_CA, "CERTIFICATE_VERIFY_FAILED", "storage-unknown-ca"),
    (S3, "the endpoint", without("s3_endpoint", "s3_region"), "Could not connect to the endpoint", "storage-endpoint"),
    (S3, "the keys", without("s3_secret"), "Unable to locate credentials", "storage-no-credentials"),
    (HF, "the CA", NO_CA, "CERTIFICATE_VERIFY_FAILED", "storage-unknown-ca"),
    (HF, "the endpoint", without("hf_endpoint"), "trying to locate the files on the Hub", "storage-hf-offline"),
    (HF, "the token", without("hf_secret"), "401", "storage-gated"),
    (WEB, "the CA", NO_CA, "CERTIFICATE_VERIFY_FAILED", "storage-unknown-ca"),
]


@pytest.fixture(scope="module")
def webhook(python: Path) -> Iterator[Upstream]:
    """KServe's webhook for Pods."""
    running = Upstream(PODS)
    yield running
    running.close()


@pytest.fixture(scope="module")
def chart(newest_helm: Helm) -> Chart:
    return Chart(newest_helm.path)


@pytest.fixture(scope="module")
def cluster(
    places: dict[str, str], keys: Path, webhook: Upstream, chart: Chart, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Callable[[Answers], None]], Cluster]:
    """The example of these sources, with the stores of the test, after a change of its answers."""

    def make(change: Callable[[Answers], None]) -> Cluster:
        answers = yaml.safe_load((ROOT / "examples" / "models-inside.yaml").read_text("utf-8"))
        bundle = (keys / "cabundle.crt").read_text("utf-8")
        del answers["registry_ca_name"]
        answers |= {"registry_ca_source": "bundle", "registry_ca_bundle": bundle, "s3_endpoint": places["s3"]}
        answers["hf_endpoint"] = f"https://{places['hub']}{HUB}"
        change(answers)
        return Cluster.of(answers, tmp_path_factory.mktemp("made") / "environment", chart, webhook)

    return make


@pytest.fixture(scope="module")
def whole(cluster: Callable[[Callable[[Answers], None]], Cluster]) -> Cluster:
    return cluster(without())


@pytest.mark.parametrize("uri", [S3, HF, WEB])
def test_each_source_is_downloaded(
    whole: Cluster, python: Path, places: dict[str, str], tmp_path: Path, uri: str
) -> None:
    pod = whole.pod(*PLACES[uri], uri.replace("WEB", places["hub"]))
    log, model = download(python, pod, whole.variables(pod, tmp_path), tmp_path)
    assert model == CONTENT, log


@pytest.mark.parametrize(
    ("uri", "lack", "message", "symptom"),
    [(uri, lack, message, symptom) for uri, _, lack, message, symptom in ABSENT],
    ids=[f"{uri} without {name}" for uri, name, *_ in ABSENT],
)
def test_without_one_answer_the_log_says_why(
    cluster: Callable[[Callable[[Answers], None]], Cluster],
    python: Path,
    places: dict[str, str],
    tmp_path: Path,
    uri: str,
    lack: Callable[[Answers], None],
    message: str,
    symptom: str,
) -> None:
    made = cluster(lack)
    pod = made.pod(*PLACES[uri], uri.replace("WEB", places["hub"]))
    isolate = NO_NETWORK if symptom in ("storage-endpoint", "storage-hf-offline") else ()
    log, model = download(python, pod, made.variables(pod, tmp_path), tmp_path, *isolate)
    assert model == b""
    said = [line for line in log.splitlines() if message in line]
    assert said, log
    assert {explanation.symptom.id for explanation in explain(said[-1])} == {symptom}, said[-1]


def test_a_mirror_that_offers_xet_is_not_asked_for_it(
    whole: Cluster, python: Path, places: dict[str, str], tmp_path: Path
) -> None:
    """Its servers are outside. Without the variable, the client waits for them for more than five minutes."""
    pod = whole.pod(*PLACES[HF], HF)
    variables = whole.variables(pod, tmp_path)
    del variables["HF_HUB_DISABLE_XET"]
    assert download(python, pod, variables, tmp_path, "timeout", "15")[1] == b""


def test_a_secret_that_is_not_there_is_named(cluster: Callable[[Callable[[Answers], None]], Cluster]) -> None:
    made = cluster(without())
    made.objects[:] = [obj for obj in made.objects if obj["metadata"]["name"] != "vision-s3"]
    with pytest.raises(Refused, match='secrets "vision-s3" not found'):
        made.pod(*PLACES[S3], S3)


def test_a_model_image_runs_in_containers_that_no_initializer_joins(whole: Cluster) -> None:
    """The node pulls it with the Secrets of the ServiceAccount."""
    spec = whole.pod("vision", "default", "oci://models.corp.local/iris:1")["spec"]
    cars = [item for item in (*spec["initContainers"], *spec["containers"]) if item["name"].startswith("modelcar")]
    assert [item["image"] for item in cars] == ["models.corp.local/iris:1"] * 2
    assert [item["name"] for item in spec["initContainers"]] == ["modelcar-init"]
    account = whole.find("ServiceAccount", "vision", "default")
    assert account["imagePullSecrets"] == [{"name": "harbor-pull"}, {"name": "models-pull"}]


def test_a_claim_is_mounted_and_nothing_is_downloaded(whole: Cluster) -> None:
    spec = whole.pod("trial", "default", "pvc://models/iris")["spec"]
    assert not spec.get("initContainers")
    assert [volume["persistentVolumeClaim"]["claimName"] for volume in spec["volumes"]] == ["models"]
