"""Image references as go-containerregistry and the kubelet read them."""

from __future__ import annotations

import pytest

from kserve_wiring.grammar.image import (
    auth_key_matches,
    is_below,
    looks_like_image,
    parse_image,
    pull_problem,
    resolves_over_http,
)

SHA = "sha256:" + "0123456789abcdef" * 4

# What name.ParseReference(image).Context().RegistryStr() gives: the key that Knative looks up in the skip list.
REGISTRY_STR = {
    "nginx": "index.docker.io",
    "kserve/x:v1": "index.docker.io",
    "docker.io/kserve/x:v1": "index.docker.io",
    "index.docker.io/kserve/x:v1": "index.docker.io",
    "registry-1.docker.io/kserve/x:v1": "registry-1.docker.io",
    "harbor.corp.local/kserve/x:v1": "harbor.corp.local",
    "harbor.corp.local:8443/kserve/x:v1": "harbor.corp.local:8443",
    "Harbor.Corp.Local/kserve/x:v1": "Harbor.Corp.Local",
    "harbor/kserve/x:v1": "index.docker.io",
    "localhost/kserve/x:v1": "index.docker.io",
    "harbor:5000/kserve/x:v1": "harbor:5000",
    "10.0.0.5:5000/kserve/x:v1": "10.0.0.5:5000",
    "https://harbor.corp.local/kserve/x": "https:",
    f"harbor:5000/kserve/x@{SHA}": "harbor:5000",
    f"kserve/x:v1@{SHA}": "index.docker.io",
}


@pytest.mark.parametrize(("image", "registry"), REGISTRY_STR.items())
def test_registry_str(image: str, registry: str) -> None:
    assert parse_image(image).registry == registry


def test_parts() -> None:
    image = parse_image(f"harbor.corp.local:8443/kserve/x:v1@{SHA}")
    assert (image.repository, image.tag, image.digest, image.component) == ("kserve/x", "v1", SHA, "x")
    assert parse_image("harbor:5000/kserve/x").tag == ""


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("harbor.corp.local/x:v1", "repository must be between 2 and 255 characters in length: x"),
        ("harbor.corp.local/Kserve/x:v1", "repository can only contain the characters"),
        ("kserve/x:a b", "tag can only contain the characters"),
        ("kserve/x:" + "a" * 129, "tag must be between 1 and 128 characters in length"),
        ("a@b@c", "exactly one '@' separator"),
        ("kserve/x@md5:abc", "unsupported digest algorithm"),
        ("kserve/x@sha256:abc", "64 lower-case hex digits"),
        ("", "a repository name must be specified"),
        ("har bor.corp:1/kserve/x", "registries must be valid RFC 3986 URI authorities"),
    ],
)
def test_refused(image: str, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the text is compared below)
        parse_image(image)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("https://index.docker.io/user/repo", "it has a scheme"),
        ("kserve/x: v1", "it contains whitespace"),
        ("kserve/x ", "it contains whitespace"),
        ("kserve//x:v1", "it is not host[:port]/path with a tag or a digest"),
        ("kserve/x:-v1", "it is not host[:port]/path with a tag or a digest"),
        ("kserve/x:v1", ""),
        (f"localhost:5000/a/b__c-d.e:v1_2.3@{SHA}", ""),
    ],
)
def test_pull_problem(image: str, problem: str) -> None:
    assert pull_problem(image) == problem


@pytest.mark.parametrize(
    ("text", "is_image"),
    [
        ("quay.io/jetstack/cert-manager-acmesolver:v1.17.0", True),
        ("harbor:5000/a/b:1", True),
        (f"quay.io/a/b@{SHA}", True),
        ("kserve/agent:v1", False),
        ("istiod.istio-system.svc:15012", False),
        ("http://default-broker", False),
        ("https://harbor.corp.local/v2/", False),
        ("/var/run/secrets/tokens", False),
        ("quay.io/a/b", False),
    ],
)
def test_looks_like_image(text: str, is_image: bool) -> None:
    assert looks_like_image(text) is is_image


@pytest.mark.parametrize(
    ("image", "registry", "project", "below"),
    [
        ("harbor:5000/kserve/agent:v1", "harbor:5000", "", True),
        ("harbor:5000/kserve/agent:v1", "harbor:5000", "kserve", True),
        ("harbor:5000/kserve-x/agent:v1", "harbor:5000", "kserve", False),
        ("harbor/kserve/agent:v1", "harbor:5000", "", False),
        ("kserve/agent:v1", "docker.io", "kserve", True),
    ],
)
def test_is_below(image: str, registry: str, project: str, below: bool) -> None:
    assert is_below(parse_image(image), registry, project) is below


@pytest.mark.parametrize(
    ("registry", "http"),
    [
        ("10.0.0.5:5000", True),
        ("172.16.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1:80", True),
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("registry.local", True),
        ("registry.local:5000", True),
        ("harbor.example.com", False),
        ("8.8.8.8", False),
    ],
)
def test_resolves_over_http(registry: str, http: bool) -> None:
    """go-containerregistry pkg/name/registry.go Scheme."""
    assert resolves_over_http(registry) is http


@pytest.mark.parametrize(
    ("key", "image", "matches"),
    [
        ("harbor.corp.local:8443", "harbor.corp.local:8443/kserve/x:v1", True),
        ("harbor.corp.local", "harbor.corp.local:8443/kserve/x:v1", False),
        ("harbor.corp.local:8443", "harbor.corp.local/kserve/x:v1", False),
        ("https://harbor.corp.local:8443", "harbor.corp.local:8443/kserve/x:v1", True),
        ("https://harbor.corp.local:8443/v2/", "harbor.corp.local:8443/kserve/x:v1", True),
        ("harbor.corp.local:8443/kserve", "harbor.corp.local:8443/kserve/x:v1", True),
        ("harbor.corp.local:8443/other", "harbor.corp.local:8443/kserve/x:v1", False),
        ("*.corp.local:8443", "harbor.corp.local:8443/kserve/x:v1", True),
        ("*.local", "harbor.corp.local/kserve/x:v1", False),
        ("har*.corp.local", "harbor.corp.local/kserve/x:v1", True),
        ("https://index.docker.io/v1/", "kserve/x:v1", True),
        ("docker.io", "kserve/x:v1", False),
    ],
)
def test_auth_key_matches(key: str, image: str, matches: bool) -> None:
    """k8s.io/kubernetes pkg/credentialprovider/keyring.go URLsMatch."""
    assert auth_key_matches(key, parse_image(image)) is matches
