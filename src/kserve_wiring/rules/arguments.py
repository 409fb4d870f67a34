# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW536: arguments of containers, which no shell splits into words (wire W8).

Kubernetes pkg/kubelet/container/helpers.go, ExpandContainerCommandAndArgs: each item is one argument of exec.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, because, set_to

_SHELL = re.compile(r"(?:.*/)?(?:ba|da|z|k|a)?sh|.*\s-l?c|-l?i?c|-ec|-exc|eval|exec")
_FLAG = re.compile(r"(?P<flag>--?[A-Za-z][\w.-]*)[ \t]+(?P<value>[^\s-]\S*)")
_QUOTED = re.compile(r"(?P<flag>--?[A-Za-z][\w.-]*=)(?P<quote>[\"'])(?P<value>[^\"']*)(?P=quote)")
_PROGRAM = re.compile(r"(?:/\S+|python3?|uvicorn|gunicorn|java|node|tritonserver|vllm|mlserver)\s+\S.*")


@rule("KW536", skips_open=True)
def unsplit_arguments(cluster: Cluster) -> Iterator[Draft]:
    """The program reports an unknown argument, or takes the quotes as a part of the value."""
    for pod in cluster.pods:
        for path, container in pod.containers():
            yield from _container(pod.obj, path, container)
        model = pod.spec.get("model")
        if isinstance(model, Mapping):
            yield from _container(pod.obj, (*pod.path, "model"), model)


def _container(obj: KubeObject, path: KeyPath, container: Mapping[str, Any]) -> Iterator[Draft]:
    command, args = strings_of(container.get("command")), strings_of(container.get("args"))
    if any(_SHELL.fullmatch(text) for text in (*command, *args)):
        return
    if len(command) == 1 and _PROGRAM.fullmatch(command[0]) and "\n" not in command[0]:
        setting = Setting(command[0], obj, (*path, "command", 0))
        yield because(
            setting, "the first item is the name of the program, with its spaces", "write each word as an item"
        )
    for index, text in enumerate(args):
        setting = Setting(text, obj, (*path, "args", index))
        one, quoted = _FLAG.fullmatch(text), _QUOTED.fullmatch(text)
        if one:
            reason = "no shell splits it, so the program gets the flag and its value as one argument"
            yield because(setting, reason, set_to(setting, f"{one['flag']}={one['value']}"))
        elif quoted:
            reason = "no shell removes the quotes, so they are a part of the value"
            yield because(setting, reason, set_to(setting, f"{quoted['flag']}{quoted['value']}"))
