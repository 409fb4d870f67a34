"""Small images that replace upstream's: every kind of manifest, and different content for every reference."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import Any

OCI, DOCKER = "application/vnd.oci.image.", "application/vnd.docker."
CONFIG = {OCI: f"{OCI}config.v1+json", DOCKER: f"{DOCKER}container.image.v1+json"}
LAYER = {OCI: f"{OCI}layer.v1.tar+gzip", DOCKER: f"{DOCKER}image.rootfs.diff.tar.gzip"}
MANIFEST = {OCI: f"{OCI}manifest.v1+json", DOCKER: f"{DOCKER}distribution.manifest.v2+json"}
INDEX = {OCI: f"{OCI}index.v1+json", DOCKER: f"{DOCKER}distribution.manifest.list.v2+json"}
# Family and platforms: one platform makes a plain manifest, several make an index. References use these in rotation.
SHAPES = [(OCI, ["amd64", "arm64"]), (DOCKER, ["amd64", "arm64"]), (OCI, ["amd64"]), (DOCKER, ["amd64"])]


@dataclass
class StandIn:
    """An image: blobs by digest, and manifests as (media type, content). The last manifest is the one to tag."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: list[tuple[str, bytes]] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return sha256(self.manifests[-1][1])


def stand_in(reference: str, number: int) -> StandIn:
    """The image for a reference; the same on every call. All images share the first layer."""
    family, architectures = SHAPES[number % len(SHAPES)]
    image = StandIn(platforms=[f"linux/{architecture}" for architecture in architectures])
    entries = [_manifest(image, family, reference, architecture) for architecture in architectures]
    if len(entries) > 1:
        index = {"schemaVersion": 2, "mediaType": INDEX[family], "manifests": entries}
        image.manifests.append((INDEX[family], _json(index)))
    return image


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _manifest(image: StandIn, family: str, reference: str, architecture: str) -> dict[str, Any]:
    layers = [_layer("base", "the same in every image"), _layer("name", f"{reference} {architecture}")]
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [sha256(gzip.decompress(layer)) for layer in layers]},
    }
    body = {
        "schemaVersion": 2,
        "mediaType": MANIFEST[family],
        "config": _blob(image, CONFIG[family], _json(config)),
        "layers": [_blob(image, LAYER[family], layer) for layer in layers],
    }
    content = _json(body)
    image.manifests.append((MANIFEST[family], content))
    platform = {"architecture": architecture, "os": "linux"}
    return {"mediaType": MANIFEST[family], "digest": sha256(content), "size": len(content), "platform": platform}


def _blob(image: StandIn, kind: str, content: bytes) -> dict[str, Any]:
    image.blobs[sha256(content)] = content
    return {"mediaType": kind, "digest": sha256(content), "size": len(content)}


def _layer(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(text.encode())
        tar.addfile(info, io.BytesIO(text.encode()))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
