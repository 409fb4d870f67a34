"""`proxy`: who gets the variables, and which targets Go and Python then reach directly."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from tests.chart.conftest import Chart, Object, Values, named, only
from tests.upstream.functions import Upstream

PROXY = "http://proxy.corp.example:3128"
VALUES: Values = {"proxy": {"http": PROXY, "https": PROXY, "noProxy": [".corp.internal", "10.1.0.0/16"]}}
API_SERVER = "10.96.0.1"
DIRECT = [
    f"https://{API_SERVER}:443/api/v1/pods",
    "http://minio.storage.svc:9000/models",
    "http://minio.storage.svc.corp.internal:9000/models",
    "https://harbor.corp.example:8443/v2/",
    "https://git.corp.internal/models",
    "http://localhost:8080",
]
OUTSIDE = [
    "https://index.docker.io/v2/",
    "https://s3.amazonaws.com/models",
    "http://huggingface.co",
    "https://corp.example",
]


def env_of(items: list[Object]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in items if item["name"].endswith("_PROXY")}


def resolver(objects: list[Object]) -> dict[str, str]:
    (workload,) = only(objects, "KnativeServing")["spec"]["workloads"]
    (container,) = workload["env"]
    assert (workload["name"], container["container"]) == ("controller", "controller")
    return env_of(container["envVars"])


@pytest.fixture
def variables(wiring: Callable[[Values], list[Object]]) -> dict[str, str]:
    return resolver(wiring(named("offline", **VALUES)))


def test_the_resolver_and_the_storage_initializers_get_the_same(
    wiring: Callable[[Values], list[Object]], variables: dict[str, str]
) -> None:
    assert variables.keys() == {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
    objects = wiring(named("offline", **VALUES))
    for container in [item["spec"]["container"] for item in objects if item["kind"] == "ClusterStorageContainer"]:
        assert env_of(container["env"]) == variables


def test_the_stores_of_models_are_reached_directly(wiring: Callable[[Values], list[Object]]) -> None:
    stores = {"s3": {"endpoint": "minio.corp:9000"}, "huggingFace": {"endpoint": "https://nexus.corp:8443/hf"}}
    direct = resolver(wiring(named("offline", storage=stores, **VALUES)))["NO_PROXY"].split(",")
    assert {"minio.corp", "nexus.corp"} <= set(direct)


def test_the_patch_without_the_operator_has_the_same(chart: Chart, variables: dict[str, str]) -> None:
    values = named("offline", part="patches", knative={"install": "yaml"}, **VALUES)
    (container,) = only(chart.render(values).objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert env_of(container["env"]) == variables


def test_a_variable_of_a_storage_container_wins(wiring: Callable[[Values], list[Object]]) -> None:
    own = {"name": "own", "supportedUriFormats": [{"prefix": "own://"}], "env": [{"name": "HTTPS_PROXY", "value": ""}]}
    objects = wiring(named("minimal", storage={"containers": [own]}, **VALUES))
    env = env_of(only(objects, "ClusterStorageContainer", "own")["spec"]["container"]["env"])
    assert (env["HTTPS_PROXY"], env["HTTP_PROXY"]) == ("", PROXY)


def test_without_a_proxy_nobody_gets_a_variable(wiring: Callable[[Values], list[Object]]) -> None:
    assert "_PROXY" not in str(wiring(named("offline")))


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    running = Upstream()
    yield running
    running.close()


def expanded(variables: dict[str, str]) -> str:
    """NO_PROXY as the kubelet writes it."""
    return variables["NO_PROXY"].replace("$(KUBERNETES_SERVICE_HOST)", API_SERVER)


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is missing, which builds upstream's functions")
def test_go_reaches_what_is_inside_directly(upstream: Upstream, variables: dict[str, str]) -> None:
    """Knative's controller."""
    chosen = {url: upstream.ask("proxy", PROXY, expanded(variables), url)["proxy"] for url in DIRECT + OUTSIDE}
    assert chosen == {**dict.fromkeys(DIRECT, ""), **dict.fromkeys(OUTSIDE, PROXY)}


def test_python_reaches_what_is_inside_directly(variables: dict[str, str]) -> None:
    """The storage initializer."""

    def direct(url: str) -> bool:
        return bool(urllib.request.proxy_bypass_environment(urlsplit(url).netloc, {"no": expanded(variables)}))

    assert [url for url in DIRECT + OUTSIDE if direct(url)] == DIRECT


@pytest.mark.parametrize(
    ("proxy", "fault"),
    [
        (
            {"https": "proxy.corp.example:3128"},
            "proxy.https is proxy.corp.example:3128; write a URL with its scheme, without a path and a password, such "
            "as http://proxy.corp.example:3128",
        ),
        (
            {"https": "http://me:secret@proxy.corp.example:3128"},
            "proxy.https is http://me:secret@proxy.corp.example:3128; write a URL with its scheme, without a path and "
            "a password, such as http://proxy.corp.example:3128",
        ),
        (
            {"https": PROXY, "noProxy": ["*.corp.example"]},
            "proxy.noProxy[0] is *.corp.example; write a host, .domain, address or CIDR, without a scheme and *, such "
            "as .corp.example",
        ),
        (
            {"https": PROXY, "noProxy": ["a.b", "https://a.b"]},
            "proxy.noProxy[1] is https://a.b; write a host, .domain, address or CIDR, without a scheme and *, such "
            "as .corp.example",
        ),
        (
            {"noProxy": [".corp.example"]},
            "proxy.noProxy has .corp.example, but proxy.http and proxy.https are empty; set one of them, or remove "
            "proxy.noProxy",
        ),
    ],
)
def test_rejects(chart: Chart, proxy: Values, fault: str) -> None:
    assert chart.render({"proxy": proxy}).faults == [f"values: {fault}"]
