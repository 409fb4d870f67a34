# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW319: arguments that KServe's model servers do not read (wire W8).

kserve python/*/*/__main__.py: each server calls parse_known_args, which drops what it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.cluster.runtimes import predictor_model, runtime_of
from kserve_wiring.cluster.surfaces import server_arguments
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, because, set_to

_IMAGES = {"art-explainer": "artserver"}
_FORMATS = {"sklearn": "sklearnserver", "xgboost": "xgbserver", "lightgbm": "lgbserver", "paddle": "paddleserver"}
_FORMATS |= {"pmml": "pmmlserver", "huggingface": "huggingfaceserver"}
# vLLM's parser, which this one inherits from, takes a hyphen for an underscore.
_EITHER = "huggingfaceserver"


@rule("KW319")
def unread_arguments(cluster: Cluster) -> Iterator[Draft]:
    """The server starts with the default, or stops because an argument that it requires is not there."""
    for pod in cluster.pods:
        for path, container in pod.containers():
            if "command" not in container:
                yield from _arguments(pod.obj, path, container, _of_image(container.get("image")))
        name = predictor_model(pod) if pod.obj.kind == "InferenceService" else ""
        if name and "image" not in pod.spec[name] and "command" not in pod.spec[name]:
            yield from _arguments(pod.obj, (*pod.path, name), pod.spec[name], _of_model(cluster, pod, name))


def _of_image(image: Any) -> str:
    """The server in an image, by the last part of its name; "" if it is none of KServe's."""
    last = image.rpartition("/")[2] if isinstance(image, str) else ""
    name = re.split("[:@]", last)[0].removeprefix("kserve-")
    server = _IMAGES.get(name, name)
    return server if server in server_arguments() else ""


def _of_model(cluster: Cluster, pod: PodUse, name: str) -> str:
    """The server of a predictor: that of its runtime, else the one that KServe ships for the format."""
    runtime = runtime_of(cluster, pod.obj)
    if runtime is not None:
        served = [item for _, item in mappings_of(runtime.get("spec", "containers")) if "command" not in item]
        return next((_of_image(item.get("image")) for item in served if item.get("name") == "kserve-container"), "")
    model = pod.spec[name]
    named = str(model.get("runtime") or "").removeprefix("kserve-")
    if named or model.get("protocolVersion") == "v2":
        return named if named in server_arguments() else ""  # MLServer also serves sklearn and xgboost
    form = model.get("modelFormat")
    return _FORMATS.get(str(form.get("name")) if isinstance(form, Mapping) else name, "")


def _arguments(obj: KubeObject, path: KeyPath, container: Mapping[str, Any], server: str) -> Iterator[Draft]:
    known = server_arguments().get(server, ())
    for index, text in enumerate(strings_of(container.get("args")) if known else ()):
        flag, equals, value = text.partition("=")
        meant = _meant(flag, known, either=server == _EITHER) if flag.startswith("-") else ""
        if meant:
            setting = Setting(text, obj, (*path, "args", index))
            reason = f"{server} has no argument {flag}, and ignores it"
            yield because(setting, reason, set_to(setting, f"{meant}{equals}{value}"))


def _meant(flag: str, known: Collection[str], *, either: bool) -> str:
    """The argument that is one edit away; "" for one that is read. argparse takes the beginning of a name, too."""
    if either and any(_plain(one) == _plain(flag) for one in known):
        return ""
    return "" if any(one.startswith(flag) for one in known) else near_name(flag, known)


def _plain(flag: str) -> str:
    return flag.replace("_", "-")
