# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Read what people collected: our bundle, `kubectl get -o yaml`, a dump, a must-gather, an istioctl bug-report."""

from __future__ import annotations

import json
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from kserve_wiring.doctor.collected import Collected, Pod
from kserve_wiring.doctor.envoy import reduced
from kserve_wiring.manifests.load import SUFFIXES, Problem, load_bytes, load_values
from kserve_wiring.manifests.objects import KubeObject, ObjectRef

LARGEST = 256 * 1024 * 1024
_LOG_KEPT = 40_000
"""Characters of a log that are read: its end."""

# Folders: ours (logs/ns/pod/container.log), must-gather, an istioctl bug-report (istio/ns/pod/container.log).
_LOGS = (
    re.compile(r"namespaces/(?P<namespace>[^/]+)/pods/(?P<pod>[^/]+)/(?P<container>[^/]+)/[^/]+/logs/\w+\.log$"),
    re.compile(r"(?:^|/)(?P<namespace>[a-z0-9-]+)/(?P<pod>[a-z0-9.-]+)/(?P<container>[a-z0-9-]+)\.log$"),
)
# Ours, and an istioctl bug-report (tools/bug-report/pkg/common, ProxyDebugURLs).
_ENVOY = re.compile(r"(?:^|/)proxies/(?P<namespace>[^/]+)/(?P<pod>[^/]+)/config_dump(?:\?include_eds)?(?:\.json)?$")
# `kubectl cluster-info dump` writes the logs of all containers of a Pod into one file.
_DUMPED = re.compile(
    r"^==== START logs for container (\S+) of pod (\S+)/(\S+) ====\n(.*?)^==== END logs", re.DOTALL | re.MULTILINE
)
_OBJECTS = re.compile(rb"\A\s*(?:---\s*)?(?:#[^\n]*\n)*(?:\{|apiVersion:|items:|kind:)")


def read_bundle(path: str) -> Collected:
    """Read a file, a folder, a tar archive or, for ``-``, standard input. What cannot be read is a problem."""
    collected = Collected()
    try:
        for name, data in _files(path):
            _add(collected, name, data)
    except (OSError, tarfile.TarError, EOFError) as error:
        collected.problems.append(Problem(path, 0, getattr(error, "strerror", None) or str(error)))
    if not (collected.objects or collected.problems):
        reason = "no object of Kubernetes: nothing there has an apiVersion and a kind; --explain takes a text"
        collected.problems.append(Problem(path, 0, reason))
    collected.objects = _once(collected.objects)
    return collected


def _once(objects: list[KubeObject]) -> list[KubeObject]:
    """Each object once: a must-gather has some in two files. The one with a status tells more."""
    found: dict[ObjectRef, KubeObject] = {}
    for obj in objects:
        if obj.ref not in found or "status" not in found[obj.ref].body:
            found[obj.ref] = obj
    return list(found.values())


def _files(path: str) -> Iterator[tuple[str, bytes]]:
    if path == "-":
        yield "<stdin>", sys.stdin.buffer.read()
    elif Path(path).is_dir():
        for file in sorted(Path(path).rglob("*")):
            if file.is_file():
                yield str(file), file.read_bytes()
    elif tarfile.is_tarfile(path):
        yield from _members(path)
    else:
        yield path, Path(path).read_bytes()


def _members(path: str) -> Iterator[tuple[str, bytes]]:
    """The regular files of an archive. Nothing is written to disk."""
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() and member.size <= LARGEST else None
            if content is not None:
                yield f"{path}:{member.name}", content.read()


def _add(collected: Collected, name: str, data: bytes) -> None:
    for pattern in _LOGS:
        match = pattern.search(name)
        if match:
            key = (match["namespace"], match["pod"], match["container"])
            collected.logs[key] = collected.logs.get(key, "") + _end(data)
            return
    proxy = _ENVOY.search(name)
    if name == "webhooks.json" or name.endswith("/webhooks.json"):
        _add_webhooks(collected, name, data)
    elif proxy:
        _add_envoy(collected, (proxy["namespace"], proxy["pod"]), name, data)
    elif name.endswith(("logs.txt", "dump.log")):
        for container, namespace, pod, text in _DUMPED.findall(data.decode("utf-8", errors="replace")):
            collected.logs[namespace, pod, container] = text[-_LOG_KEPT:]
    elif name == "unseen.txt" or name.endswith("/unseen.txt"):
        collected.unseen += data.decode("utf-8", errors="replace").splitlines()
    elif name.endswith(SUFFIXES) or _OBJECTS.match(data[:2000]):
        _add_objects(collected, name, data)


def _add_envoy(collected: Collected, pod: Pod, name: str, data: bytes) -> None:
    try:
        configs = json.loads(data)["configs"]
    except (ValueError, KeyError, TypeError, RecursionError):
        configs = None
    if isinstance(configs, list):
        collected.envoys[pod] = reduced(configs)
    else:
        collected.problems.append(Problem(name, 0, "no config_dump of Envoy: it is no JSON object with `configs`"))


def _add_webhooks(collected: Collected, name: str, data: bytes) -> None:
    try:
        answers = dict(json.loads(data))
    except (ValueError, TypeError, RecursionError):
        collected.problems.append(Problem(name, 0, "no JSON object with the answers of webhooks"))
    else:
        collected.webhooks |= {str(key): str(text) for key, text in answers.items()}


def _end(data: bytes) -> str:
    return data[-_LOG_KEPT:].decode("utf-8", errors="replace")


def _add_objects(collected: Collected, name: str, data: bytes) -> None:
    """JSON is read by a faster parser than YAML: a dump of a large cluster is JSON."""
    if data.lstrip()[:1] == b"{":
        try:
            collected.objects += load_values([json.loads(data)], name)
            return
        except ValueError:
            pass  # several documents, or YAML in flow style
        except RecursionError:
            collected.problems.append(Problem(name, 0, "nested too deeply"))
            return
    loaded = load_bytes(data, name)
    collected.objects += loaded.objects
    collected.problems += loaded.problems
