"""Install every example as its README describes, in turn on the same control plane, and send a request.

New files in examples/ are included automatically. The assertions follow from the answers: nothing here names an example
except the one that all other tests share.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from tests.live.bed import brought
from tests.live.bed.api import ApiError, Object, condition, until
from tests.live.bed.bed import Bed
from tests.live.bed.client import send
from tests.live.bed.diagnosis import gateway_address
from tests.live.bed.environments import SHARED, UPGRADED, Environment, examples
from tests.live.bed.inference import (
    ISVC,
    account,
    fresh,
    inference,
    is_standard,
    model,
    outcome,
    outside_host,
    pod_of,
    ready,
    tenant,
)
from tests.live.bed.leftovers import left
from tests.live.test_doctor import doctor, live

pytestmark = pytest.mark.live
# The CRDs are megabytes of YAML.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LLM = "serving.kserve.io/v1alpha2/LLMInferenceService"
ROUTE = "gateway.networking.k8s.io/v1/HTTPRoute"


@pytest.fixture(scope="module", params=examples())
def example(bed: Bed, environment: Environment, request: pytest.FixtureRequest) -> Environment:
    """One example on a cluster without traces of the previous one."""
    if request.param == SHARED:
        return environment
    bed.clear()
    made = Environment.generate(bed, request.param)
    made.install()
    return made


def test_every_release_is_deployed(example: Environment) -> None:
    done = example.helm("list", "--all-namespaces", "--output", "json")
    found = {item["name"]: item["status"] for item in json.loads(done.stdout)}
    assert found == dict.fromkeys([one["name"] for one in example.releases if not one.get("applied")], "deployed")


def test_every_pod_is_ready(bed: Bed, example: Environment) -> None:
    waiting = {
        f"{pod['metadata']['namespace']}/{pod['metadata']['name']}": pod["status"]["containerStatuses"][0]["state"]
        for pod in bed.pods("")
        if pod["status"]["phase"] != "Succeeded" and condition(pod, "Ready")["status"] != "True"
    }
    assert waiting == {}


@pytest.mark.rule("KW201")
def test_every_image_comes_from_the_private_registry(bed: Bed, example: Environment) -> None:
    """W1, W2: no Pod of an environment with a registry pulls from another one, and each pull is authorized (W5)."""
    host = example.answers.get("registry_host")
    images = {
        container["image"]
        for pod in bed.pods("")
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    }
    assert {image for image in images if host and not image.startswith(f"{host}/")} == set()


def test_strict_validation(bed: Bed, example: Environment) -> None:
    """The API server and every webhook accept what each release renders, with strict field validation."""
    example.make("template")
    with ThreadPoolExecutor(8) as pool:
        errors = list(pool.map(lambda body: refusal(bed, body), rendered(example)))
    assert [text for text in errors if text] == []


def test_doctor_is_silent(bed: Bed, example: Environment) -> None:
    code, report = doctor(bed, *live(bed))
    assert (report["verdicts"], report["findings"], report["unseen"], code) == ([], [], [], 0)


def test_storage_initializer(bed: Bed, example: Environment) -> None:
    """W8: image, quantities and variables that KServe's webhook injects, for each URI in the environment."""
    storage = example.wiring["storage"]
    for uri, image, env in initializers(example):
        with inference(
            bed, tenant(example.answers), model(example.answers, uri), "storage", account(example.answers)
        ) as name:
            pod = pod_of(bed, tenant(example.answers), name)
        found = next(c for c in pod["spec"]["initContainers"] if c["name"] == "storage-initializer")
        assert (found["image"], found["resources"]) == (image, storage["resources"]), uri
        assert {item["name"]: item.get("value") for item in found.get("env", [])}.items() >= env.items(), uri


