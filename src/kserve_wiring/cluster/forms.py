# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Which form of text each field wants, where no schema says it.

Kubernetes pkg/apis/core/validation and pkg/apis/networking/validation; istio pilot/pkg/security/authz/model and
pilot/pkg/networking/core/route; kserve pkg/agent/logger and pkg/apis/serving; keda pkg/scalers/prometheus_scaler.go;
kustomize api/internal/image and api/filters/imagetag.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kserve_wiring.cluster.paths import POD, PathTable
from kserve_wiring.grammar import forms
from kserve_wiring.grammar.forms import Form

_REFUSED = "the API server refuses another one"
_NO_MATCH = "it is compared as text, and never matches"
_ISTIO = "networking.istio.io"
_NO_DURATION = "the rules of its CRD refuse another one"
_NOT_SENT = "nothing is sent to another one: unsupported protocol scheme"


@dataclass(frozen=True, slots=True)
class FormRow:
    """A field and its form. effect: of another form. group: of the kind, if another API has it. named: the ``name``
    next to the field, for variables. level: overrides the rule's."""

    kind: str
    path: str
    form: Form
    effect: str
    group: str = ""
    named: str = ""
    level: str = ""


def _pods() -> Iterator[FormRow]:
    for holder in ("containers.*", "initContainers.*", "model"):
        mounts = f"{holder}.volumeMounts.*"
        yield FormRow(POD, f"{mounts}.mountPath", forms.ABSOLUTE, "the kubelet adds the slash", level="warning")
        yield FormRow(POD, f"{mounts}.subPath", forms.RELATIVE, _REFUSED)
        yield FormRow(POD, f"{holder}.workingDir", forms.ABSOLUTE, "the container does not start with another one")
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            yield FormRow(POD, f"{holder}.env.*.value", forms.URL, "the client refuses another one", named=name)
    for volume in ("volumes.*.configMap", "volumes.*.secret"):
        yield FormRow(POD, f"{volume}.items.*.path", forms.RELATIVE, _REFUSED)
    yield FormRow(POD, "model.runtimeVersion", forms.TAG, "KServe writes it behind the colon of the image")


def _models() -> Iterator[FormRow]:
    for component in ("predictor", "transformer", "explainer"):
        yield FormRow("InferenceService", f"spec.{component}.logger.url", forms.URL, _NOT_SENT)
        metric = f"spec.{component}.autoScaling.metrics.*.external.metric.serverAddress"
        yield FormRow("InferenceService", metric, forms.URL, _NOT_SENT)
    yield FormRow("InferenceGraph", "spec.nodes.*.steps.*.serviceUrl", forms.URL, _NOT_SENT)
    yield FormRow("ScaledObject", "spec.triggers.*.metadata.serverAddress", forms.URL, _NOT_SENT)


def _network() -> Iterator[FormRow]:
    for part in ("exact", "prefix"):
        yield FormRow("VirtualService", f"spec.http.*.match.*.uri.{part}", forms.MATCHED_PATH, _NO_MATCH)
    yield FormRow("VirtualService", "spec.http.*.match.*.method.exact", forms.UPPER, _NO_MATCH)
    yield FormRow("Gateway", "spec.servers.*.hosts.*", forms.SCOPED_HOST, _NO_MATCH, _ISTIO)
    for negation in ("", "not"):
        paths, methods, principals = (
            f"{negation}{name.title()}" if negation else name for name in ("paths", "methods", "principals")
        )
        operation = "spec.rules.*.to.*.operation"
        yield FormRow("AuthorizationPolicy", f"{operation}.{paths}.*", forms.MATCHED_PATH, _NO_MATCH)
        yield FormRow("AuthorizationPolicy", f"{operation}.{methods}.*", forms.UPPER, _NO_MATCH)
        yield FormRow("AuthorizationPolicy", f"spec.rules.*.from.*.source.{principals}.*", forms.PRINCIPAL, _NO_MATCH)
    keys = "Istio's webhook refuses another one"
    yield FormRow("RequestAuthentication", "spec.jwtRules.*.jwksUri", forms.HTTPS_URL, keys)
    yield FormRow("Service", "spec.externalName", forms.EXTERNAL_NAME, "the name does not resolve", "core")
    yield FormRow("Ingress", "spec.rules.*.host", forms.HOST, _REFUSED)
    yield FormRow("Ingress", "spec.tls.*.hosts.*", forms.HOST, _REFUSED)


def _durations() -> Iterator[FormRow]:
    """duration(self) in the rules of Istio's CRDs, which reads it as Go does."""
    for path in ("timeout", "retries.perTryTimeout", "fault.delay.fixedDelay"):
        yield FormRow("VirtualService", f"spec.http.*.{path}", forms.DURATION, _NO_DURATION, _ISTIO)
    policies = ("spec.trafficPolicy", "spec.subsets.*.trafficPolicy")
    pool, outliers = "connectionPool", "outlierDetection"
    tcp = (f"{pool}.tcp.connectTimeout", f"{pool}.tcp.tcpKeepalive.time", f"{pool}.tcp.tcpKeepalive.interval")
    more = (f"{pool}.http.idleTimeout", f"{outliers}.interval", f"{outliers}.baseEjectionTime")
    for policy in policies:
        for path in (*tcp, *more):
            yield FormRow("DestinationRule", f"{policy}.{path}", forms.DURATION, _NO_DURATION, _ISTIO)


def _tools() -> Iterator[FormRow]:
    yield FormRow("Certificate", "spec.dnsNames.*", forms.HOST, "no client finds its host in the certificate")
    for issuer in ("Issuer", "ClusterIssuer"):
        yield FormRow(issuer, "spec.acme.server", forms.HTTPS_URL, _NOT_SENT)
        yield FormRow(issuer, "spec.vault.server", forms.HTTPS_URL, _NOT_SENT)
    yield FormRow(
        "Application", "spec.destination.server", forms.HTTPS_URL, "Argo CD has no cluster of another address"
    )
    group = "kustomize.config.k8s.io"
    shown = "kustomize makes an image of it that nobody can pull"
    yield FormRow("Kustomization", "images.*.name", forms.IMAGE_NAME, "kustomize compares names without tag", group)
    yield FormRow("Kustomization", "images.*.newName", forms.IMAGE_NAME, shown, group)
    yield FormRow("Kustomization", "images.*.newTag", forms.TAG, shown, group)
    yield FormRow("Kustomization", "images.*.digest", forms.DIGEST, shown, group)


FORMS: tuple[FormRow, ...] = (*_pods(), *_models(), *_network(), *_durations(), *_tools())
PLACES = PathTable(FORMS)
