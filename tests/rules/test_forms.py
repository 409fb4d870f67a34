"""Every row of the table of forms, on generated manifests: the form that is wanted is silent, another one is found."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring import Finding, inspect
from kserve_wiring.cluster.forms import FORMS, FormRow
from kserve_wiring.cluster.paths import POD
from kserve_wiring.grammar import forms
from kserve_wiring.manifests.load import Loaded, load_values

# A text that fits, one that does not, and what the fix writes ("" for none).
TEXTS = {
    forms.HOST.wanted: ("web.example.com", "https://Web.example.com.", "web.example.com"),
    forms.EXTERNAL_NAME.wanted: ("web.example.com.", "10.0.0.1", ""),
    forms.SCOPED_HOST.wanted: ("team-a/web.example.com", "http://web.example.com:80", "web.example.com"),
    forms.URL.wanted: ("http://web.example.com", "web.example.com:80", "http://web.example.com:80"),
    forms.HTTPS_URL.wanted: ("https://web.example.com", "web.example.com", "https://web.example.com"),
    forms.ABSOLUTE.wanted: ("/data", "data", "/data"),
    forms.RELATIVE.wanted: ("data", "/data", "data"),
    forms.MATCHED_PATH.wanted: ("/v1", "v1", "/v1"),
    forms.UPPER.wanted: ("GET", "get", "GET"),
    forms.PRINCIPAL.wanted: ("cluster.local/ns/a/sa/b", "spiffe://cluster.local/ns/a/sa/b", "cluster.local/ns/a/sa/b"),
    forms.TAG.wanted: ("v1.2.3", "sha256:" + "a" * 64, ""),
    forms.DIGEST.wanted: ("sha256:" + "a" * 64, "v1.2.3", ""),
    forms.DURATION.wanted: ("1m30s", "10S", "10s"),
    forms.IMAGE_NAME.wanted: ("kserve/agent", "kserve/agent:v1", "kserve/agent"),
}
GROUPS = {
    "InferenceService": "serving.kserve.io/v1beta1",
    "Gateway": "networking.istio.io/v1",
    "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1",
    "Kustomization": "kustomize.config.k8s.io/v1beta1",
    "Application": "argoproj.io/v1alpha1",
}
ROWS = pytest.mark.parametrize("row", FORMS, ids=lambda row: f"{row.kind}-{row.path}-{row.named}")


def body(row: FormRow, text: str) -> dict[str, Any]:
    """An object with a text at the place of a row. A pod spec is that of a Pod, or of a predictor with a model."""
    kind = row.kind if row.kind != POD else "InferenceService" if row.path.startswith("model.") else "Pod"
    value: Any = text
    steps = row.path.split(".")
    for step in reversed(steps):
        named = {"name": row.named} if row.named and step == steps[-1] else {}
        value = [value] if step == "*" else {step: value, **named}
    if row.kind == POD:
        value = {"spec": {"predictor": value} if kind == "InferenceService" else value}
    metadata = {"name": "one", "namespace": "team-a"}
    return {"apiVersion": GROUPS.get(kind, "v1"), "kind": kind, "metadata": metadata, **value}


def found(row: FormRow, text: str) -> list[Finding]:
    loaded = Loaded(objects=load_values([body(row, text)], "one.yaml"))
    return [finding for finding in inspect(loaded).findings if finding.code == "KW532"]


@ROWS
def test_the_wanted_form_is_silent(row: FormRow) -> None:
    assert found(row, TEXTS[row.form.wanted][0]) == []


@ROWS
def test_another_form_is_found_and_mended(row: FormRow) -> None:
    _, bad, better = TEXTS[row.form.wanted]
    (finding,) = found(row, bad)
    assert row.form.wanted in finding.message
    assert (f" to {better}" in finding.fix) if better else finding.fix == f"write {row.form.wanted}"
    assert not better or found(row, better) == []
