# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""From what was collected to verdicts: each model and each part of the platform stops at its first cause."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.inspect import inspect
from kserve_wiring.checker.options import Options
from kserve_wiring.doctor import pods
from kserve_wiring.doctor.absent import absent, unconverted
from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.explain import Explanation, explain
from kserve_wiring.doctor.hops import Hops
from kserve_wiring.doctor.messages import Logs, Message, Messages, last_change
from kserve_wiring.doctor.models import Chains, is_manifest, is_ready, is_stopped, roots
from kserve_wiring.doctor.platform import is_off, parts
from kserve_wiring.doctor.probe import Probe
from kserve_wiring.doctor.promised import without_promises
from kserve_wiring.doctor.sent import missing
from kserve_wiring.doctor.webhooks import KINDS as WEBHOOKS
from kserve_wiring.doctor.webhooks import failing
from kserve_wiring.manifests.load import Loaded, Problem
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, dig

# What controllers create from the settings of others, and what only says how things went.
_MADE = frozenset(
    [
        *("Pod", "ReplicaSet", "Event", "Revision", "Configuration", "Route", "Ingress", "VirtualService"),
        *("Endpoints", "EndpointSlice", "Node", "CustomResourceDefinition", *WEBHOOKS),
    ]
)
NOT_RECONCILED = "has no status: no controller has reconciled it"
SWITCHED_OFF = "has no Pods: spec.replicas is 0"

Stage = Literal["platform", "webhooks", "gateways", "models", "requests", "texts"]


@dataclass(slots=True)
class Verdict:
    """One cause. message: where it was seen. explanation: None if the table does not know the text.

    subjects: the models or parts of the platform that it stops. stage: which kind of them. findings: the settings that
    disagree and can cause it.
    """

    message: Message
    explanation: Explanation | None
    subjects: list[KubeObject]
    stage: Stage
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class Diagnosis:
    """platform and models: how many were looked at. findings: disagreements that belong to no verdict.

    envoys: how many gateway Pods showed their configuration. requests, arrived: how many were sent to models, and
    arrived there. absent: the kinds that the API server does not have. texts: how many were read, because there are no
    objects. manifests: how many objects are as somebody wrote them, without the state that a cluster gives them.
    """

    objects: int
    platform: int
    models: int
    verdicts: list[Verdict]
    findings: list[Finding]
    unseen: list[str]
    problems: list[Problem]
    envoys: int = 0
    requests: int = 0
    arrived: int = 0
    absent: list[str] = field(default_factory=list)
    texts: int = 0
    manifests: int = 0

    @property
    def nothing(self) -> bool:
        """Nothing of KServe, Knative or Istio could be seen."""
        return not (self.platform or self.models or self.findings or self.verdicts or self.manifests)

    @property
    def healthy(self) -> bool:
        """Nothing is wrong, as far as it could be seen."""
        return not (self.verdicts or self.findings)


def diagnose(
    collected: Collected, names: Collection[str] = (), namespace: str = "", probe: Probe | None = None
) -> Diagnosis:
    """Judge the platform, the models of these names (none: all) in the namespace ("" for all), and all settings.

    A probe is sent to the models that are ready and have a Pod, or that a person names.
    """
    messages = Messages(collected)
    chains = Chains(collected.objects)
    found_parts = list(parts(collected.objects))
    found_models = [root for root in roots(collected.objects) if _wanted(root, names, namespace)]
    platform, models = ([one for one in found if not is_manifest(one)] for found in (found_parts, found_models))
    logs = Logs(platform, messages)
    verdicts: list[Verdict] = []
    if not collected.objects:
        _extend(verdicts, _of_texts(collected))
    _extend(verdicts, _of_kinds(collected))
    _extend(verdicts, _of_platform(platform, messages, logs))
    _extend(verdicts, _of_webhooks(collected, verdicts))
    _extend(verdicts, (_alone(message, "gateways") for message in missing(collected)))
    waiting = [model for model in models if not (is_ready(model) or is_stopped(model) or _pod_is_ready(model))]
    for model in waiting:
        for message, explanation in _judge(model, chains.of(model), messages, logs):
            _add(verdicts, Verdict(message, explanation, [model], "models"))
    if probe is not None:
        ready = [model for model in models if is_ready(model) and not is_stopped(model)]
        asked = [model for model in ready if names or chains.has_ready_pod(model)]
        found = [message for message in probe(asked) if not _follows(message, verdicts)]
        _extend(verdicts, (_alone(message, "requests") for message in found))
    settings = Loaded(objects=[obj for obj in without_promises(collected.objects) if _is_setting(obj)])
    findings = inspect(settings, Options(level="error")).findings
    return Diagnosis(
        objects=len(collected.objects),
        platform=len(platform),
        models=len(models),
        verdicts=verdicts,
        findings=_without_explained(findings, verdicts),
        unseen=[*collected.unseen, *(probe.unseen if probe else ())],
        problems=collected.problems,
        envoys=len(collected.envoys),
        requests=probe.sent if probe else 0,
        arrived=probe.arrived if probe else 0,
        absent=collected.absent,
        texts=0 if collected.objects else len(collected.texts) + len(collected.logs),
        manifests=len(found_parts) + len(found_models) - len(platform) - len(models),
    )


def _of_texts(collected: Collected) -> Iterator[Verdict]:
    """The symptoms in texts and logs without any object: output of kubectl describe, tables of events."""
    logs = {f"log of {'/'.join(container)}": text for container, text in collected.logs.items()}
    for name, text in (collected.texts | logs).items():
        file = KubeObject(ObjectRef("", "File", "", name), {})
        for found in explain(text):
            yield Verdict(Message(file, "text", found.seen), found, [file], "texts")