@pytest.mark.net_istio
def test_a_request_arrives(bed: Bed, example: Environment) -> None:
    """W9 to W11: inside by the name in the environment's cluster domain, outside by that in its ingress domain."""
    if is_standard(example.answers):
        pytest.skip("Standard mode has test_a_request_arrives_in_standard_mode")
    namespace = tenant(example.answers)
    with inference(bed, namespace, model(example.answers), "request", account(example.answers)) as name:
        ready(bed, namespace, name)
        pod = pod_of(bed, namespace, name)["status"]["podIP"]
        for component in ("", "-predictor"):
            host = f"{name}{component}.{namespace}.svc.{example.answers['cluster_domain']}"
            answer = outcome(bed, host, "200")
            assert (host, answer.outcome, answer.server, answer.body.get("pod")) == (host, "200", "istio-envoy", pod)
        assert outside(bed, example, name) == pod


def test_a_request_arrives_in_standard_mode(bed: Bed, example: Environment) -> None:
    """W10: inside straight at the Service that status.address names, outside through the Gateway by the URL's host."""
    if not is_standard(example.answers):
        pytest.skip("Knative mode has test_a_request_arrives")
    namespace = tenant(example.answers)
    with inference(bed, namespace, model(example.answers), "request", account(example.answers)) as name:
        status = ready(bed, namespace, name)["status"]
        pod = pod_of(bed, namespace, name)["status"]["podIP"]
        inside = f"{name}-predictor.{namespace}.svc.{example.answers['cluster_domain']}"
        assert (status["deploymentMode"], status["address"]["url"]) == ("Standard", f"http://{inside}")
        answer = outcome(bed, inside, "200")
        assert (answer.outcome, answer.server == "istio-envoy", answer.body.get("pod")) == ("200", False, pod)
        assert outside(bed, example, name) == pod


@contextlib.contextmanager
def llm(bed: Bed, example: Environment, router: Object) -> Iterator[str]:
    """An LLMInferenceService of the first tenant for the duration of a test; yields its name."""
    if not example.answers.get("llm"):
        pytest.skip("this example has no LLMInferenceServices")
    name, namespace = fresh("llm"), tenant(example.answers)
    body: Object = {"apiVersion": "serving.kserve.io/v1alpha2", "kind": "LLMInferenceService"}
    body |= {"metadata": {"name": name, "namespace": namespace}}
    bed.api.create(body | {"spec": {"model": {"name": name, "uri": "hf://a/b"}, "router": router}})
    yield name
    bed.api.delete(LLM, name, namespace)
    until(f"{name} is gone", lambda: bed.api.find(LLM, name, namespace) is None, 30)


def route_of(bed: Bed, example: Environment, name: str) -> Object:
    """The HTTPRoute that KServe makes of an LLMInferenceService, once its Gateway has accepted it and its backends."""

    def settled() -> Object | None:
        found = bed.api.find(ROUTE, f"{name}-kserve-route", tenant(example.answers)) or {}
        parents = found.get("status", {}).get("parents", [])
        states = {(item["type"], item["status"]) for parent in parents for item in parent["conditions"]}
        return found if {("Accepted", "True"), ("ResolvedRefs", "True")} <= states else None

    found: Object = until(f"the route of {name}", settled, 60)
    return found


def test_an_llm_answers_through_the_gateway(bed: Bed, example: Environment) -> None:
    """The path selects the model, and KServe's route leaves that of the API of OpenAI."""
    namespace = tenant(example.answers)
    with llm(bed, example, {"gateway": {}, "route": {}}) as name:
        route_of(bed, example, name)
        (pod,) = until(f"Pod of {name}", lambda: bed.pods(namespace, f"app.kubernetes.io/name={name}"), 60)
        gateway = gateway_address(bed, example.answers["ingress_gateway_name"])
        host, path = f"llm.{example.answers['ingress_domain']}", f"/{namespace}/{name}/v1/completions"
        until(host, lambda: send(gateway, 80, host, path).outcome == "200", 30)
        answer = send(gateway, 80, host, path)
        assert (answer.body["pod"], answer.body["path"]) == (pod["status"]["podIP"], "/v1/completions")
        assert pod["spec"]["imagePullSecrets"] == [{"name": example.answers["pull_secret"]}]


