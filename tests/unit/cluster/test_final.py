"""Text that a tool still replaces."""

from __future__ import annotations

import pytest

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.final import is_template
from kserve_wiring.manifests.load import load_text


@pytest.mark.parametrize(
    "text",
    [
        "{{ .Values.image }}",
        "{{- .Values.image -}}",
        "{{ $.Values.a }}",
        '{{ include "chart.name" . }}',
        "{{ .Release.Namespace }}-x",
        '{{ printf "%s" .Values.a }}',
        "{{- if .Values.a }}",
        "{{ toYaml .x | nindent 4 }}",
        "{{/* a comment */}}",
        "{% if a %}",
        "${CLUSTER_DOMAIN}",
        "$(POD_NAMESPACE)",
        "${registry:=harbor.local}/a",
    ],
)
def test_template(text: str) -> None:
    assert is_template(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}",
        "{{.Name}}.{{.Namespace}}.{{.Domain}}",
        "--model_name={{.Name}}",
        "docker.io/${NAME}:v1",
        "{{ .password | toString }}",
        '{"a": {"b": {}}}',
        "plain",
        "",
    ],
)
def test_no_template(text: str) -> None:
    assert not is_template(text)


KUSTOMIZATION = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
images:
  - name: example/server
    newTag: v2
patches:
  - target: {kind: Deployment, name: web.*}
    patch: |
      - op: replace
        path: /spec/replicas
        value: 3
  - patch: |
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: settings}
      data: {mode: Standard}
  - target: {kind: Service}
    path: patch.yaml
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-a}
spec:
  replicas: 1
  paused: false
  template: {spec: {containers: [{name: a, image: "example/server:v1"}, {name: b, image: "example/other:v1"}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: Knative, other: kept}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: ClusterIP}
"""
IMAGE = ("spec", "template", "spec", "containers")


@pytest.mark.parametrize(
    ("kind", "path", "final"),
    [
        ("Deployment", (*IMAGE, 0, "image"), False),
        ("Deployment", (*IMAGE, 1, "image"), True),
        ("Deployment", ("spec", "replicas"), False),
        ("Deployment", ("spec", "paused"), True),
        ("ConfigMap", ("data", "mode"), False),
        ("ConfigMap", ("data", "other"), True),
        ("Service", ("spec", "type"), False),
    ],
)
def test_what_a_kustomization_changes(kind: str, path: tuple[str | int, ...], final: bool) -> None:
    cluster = Cluster(load_text(KUSTOMIZATION, "kustomization.yaml").objects, Facts())
    (obj,) = cluster.of_kind(kind)
    assert cluster.is_final(obj, path) is final


OVERLAY = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: team
resources: [../base]
"""
BASE = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../deeper/web.yaml]
"""
WEB = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
"""


def test_an_overlay_moves_what_is_below_its_bases() -> None:
    files = {"overlay/kustomization.yaml": OVERLAY, "base/kustomization.yaml": BASE, "deeper/web.yaml": WEB}
    objects = [obj for file, text in files.items() for obj in load_text(text, file).objects]
    (moved,) = Cluster(objects, Facts()).of_kind("Service")
    assert moved.namespace == ""
    (own,) = Cluster(load_text(WEB, "deeper/web.yaml").objects, Facts()).of_kind("Service")
    assert own.namespace == "default"


@pytest.mark.parametrize(
    ("value", "final"),
    [("$(KUBERNETES_SERVICE_HOST),.svc", True), ("${HOSTS}", False), ("{{ .Values.hosts }}", False)],
    ids=["a variable of a container", "a variable of envsubst", "a template"],
)
def test_a_key_that_is_absent_beside_a_variable(value: str, final: bool) -> None:
    """A variable of a container stands for a part of a value. Another piece of a template may have the key."""
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  b: '{value}'\n"
    loaded = load_text(text, "a.yaml")
    assert Cluster(loaded.objects, Facts()).is_final(loaded.objects[0], ("data", "c")) is final
