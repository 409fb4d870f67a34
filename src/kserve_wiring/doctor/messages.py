# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What the objects of a cluster say about themselves: conditions, events, states of containers, logs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.pods import CONTROLLERS, deployment_of, failing
from kserve_wiring.manifests.objects import KubeObject

_HARMLESS = frozenset(["Stopped", "Active", "MinimumReplicasUnavailable", "RollbackSafe"])
"""Types of conditions that may be False on a healthy object."""
_STARTING = "ContainersNotReady"
"""What every Pod says that starts. If it does not start, the state of a container or an event has the reason."""
_GOOD_FALSE = frozenset(["ReplicaFailure"])
"""Types of conditions that are bad when they are True."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text about an object. where: in which part of it, such as ``condition Ready``."""

    object: KubeObject
    where: str
    text: str

    @property
    def container(self) -> str:
        """The container that it is about; "" if it is about the whole object."""
        begin, _, name = self.where.rpartition(" ")
        return name if begin in ("container", "log of") else ""


class Messages:
    """The messages of every object, with an index of events by object."""

    def __init__(self, collected: Collected) -> None:
        self._logs = collected.logs
        self._events: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
        for obj in collected.objects:
            if obj.kind == "Event" and obj.get("type") == "Warning":
                about = obj.mapping("involvedObject") or obj.mapping("regarding")
                key = (
                    str(about.get("kind", "")),
                    str(about.get("namespace", obj.namespace)),
                    str(about.get("name", "")),
                )
                self._events[key][f"{obj.get('reason')} {obj.get('message') or obj.get('note')}"] = None

    def of(self, obj: KubeObject) -> Iterator[Message]:
        """What the object says, the most direct first."""
        if obj.kind == "Pod":
            yield from self._of_pod(obj)
        failure = obj.mapping("status", "modelStatus", "lastFailureInfo")
        if failure:
            code = f"exitCode: {failure['exitCode']} " if failure.get("exitCode") else ""
            yield Message(obj, "modelStatus", f"{failure.get('reason', '')} {code}{failure.get('message', '')}")
        # After what is so now: an event stays for an hour, also that of a fault that is repaired.
        yield from _conditions(obj)
        for text in self._events.get((obj.kind, obj.namespace, obj.name), ()):
            yield Message(obj, "event", text)

    def log(self, pod: KubeObject, container: str) -> Iterator[Message]:
        """The log of a container, if it was seen."""
        text = self._logs.get((pod.namespace, pod.name, container), "")
        if text.strip():
            # Only this container speaks of downloading models, whatever its log looks like.
            stage = "initializer-entrypoint " if container == "storage-initializer" else ""
            yield Message(pod, f"log of {container}", stage + text)

    def _of_pod(self, pod: KubeObject) -> Iterator[Message]:
        for container, text in failing(pod):
            yield from self.log(pod, container)
            yield Message(pod, f"container {container}", f"{container} {text}")


def _conditions(obj: KubeObject) -> Iterator[Message]:
    for condition in obj.mappings("status", "conditions"):
        kind, status = str(condition.get("type")), condition.get("status")
        bad = status == "True" if kind in _GOOD_FALSE else status in ("False", "Unknown")
        if bad and kind not in _HARMLESS and condition.get("reason") != _STARTING:
            yield Message(obj, f"condition {kind}", f"{condition.get('reason', '')} {condition.get('message', '')}")


_SECONDS = len("2026-11-26T16:18:21")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_ERROR = re.compile(r'"?(?:level|severity)"?[:=]"?error|\bpanic\b', re.IGNORECASE)


class Logs:
    """The errors in the logs of the controllers. An old line may be about a fault that is repaired."""

    def __init__(self, platform: Iterable[KubeObject], messages: Messages) -> None:
        self._lines = [
            Message(message.object, message.where, line)
            for pod in platform
            if pod.kind == "Pod" and deployment_of(pod) in CONTROLLERS
            for container in pod.mappings("spec", "containers")
            for message in messages.log(pod, str(container.get("name", "")))
            for line in message.text.splitlines()
            if _ERROR.search(line)
        ]

    def about(self, subject: KubeObject, since: str) -> list[Message]:
        """The last error about one object, and the last panic, which names none; not those before a time."""
        lines = [message for message in self._lines if _time(message.text) >= since]
        named = [message for message in lines if f'"{subject.name}"' in message.text]
        panics = [message for message in lines if "panic" in message.text]
        return [*named[-1:], *panics[-1:]]


def last_change(obj: KubeObject) -> str:
    """When a condition of the object changed last, to the second; "" if it has none."""
    times = [str(item.get("lastTransitionTime", "")) for item in obj.mappings("status", "conditions")]
    return max(times, default="")[:_SECONDS]


def _time(line: str) -> str:
    """When a line was logged, to the second. A line without a time counts as new."""
    match = _TIME.search(line)
    return match[0] if match else "9"
