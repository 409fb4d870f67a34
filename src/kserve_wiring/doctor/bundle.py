# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Read what people collected: our bundle, `kubectl get -o yaml`, a dump, a must-gather, an istioctl bug-report."""

from __future__ import annotations

import codecs
import json
import re

from kserve_wiring.doctor import block_yaml
from kserve_wiring.doctor.collected import Collected, Pod
from kserve_wiring.doctor.envoy import reduced
from kserve_wiring.doctor.files import Content, files
from kserve_wiring.doctor.pasted import LONGEST
from kserve_wiring.doctor.salvage import YAML, has_more, json_values, yaml_parts
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.load import SUFFIXES, Loaded, Problem, load_bytes, load_values
from kserve_wiring.manifests.objects import KubeObject, ObjectRef

_LOG_KEPT = 40_000
"""Characters of a log that are read: its end."""
_TEXTS = 500
"""Files with neither objects nor logs of Pods that are kept."""

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
_OBJECTS = re.compile(rb"\A\s*(?:---\s*)?(?:#[^\n]*\n)*(?:\{|\[\s*\{|apiVersion:|items:|kind:)")


def read_bundle(path: str) -> Collected:
    """Read a file, a folder, a tar archive or, for ``-``, standard input. What cannot be read is a problem."""
    collected = Collected()
    for found in files(path):
        if isinstance(found, Problem):
            collected.problems.append(found)
        else:
            _add(collected, *found)
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


def _add(collected: Collected, name: str, content: Content) -> None:
    for pattern in _LOGS:
        match = pattern.search(name)
        if match:
            key = (match["namespace"], match["pod"], match["container"])
            collected.logs[key] = collected.logs.get(key, "") + _end(content.take())
            return
    if b"==== START logs for container " in content.data:
        content.data = _add_dumped(collected, content.take())
    proxy = _ENVOY.search(name)
    if name == "webhooks.json" or name.endswith("/webhooks.json"):
        _add_webhooks(collected, name, content.take())
    elif proxy:
        _add_envoy(collected, (proxy["namespace"], proxy["pod"]), name, content.take())
    elif name == "unseen.txt" or name.endswith("/unseen.txt"):
        collected.unseen += content.take().decode("utf-8", errors="replace").splitlines()
    elif name == "absent.txt" or name.endswith("/absent.txt"):
        collected.absent += content.take().decode("utf-8", errors="replace").splitlines()
    elif name.endswith(SUFFIXES) or _OBJECTS.match(content.begin) or YAML.search(content.begin):
        _add_objects(collected, name, content)
    elif b"\0" not in content.begin and len(collected.texts) < _TEXTS:
        collected.texts[name] = content.take()[-LONGEST:].decode("utf-8", errors="replace")


def _add_envoy(collected: Collected, pod: Pod, name: str, data: bytes) -> None:
    """ztunnel's configuration has the same name in a bug-report, and lists workloads (its proxy is not Envoy)."""
    try:
        dump = json.loads(data)
    except (ValueError, RecursionError):
        dump = None
    configs = dump.get("configs") if isinstance(dump, dict) else None
    if isinstance(configs, list):
        collected.envoys[pod] = reduced(configs)
    elif not (isinstance(dump, dict) and "workloads" in dump):
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


def _add_dumped(collected: Collected, data: bytes) -> bytes:
    """Add the logs of a dump, and return what is between them: all objects, if it was written to one file."""
    text = data.decode("utf-8", errors="replace")
    for container, namespace, pod, log in _DUMPED.findall(text):
        collected.logs[namespace, pod, container] = log[-_LOG_KEPT:]
    return _DUMPED.sub("", text).encode()


def _add_objects(collected: Collected, name: str, content: Content) -> None:
    """JSON is read by a faster parser than YAML: a dump of a large cluster is JSON."""
    if content.begin.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"["):
        found = _json(name, content.take().decode("utf-8-sig", errors="replace"))
    else:
        data = content.take()
        found = _yaml(name, data)
        if found.problems or has_more(data, len(found.objects)):
            found = _pieces(name, data, found)
    collected.objects += found.objects
    collected.problems += found.problems


def _yaml(name: str, data: bytes) -> Loaded:
    """Every object of YAML documents."""
    try:
        return Loaded(objects=load_values(block_yaml.values(data.decode("utf-8-sig")), name))
    except (yamltext.YamlError, UnicodeDecodeError):
        return load_bytes(data, name)


def _json(name: str, text: str) -> Loaded:
    """Every object of JSON values. What is cut, or in none, is a problem."""
    try:
        value = json.loads(text)
        return Loaded(objects=load_values(value if isinstance(value, list) else [value], name))
    except RecursionError:
        return Loaded(problems=[Problem(name, 0, "nested too deeply")])
    except ValueError as error:
        objects = load_values([value for value in json_values(text) if isinstance(value, dict)], name)
        if objects:
            return Loaded(objects, [] if "Extra data" in str(error) else [_cut_off(name)])
        if "\ufffd" in text:
            return Loaded(problems=[Problem(name, 0, "not UTF-8 text")])
        return load_bytes(text.encode(), name)


def _pieces(name: str, data: bytes, whole: Loaded) -> Loaded:
    """The objects of YAML with something between them, or cut at its end."""
    found = Loaded()
    for text in yaml_parts(data.decode("utf-8", errors="replace")):
        part = load_bytes(text.encode(), name)
        found.objects += part.objects
        found.problems += [_cut_off(name)] if part.problems else []
    return found if len(found.objects) > len(whole.objects) else whole


def _cut_off(name: str) -> Problem:
    return Problem(name, 0, "it is cut off; the objects before that were read")