def test_istio_takes_the_pool_of_a_scheduler(bed: Bed, example: Environment) -> None:
    """The pool is of the group that this Istio knows. No scheduler runs on the bed, so no request is sent."""
    namespace = tenant(example.answers)
    with llm(bed, example, {"gateway": {}, "route": {}, "scheduler": {}}) as name:
        route = route_of(bed, example, name)
        backends = [ref for rule in route["spec"]["rules"] for ref in rule["backendRefs"]]
        assert "InferencePool" in {ref["kind"] for ref in backends}
        wanted = {pod["image"] for pod in containers(bed, namespace, name)}
        host = example.answers["registry_host"]
        assert {image for image in wanted if not image.startswith(f"{host}/")} == set()


def containers(bed: Bed, namespace: str, name: str) -> list[Object]:
    """Those of the Pods of an LLMInferenceService and its scheduler."""
    label = f"app.kubernetes.io/name={name}"
    pods = until(f"Pods of {name}", lambda: len(found := bed.pods(namespace, label)) > 1 and found, 60)
    return [one for pod in pods for one in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]]


def test_uninstall_is_clean(bed: Bed, example: Environment) -> None:
    if example.folder.name == UPGRADED:
        pytest.skip("test_upgrade.py goes on with it, and uninstalls what it has become")
    bed.remove_models()
    add_a_model(example)
    assert bed.api.find(ISVC, "mine", tenant(example.answers))
    example.uninstall()
    assert bed.api.find(ISVC, "mine", tenant(example.answers)) is None
    assert left(example) == []


def add_a_model(example: Environment) -> None:
    """In extra/, which is removed before the check that no model is left."""
    predictor = model(example.answers) | {"serviceAccountName": account(example.answers)}
    meta = {"name": "mine", "namespace": tenant(example.answers)}
    kind = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
    text = yaml.safe_dump({**kind, "metadata": meta, "spec": {"predictor": predictor}})
    (example.folder / "extra" / "model.yaml").write_text(text, encoding="utf-8")
    example.make("install-extra")


def rendered(example: Environment) -> Iterator[Object]:
    for release in example.releases:
        text = (example.folder / "build" / f"{release['name']}.yaml").read_text(encoding="utf-8")
        for body in filter(None, yaml.load_all(text, LOADER)):
            body["metadata"].setdefault("namespace", release["namespace"])
            yield body


def refusal(bed: Bed, body: Object) -> str:
    """The API server's error for an object; "" if it accepts it."""
    try:
        bed.api.apply(body, dry_run=True)
    except ApiError as error:
        return f"{body['kind']} {body['metadata'].get('namespace')}/{body['metadata']['name']}: {error}"
    return ""


def outside(bed: Bed, example: Environment, name: str) -> str:
    """The address of the Pod that answers the URL in the InferenceService's status, over TLS if it is https."""
    namespace, answers = tenant(example.answers), example.answers
    host = outside_host(answers, name)
    tls = bool(answers.get("ingress_tls_secret"))
    assert bed.api.get(ISVC, name, namespace)["status"]["url"] == f"{'https' if tls else 'http'}://{host}"
    gateway = gateway_address(bed, answers["ingress_gateway_name"])
    if not tls:
        return str(until(host, lambda: send(gateway, 80, host).body.get("pod"), 10))
    assert f"*.{host.partition('.')[2]}" in brought.hosts_of(answers)
    ca = bed.state / "keys" / "ca.crt"
    found = until(host, lambda: send(gateway, 443, host, ca=ca).body.get("pod"), 10)
    assert send(gateway, 80, host).outcome == ("200" if is_standard(answers) else "301")
    return str(found)


def initializers(example: Environment) -> Iterator[tuple[str, str, dict[str, str]]]:
    """What each URI gets: the image, and the variables that must be there."""
    wiring = example.wiring
    with_keys = any("s3" in item for item in wiring["tenants"][:1])
    endpoint = {"S3_ENDPOINT": wiring["storage"]["s3"]["endpoint"]} if with_keys else {}
    yield "s3://models/iris", wiring["images"]["kserve"]["storageInitializer"], endpoint
    yield "gs://models/iris", wiring["images"]["kserve"]["storageInitializer"], {}
    for item in wiring["storage"].get("containers", []):
        env = {entry["name"]: entry["value"] for entry in item.get("env", [])}
        for uri in item["supportedUriFormats"]:
            yield f"{uri['prefix']}iris/1", item["image"], env
