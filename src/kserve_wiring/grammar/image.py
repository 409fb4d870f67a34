# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Image references as go-containerregistry parses them, and credentials as Kubernetes selects them.

Knative compares ``tag.Registry.RegistryStr()`` of go-containerregistry with the skip list (knative/serving
pkg/reconciler/revision/resolve.go), so this module computes the registry in the same way. The kubelet is stricter:
``pull_problem`` gives its reasons (github.com/distribution/reference).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from kserve_wiring.grammar.url import is_url_host, split_url

DEFAULT_REGISTRY = "index.docker.io"

_TAG_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-.ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_REPOSITORY_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-./")
_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
_HTTP_ONLY = re.compile(r"\.local(?:host)?(?::\d{1,5})?$|127\.0\.0\.1|::1", re.ASCII)
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))

_DOMAIN_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_COMPONENT}(?:\.{_DOMAIN_COMPONENT})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PULLABLE = re.compile(
    rf"^(?:{_DOMAIN}/)?{_PATH}(?:/{_PATH})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?$"
)
# A string that can only be an image: a host with a dot or port, a path, and a tag or digest.
_UNMISTAKABLE = re.compile(
    rf"^(?:[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+(?::[0-9]+)?|[a-zA-Z0-9-]+:[0-9]+)/{_PATH}(?:/{_PATH})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@sha256:[0-9a-f]{64})$"
)


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A parsed reference. registry: RegistryStr, ``index.docker.io`` for Docker Hub. digest: "" for a tag."""

    text: str
    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def component(self) -> str:
        """Last part of the repository, which the Knative operator substitutes for ${NAME}."""
        return self.repository.rpartition("/")[2]


def parse_image(text: str) -> ImageRef:
    """Parse a reference as go-containerregistry's name.ParseReference does with weak validation.

    Raises ValueError with the message of go-containerregistry.
    """
    if "@" in text:
        return _parse_digest(text)
    repository, tag = _split_tag(text)
    registry, path = _parse_repository(repository)
    return ImageRef(text, registry, path, tag, "")


def _parse_digest(text: str) -> ImageRef:
    parts = text.split("@")
    if len(parts) != 2:
        raise ValueError(
            f"a digest must contain exactly one '@' separator (e.g. registry/repository@digest) saw: {text}"
        )
    base, digest = parts
    if not digest.startswith("sha256:"):
        raise ValueError(f"unsupported digest algorithm: {digest}")
    if _DIGEST.match(digest) is None:
        raise ValueError(f"a sha256 digest has 64 lower-case hex digits: {digest}")
    try:
        repository, tag = _split_tag(base)
        _parse_repository(repository)
    except ValueError:
        repository, tag = base, ""
    registry, path = _parse_repository(repository)
    return ImageRef(text, registry, path, tag, digest)


def _split_tag(text: str) -> tuple[str, str]:
    base, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        return text, ""
    if tag:
        _check("tag", tag, _TAG_CHARS, 1, 128)
    return base, tag


def _parse_repository(text: str) -> tuple[str, str]:
    if not text:
        raise ValueError("a repository name must be specified")
    first, slash, rest = text.partition("/")
    registry, path = (first, rest) if slash and ("." in first or ":" in first) else ("", text)
    _check("repository", path, _REPOSITORY_CHARS, 2, 255)
    if registry and not is_url_host(registry):
        raise ValueError(f"registries must be valid RFC 3986 URI authorities: {registry}")
    if registry in ("", "docker.io"):
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = f"library/{path}"
    return registry, path


def _check(kind: str, text: str, allowed: frozenset[str], least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise ValueError(f"{kind} must be between {least} and {most} characters in length: {text}")
    if not set(text) <= allowed:
        raise ValueError(f"{kind} can only contain the characters `{''.join(sorted(allowed))}`: {text}")


def pull_problem(text: str) -> str:
    """Why Knative or the kubelet cannot use a reference; "" if both can."""
    if "://" in text:
        return "it has a scheme"
    if text != text.strip() or re.search(r"\s", text):
        return "it contains whitespace"
    try:
        parse_image(text)
    except ValueError as error:
        return str(error)
    return "" if _PULLABLE.match(text) else "it is not host[:port]/path with a tag or a digest"


def looks_like_image(text: str) -> bool:
    """True for a string that is certainly a full image reference, in any field."""
    return len(text) < 512 and "/" in text and _UNMISTAKABLE.match(text) is not None


def is_below(image: ImageRef, registry: str, project: str = "") -> bool:
    """True if an image is in a registry (host[:port]) and below a project of it."""
    wanted = DEFAULT_REGISTRY if registry == "docker.io" else registry
    if image.registry != wanted:
        return False
    return not project or image.repository.startswith(project.strip("/") + "/")


def resolves_over_http(registry: str) -> bool:
    """True if Knative's resolver falls back to plain HTTP for a registry.

    go-containerregistry pkg/name/registry.go Scheme(): private addresses, localhost and *.local.
    """
    return (
        registry.startswith("localhost:")
        or _HTTP_ONLY.search(registry) is not None
        or _is_private_address(registry.partition(":")[0])
    )


def _is_private_address(host: str) -> bool:
    try:
        address = IPv4Address(host)
    except AddressValueError:
        return False
    return any(address in network for network in _PRIVATE)


def auth_key_matches(key: str, image: ImageRef) -> bool:
    """True if Kubernetes uses a key below ``auths`` of a pull Secret for an image.

    k8s.io/kubernetes pkg/credentialprovider/keyring.go: it strips an optional scheme and /v1/ or /v2/. The ports must
    be equal, the hosts must have the same number of labels (``*`` matches part of one), and the path must be a prefix
    of the image's.
    """
    found = _split_auth_key(key)
    wanted = split_url(f"https://{image.registry}/{image.repository}")
    if found is None or wanted is None or not wanted[1].startswith(found[1]):
        return False
    host, port = _split_port(found[0])
    wanted_host, wanted_port = _split_port(wanted[0])
    labels, wanted_labels = host.split("."), wanted_host.split(".")
    if port != wanted_port or len(labels) != len(wanted_labels):
        return False
    return all(fnmatchcase(b, a) for a, b in zip(labels, wanted_labels, strict=True))


def _split_auth_key(key: str) -> tuple[str, str] | None:
    """Host and path of a key; None for one that is not a URL, which Kubernetes ignores."""
    found = split_url(key if key.startswith(("https://", "http://")) else f"https://{key}")
    if found is None:
        return None
    host, path = found
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    # Kubernetes joins the two again and parses the result a second time.
    return split_url(f"https://{host}{'' if path == '/' else path}")


def _split_port(host: str) -> tuple[str, str]:
    """Go's net.SplitHostPort, which strips the brackets of an IPv6 address; a host that it refuses stays unchanged."""
    name, colon, port = host.rpartition(":")
    if not colon or (":" in name and not (name.startswith("[") and name.endswith("]"))):
        return host, ""
    return name.removeprefix("[").removesuffix("]"), port
