# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""A diagnosis of a cluster as text and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from kserve_wiring.doctor.diagnose import Diagnosis, Verdict
from kserve_wiring.formats.explanations import as_dict, details
from kserve_wiring.formats.terminal import BOLD, paint, wrap
from kserve_wiring.formats.text import findings_text

VERSION = 1
_SHOWN = 5


def as_text(diagnosis: Diagnosis, *, colour: bool = False, ticks: tuple[str, str] = ("✓", "✗")) -> str:
    """The stages, then each verdict, then settings that disagree without a visible effect."""
    lines = [f"cannot read {problem}" for problem in diagnosis.problems]
    for good, text in _stages(diagnosis):
        lines += wrap(text, f"{ticks[0] if good else ticks[1]} ", "  ")
    for verdict in diagnosis.verdicts:
        lines += ["", *_verdict(verdict, colour)]
    if diagnosis.findings:
        lines += ["", "Settings that disagree:", findings_text(diagnosis.findings, colour=colour).rstrip("\n")]
    for unseen in diagnosis.unseen:
        lines += wrap(unseen, "not seen: ", "  ")
    return "\n".join(lines) + "\n"


def _stages(diagnosis: Diagnosis) -> Iterable[tuple[bool, str]]:
    """What was looked at, in the order in which it works."""
    subjects = {(verdict.stage, id(subject)) for verdict in diagnosis.verdicts for subject in verdict.subjects}
    stopped = Counter(stage for stage, _ in subjects)
    platform, models = stopped["platform"], stopped["models"]
    settings = len(diagnosis.findings) + sum(len(verdict.findings) for verdict in diagnosis.verdicts)
    yield not diagnosis.problems, f"{diagnosis.objects} objects read"
    yield not settings, f"settings: {settings or 'none'} disagree"
    yield not platform, f"platform: {diagnosis.platform - platform} of {diagnosis.platform} parts are ready"
    if stopped["webhooks"]:
        yield False, f"webhooks: {stopped['webhooks']} do not answer as the API server needs"
    if diagnosis.envoys:
        wrong = stopped["gateways"]
        what = f"{wrong} objects are not" if wrong else "all Gateways and routes are"
        yield not wrong, f"gateways: {what} in the configuration of {diagnosis.envoys} Envoys"
    if diagnosis.texts:
        known = stopped["texts"]
        yield not known, f"texts: {known or 'no'} known symptoms in {diagnosis.texts} texts without an object"
    if diagnosis.manifests:
        yield True, f"manifests: {diagnosis.manifests} without a state, so only their settings are judged"
    yield not models, f"models: {diagnosis.models - models} of {diagnosis.models} are ready"
    if diagnosis.requests:
        good = diagnosis.arrived == diagnosis.requests
        yield good, f"requests: {diagnosis.arrived} of {diagnosis.requests} arrive at their model"
    if diagnosis.nothing:
        unknown = f"; the API server has no kind {', '.join(diagnosis.absent)}" if diagnosis.absent else ""
        yield False, f"nothing to judge: no InferenceService, no Knative Service, no part of the platform{unknown}"


def _verdict(verdict: Verdict, colour: bool) -> list[str]:
    names = [str(subject.ref) for subject in verdict.subjects]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    lines = [paint(line, BOLD, colour) for line in wrap(", ".join(names[:_SHOWN]) + more, "", "  ")]
    message = verdict.message
    lines += wrap(f"{message.where} of {message.object.ref}", "  at: ", "      ")
    if verdict.explanation is None:
        lines += wrap(message.text, "  unknown symptom: ", "    ")
    else:
        lines += details(verdict.explanation, colour)
    if verdict.findings:
        lines += ["  settings that disagree and can cause it:"]
        lines += [f"    {line}" for line in findings_text(verdict.findings, colour=colour).rstrip("\n").splitlines()]
    return lines


def as_json(diagnosis: Diagnosis) -> str:
    """Everything as one JSON document."""
    document = {
        "version": VERSION,
        "healthy": diagnosis.healthy,
        "objects": diagnosis.objects,
        "platform": diagnosis.platform,
        "models": diagnosis.models,
        "envoys": diagnosis.envoys,
        "requests": diagnosis.requests,
        "arrived": diagnosis.arrived,
        "verdicts": [_as_dict(verdict) for verdict in diagnosis.verdicts],
        "findings": [finding.as_dict() for finding in diagnosis.findings],
        "unseen": diagnosis.unseen,
        "absent": diagnosis.absent,
        "problems": [str(problem) for problem in diagnosis.problems],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _as_dict(verdict: Verdict) -> dict[str, Any]:
    return {
        "stage": verdict.stage,
        "subjects": [str(subject.ref) for subject in verdict.subjects],
        "object": str(verdict.message.object.ref),
        "where": verdict.message.where,
        "text": verdict.message.text,
        "explanation": as_dict(verdict.explanation) if verdict.explanation else None,
        "findings": [finding.as_dict() for finding in verdict.findings],
    }