def _of_kinds(collected: Collected) -> Iterator[Verdict]:
    """What the API server does not list."""
    lacking = absent(collected)
    if lacking:
        yield Verdict(lacking[1], _alone(lacking[1], "platform").explanation, lacking[0], "platform")
    yield from (_alone(message, "webhooks") for message in unconverted(collected))


def _of_platform(platform: list[KubeObject], messages: Messages, logs: Logs) -> Iterator[Verdict]:
    """What stops the parts of the platform."""
    for part in platform:
        if not _is_well(part, messages):
            for message, explanation in _judge(part, [part], messages, logs):
                yield Verdict(message, explanation, [part], "platform")


def _of_webhooks(collected: Collected, verdicts: list[Verdict]) -> Iterator[Verdict]:
    """What stops webhooks. One whose Pods are not ready only repeats what they say."""
    stopped = {subject.namespace for verdict in verdicts for subject in verdict.subjects}
    for message in failing(collected, Hops(collected.objects)):
        if not stopped & {str(one.get("namespace")) for one in _services(message.object)}:
            yield _alone(message, "webhooks")


def _alone(message: Message, stage: Stage) -> Verdict:
    """The verdict about a message that is the only one of its object."""
    explanation = min(explain(message.text), key=lambda item: (item.rank, item.stage.position), default=None)
    return Verdict(message, explanation, [message.object], stage)


def _extend(verdicts: list[Verdict], more: Iterable[Verdict]) -> None:
    for verdict in list(more):
        _add(verdicts, verdict)


def _services(configuration: KubeObject) -> Iterator[Mapping[str, Any]]:
    """The Services of a webhook configuration."""
    for item in configuration.mappings("webhooks"):
        service = dig(item, "clientConfig", "service")
        if isinstance(service, Mapping):
            yield service


def _wanted(root: KubeObject, names: Collection[str], namespace: str) -> bool:
    return (not names or root.name in names) and namespace in ("", root.namespace)


def _is_well(part: KubeObject, messages: Messages) -> bool:
    """It is ready. A Pod that says nothing is starting."""
    if part.kind == "Pod":
        return pods.is_ready(part) or not any(messages.of(part))
    return is_ready(part)


def _pod_is_ready(root: KubeObject) -> bool:
    return root.kind == "Pod" and pods.is_ready(root)


def _judge(
    subject: KubeObject, chain: list[KubeObject], messages: Messages, logs: Logs
) -> list[tuple[Message, Explanation | None]]:
    """The message that says most about the cause: of the earliest stage, then the most direct one.

    If that is of a container, the other containers of the Pod have causes of their own.
    """
    said = [message for obj in chain for message in messages.of(obj)]
    said = said or [_silent(subject)]
    said += logs.about(subject, since=max(map(last_change, chain), default=""))
    known = [
        (item.rank, item.stage.position, index, item)
        for index, message in enumerate(said)
        for item in explain(message.text)
    ]
    if not known:
        return [(said[0], None)]
    known.sort(key=lambda entry: entry[:3])
    rank, _, first, explanation = known[0]
    judged: list[tuple[Message, Explanation | None]] = [(said[first], explanation)]
    seen = {said[first].container}
    for other_rank, _, index, other in known:
        message = said[index]
        if other_rank == rank == 0 and "" not in seen and message.container not in ("", *seen):
            seen.add(message.container)
            judged += [(message, other)]
    return judged


def _silent(subject: KubeObject) -> Message:
    """What is wrong with an object that says nothing itself."""
    if subject.kind == "Deployment" and is_off(subject):
        return Message(subject, "spec.replicas", f"Deployment {subject.name} {SWITCHED_OFF}")
    return Message(subject, "status", f"{subject.kind} {NOT_RECONCILED}")


def _follows(message: Message, verdicts: list[Verdict]) -> bool:
    """A request failed at a gateway whose configuration has a verdict of its own."""
    pods = [one.message.where.rpartition(" in ")[2] for one in verdicts if one.stage == "gateways"]
    return any(re.search(rf"{re.escape(pod)}(?![\w.-])", message.text) for pod in pods)


def _add(verdicts: list[Verdict], verdict: Verdict) -> None:
    """Add a verdict, or its subject to the same verdict about another one."""
    for other in verdicts:
        if _same(other, verdict):
            other.subjects += [subject for subject in verdict.subjects if subject not in other.subjects]
            return
    verdicts.append(verdict)


def _same(one: Verdict, other: Verdict) -> bool:
    if one.stage != other.stage:
        return False
    if one.explanation is None or other.explanation is None:
        return one.explanation is other.explanation and one.message.text == other.message.text
    return one.explanation.symptom is other.explanation.symptom and one.explanation.wrong == other.explanation.wrong


def _is_setting(obj: KubeObject) -> bool:
    return obj.kind not in _MADE and not obj.items("metadata", "ownerReferences")


def _without_explained(findings: list[Finding], verdicts: list[Verdict]) -> list[Finding]:
    """The findings that no verdict explains. A finding that a verdict explains is printed as its reason."""
    left: list[Finding] = []
    for finding in findings:
        owner = next(
            (one for one in verdicts if one.explanation and finding.code in one.explanation.symptom.rules), None
        )
        (owner.findings if owner else left).append(finding)
    return left
