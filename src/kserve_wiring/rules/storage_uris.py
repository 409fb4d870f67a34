# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW318: URIs of models that KServe's webhook refuses or its downloader cannot read (wire W8).

kserve pkg/controller/v1beta1/inferenceservice/utils/utils.go, ValidateStorageURI, and
python/storage/kserve_storage/kserve_storage.py, Storage.download.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.cluster.runtimes import FRAMEWORKS
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to

_SCHEMES = ("gs", "s3", "pvc", "file", "https", "http", "hdfs", "webhdfs", "oci", "oci+native", "hf")
# What other programs call them.
_OTHERS = {
    "gcs": "gs",
    "s3a": "s3",
    "s3n": "s3",
    "minio": "s3",
    "ceph": "s3",
    "huggingface": "hf",
    "pvcs": "pvc",
    "docker": "oci",
    "azure": "https",
    "abfs": "https",
    "abfss": "https",
    "wasbs": "https",
}
_URI = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<rest>.*)", re.DOTALL)
_ONE_SLASH = re.compile(r"(\w+):/?(?=[^/])(.+)")
_MODELS = frozenset({"model", *FRAMEWORKS})
_HUB = ("huggingface.co", "hf.co")
_LOCAL = "the downloader looks for the path in its own container, where no model is"


@rule("KW318", skips_open=True)
def unreadable_uris(cluster: Cluster) -> Iterator[Draft]:
    """The Pod stops in Init:CrashLoopBackOff, or the webhook refuses the object."""
    prefixes = tuple(_prefixes(cluster))
    has_others = any(True for _ in cluster.of_kind("ClusterStorageContainer"))
    for setting in _uris(cluster):
        text = setting.value
        if isinstance(text, str) and text and not text.startswith(prefixes):
            problem = _problem(text, complete=cluster.facts.complete or has_others)
            if problem is not None:
                reason, better = problem
                suggestion = set_to(setting, better) if better else "write SCHEME://BUCKET/PATH"
                level = "warning" if text.startswith("file://") else ""
                yield because(setting, reason, suggestion, level=level)


def _prefixes(cluster: Cluster) -> Iterator[str]:
    """What a storage container of others reads: then the downloader is another program."""
    for obj in cluster.of_kind("ClusterStorageContainer"):
        for _, item in mappings_of(obj.get("spec", "supportedUriFormats")):
            prefix, regex = item.get("prefix"), item.get("regex")
            if isinstance(prefix, str) and prefix and prefix.partition("://")[0] not in _SCHEMES:
                yield prefix
            elif isinstance(regex, str) and "://" in regex and "(" not in regex:
                yield regex.partition("://")[0].lstrip("^") + "://"


def _uris(cluster: Cluster) -> Iterator[Setting]:
    for obj in cluster.of_kind("InferenceService"):
        if obj.group == KSERVE_GROUP:
            for component in ISVC_COMPONENTS:
                spec = obj.mapping("spec", component)
                for name in _MODELS & spec.keys():
                    yield from _of_model(obj, ("spec", component, name))
    for kind, path in (
        ("TrainedModel", ("spec", "model", "storageUri")),
        ("LocalModelCache", ("spec", "sourceModelUri")),
        ("LocalModelNamespaceCache", ("spec", "sourceModelUri")),
    ):
        yield from (at(obj, *path) for obj in cluster.of_kind(kind))


def _of_model(obj: KubeObject, path: KeyPath) -> Iterator[Setting]:
    yield at(obj, *path, "storageUri")
    for index, _ in mappings_of(obj.get(*path, "storageUris")):
        yield at(obj, *path, "storageUris", index, "uri")


def _problem(text: str, *, complete: bool) -> tuple[str, str] | None:
    """Why a URI is not read, and a better one ("" if that is not known)."""
    if text != text.strip():
        return "it has a space at an end, and is compared as text", text.strip()
    match = _URI.fullmatch(text)
    if match is None:
        one = _ONE_SLASH.fullmatch(text)
        if one and one[1].lower() in _SCHEMES:
            return "a scheme ends with ://", f"{one[1].lower()}://{one[2]}"
        return f"it has no scheme, so {_LOCAL}", ""
    scheme, rest = match["scheme"], match["rest"]
    if scheme not in _SCHEMES:
        meant = _OTHERS.get(scheme.lower()) or near_name(f"{scheme}://", [f"{name}://" for name in _SCHEMES])
        meant = scheme.lower() if scheme.lower() in _SCHEMES else meant.removesuffix("://")
        if not meant and not complete:
            return None  # a storage container of the cluster may read it
        better = f"{meant}://{rest}" if meant and meant != "https" else ""
        return f"KServe reads {', '.join(_SCHEMES)}", better
    return _inside(scheme, rest)


def _inside(scheme: str, rest: str) -> tuple[str, str] | None:
    name, _, path = rest.partition("/")
    if _URI.fullmatch(rest):
        return "it has two schemes", "" if scheme != "oci" else f"oci://{rest.partition('://')[2]}"
    if scheme == "file":
        return _LOCAL, ""
    if not name:
        what = {"pvc": "claim", "hf": "owner", "oci": "registry"}.get(scheme, "bucket or host")
        better = f"{scheme}://{path}" if path else ""
        return f"the {what} is missing between the slashes", better
    if scheme == "hf" and rest.count("/") != 1:
        return "the downloader expects hf://OWNER/MODEL[:REVISION]", ""
    if scheme == "https" and name in _HUB and path.count("/") == 1:
        return "this is the page of a model, and the downloader wants the files", f"hf://{path}"
    if scheme in ("http", "https") and not path:
        return "the downloader expects a host and a path", ""
    return None
