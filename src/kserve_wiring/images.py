# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Image references: parsing as go-containerregistry does it, and credentials as Kubernetes finds them.

Knative compares ``tag.Registry.RegistryStr()`` of go-containerregistry with the skip list
(knative/serving pkg/reconciler/revision/resolve.go), so the registry is computed here in the same way. The
kubelet is stricter; ``pull_problem`` says what it refuses (github.com/distribution/reference).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

DEFAULT_REGISTRY = "index.docker.io"

_TAG_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-.ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_REPOSITORY_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-./")
_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
_AUTHORITY = re.compile(r"^(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?$")

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
    """A parsed reference. registry is RegistryStr: ``index.docker.io`` for Docker Hub. digest is "" for a tag."""

    text: str
    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def component(self) -> str:
        """Last part of the repository: what the Knative operator puts for ${NAME}."""
        return self.repository.rpartition("/")[2]


def parse_image(text: str) -> ImageRef:
    """Parse a reference as go-containerregistry's name.ParseReference with weak validation.

    Raises ValueError with its message.
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
    except ValueError:
        repository, tag = base, ""
    registry, path = _parse_repository(repository)
    return ImageRef(text, registry, path, tag, digest)


def _split_tag(text: str) -> tuple[str, str]:
    base, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        return text, ""
    if not tag:
        raise ValueError(f"{text} must specify a tag name after the colon")
    _check("tag", tag, _TAG_CHARS, 1, 128)
    return base, tag


def _parse_repository(text: str) -> tuple[str, str]:
    if not text:
        raise ValueError("a repository name must be specified")
    first, slash, rest = text.partition("/")
    registry, path = (first, rest) if slash and ("." in first or ":" in first) else ("", text)
    _check("repository", path, _REPOSITORY_CHARS, 2, 255)
    if _AUTHORITY.match(registry) is None:
        raise ValueError(f"registries must be valid RFC 3986 URI authorities: {registry}")
    if registry in ("", "docker.io"):
        registry = DEFAULT_REGISTRY
    return registry, path


def _check(kind: str, text: str, allowed: frozenset[str], least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise ValueError(f"{kind} must be between {least} and {most} characters in length: {text}")
    if not set(text) <= allowed:
        raise ValueError(f"{kind} can only contain the characters `{''.join(sorted(allowed))}`: {text}")


def pull_problem(text: str) -> str:
    """Why neither Knative nor the kubelet can use a reference; "" when both can."""
    if "://" in text:
        return "an image reference has no scheme"
    if text != text.strip() or re.search(r"\s", text):
        return "it has a blank in it"
    try:
        parse_image(text)
    except ValueError as error:
        return str(error)
    return "" if _PULLABLE.match(text) else "it is not host[:port]/path with a tag or a digest"


def looks_like_image(text: str) -> bool:
    """True for a string that is a full reference beyond doubt, wherever it stands."""
    return len(text) < 512 and "/" in text and _UNMISTAKABLE.match(text) is not None


def is_below(image: ImageRef, registry: str, project: str = "") -> bool:
    """True when an image lies in a registry (host[:port]) and below a project of it."""
    wanted = DEFAULT_REGISTRY if registry == "docker.io" else registry
    if image.registry != wanted:
        return False
    return not project or image.repository.startswith(project.strip("/") + "/")


def resolves_over_http(registry: str) -> bool:
    """True when Knative's resolver falls back to plain http for a registry.

    go-containerregistry pkg/name/registry.go Scheme(): private addresses, localhost and *.local.
    """
    host = registry.rpartition(":")[0] or registry
    return (
        _is_private_address(host)
        or registry.startswith("localhost:")
        or host in ("127.0.0.1", "::1", "localhost")
        or host.endswith((".local", ".localhost"))
    )


def _is_private_address(host: str) -> bool:
    parts = host.split(".")
    if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        return False
    first, second = int(parts[0]), int(parts[1])
    return first == 10 or (first == 172 and 16 <= second < 32) or (first == 192 and second == 168)


def auth_key_matches(key: str, image: ImageRef) -> bool:
    """True when a key below ``auths`` of a pull Secret is used for an image.

    k8s.io/kubernetes pkg/credentialprovider/keyring.go: an optional scheme and /v1/ or /v2/ are taken off; the
    ports must be equal, the host must have as many labels (``*`` stands for part of one), and the path must be a
    prefix of the image's.
    """
    host, path = _split_auth_key(key)
    wanted_host, wanted_port = _split_port(image.registry)
    host, port = _split_port(host)
    if port != wanted_port or not f"/{image.repository}".startswith(path):
        return False
    labels, wanted = host.split("."), wanted_host.split(".")
    return len(labels) == len(wanted) and all(fnmatchcase(b, a) for a, b in zip(labels, wanted, strict=True))


def _split_auth_key(key: str) -> tuple[str, str]:
    for scheme in ("https://", "http://"):
        key = key.removeprefix(scheme)
    host, slash, path = key.partition("/")
    path = slash + path
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return host, "" if path == "/" else path


def _split_port(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and port.isdigit() else (host, "")
