"""The values that templates name."""

from __future__ import annotations

import pytest

from kserve_wiring.manifests.template_values import uses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ .Values.a.b }}", {("a.b", False)}),
        ("{{- $.Values.a | quote -}}", {("a", False)}),
        ("{{ if and .Values.a (not .Values.b.c) }}x{{ end }}", {("a", False), ("b.c", False)}),
        ("{{ toYaml .Values.a | nindent 2 }}", {("a", True)}),
        ("{{ .Values.a | toJson }}", {("a", True)}),
        ("{{ range .Values.a }}{{ .b }}{{ end }}{{ .b }}", {("a", True)}),
        ("{{ range $k, $v := .Values.a }}{{ $v.x }}{{ end }}", {("a", True)}),
        ("{{ with .Values.a }}{{ .b.c }}{{ else }}{{ .d }}{{ end }}{{ .e }}", {("a", False), ("a.b.c", False)}),
        ("{{ with .Values.a }}{{ toYaml . }}{{ end }}", {("a", False), ("a", True)}),
        ("{{ with .Values.a }}{{ with .b }}{{ .c }}", {("a", False), ("a.b", False), ("a.b.c", False)}),
        ("{{ $x := .Values.a }}{{ $x.b }}", {("a", False), ("a.b", False)}),
        ('{{ index .Values.a "b-c" "d" }}', {("a.b-c.d", True)}),
        ('{{ index .Values "a" }}', {("a", True)}),
        ("{{ (.Values.a).b }}{{ ((.Values.c).d).e }}", {("a.b", False), ("c.d.e", False)}),
        ("{{ $x := mergeOverwrite $y .Values.a }}", {("a", True), ("a", False)}),
        ("{{ $x := mustMerge $y ($.Values.a | default dict) }}", {("a", False)}),
        ('{{/* .Values.a */}}{{ .Release.Name }}{{ .Chart.Name }}{{ ".Values.b" }}', set()),
        ("{{ .Values | toYaml }}", set()),
        ('{{ define "x" }}{{ .a }}{{ .Values.b }}{{ end }}', {("b", False)}),
        ("{{ end }}{{ end }}{{ else }}{{ .Values.a }}{{", {("a", False)}),
    ],
)
def test_uses(text: str, expected: set[tuple[str, bool]]) -> None:
    assert {(".".join(map(str, path)), whole) for path, whole in uses(text)} == expected
