{{/* Namespaces of the software that is installed with this chart, as a JSON list without duplicates. Context: the root. */}}
{{- define "kserve-environment.namespaces.system" -}}
{{- $namespaces := .Values.namespaces }}
{{- $system := list $namespaces.kserve }}
{{- if include "kserve-environment.knative.own" . }}{{ $system = append $system $namespaces.knativeServing }}{{ end }}
{{- if eq .Values.knative.install "operator" }}{{ $system = append $system $namespaces.knativeOperator }}{{ end }}
{{- if eq .Values.components.istio "install" }}{{ $system = append $system $namespaces.istio }}{{ end }}
{{- if eq .Values.components.certManager "install" }}{{ $system = append $system $namespaces.certManager }}{{ end }}
{{- range include "kserve-environment.gateways.used" . | fromJson }}
{{- if not .existing.service }}{{ $system = append $system .namespace }}{{ end }}
{{- end }}
{{- uniq $system | toJson }}
{{- end }}

{{/* Namespaces of the software that others have installed, as a JSON list. Context: the root. */}}
{{- define "kserve-environment.namespaces.existing" -}}
{{- $existing := eq .Values.knative.install "existing" | ternary (list .Values.namespaces.knativeServing) list }}
{{- range $component, $install := .Values.components }}
{{- if eq $install "existing" }}{{ $existing = append $existing (get $.Values.namespaces $component) }}{{ end }}
{{- end }}
{{- range include "kserve-environment.gateways.used" . | fromJson }}
{{- if .existing.service }}{{ $existing = append $existing .namespace }}{{ end }}
{{- end }}
{{- uniq $existing | toJson }}
{{- end }}

{{/* Namespaces to create, as a JSON list. Never the release namespace, which must exist before the release. Context: the root. */}}
{{- define "kserve-environment.namespaces.created" -}}
{{- $created := list }}
{{- if .Values.namespaces.create }}
{{- $created = include "kserve-environment.namespaces.system" . | fromJsonArray }}
{{- /* For the operator's stock Service (knative/operator pkg/reconciler/knativeserving/ingress/ingress_service.go). */}}
{{- if eq .Values.knative.install "operator" }}{{ $created = append $created "istio-system" }}{{ end }}
{{- end }}
{{- range include "kserve-environment.namespaces.existing" . | fromJsonArray }}{{ $created = without $created . }}{{ end }}
{{- range include "kserve-environment.tenants" . | fromJsonArray }}
{{- if .createNamespace }}{{ $created = append $created .name }}{{ end }}
{{- end }}
{{- without (uniq $created) .Release.Namespace | toJson }}
{{- end }}

{{/* Namespaces whose Pods pull from the registry: all of them, because queue-proxy, the gateways' proxy and the storage
     initializer are pulled in the namespaces of their Pods. A JSON list. Context: the root. */}}
{{- define "kserve-environment.namespaces.pulling" -}}
{{- $pulling := include "kserve-environment.namespaces.system" . | fromJsonArray }}
{{- range .Values.tenants }}{{ $pulling = append $pulling .name }}{{ end }}
{{- if .Values.smoke.enabled }}{{ $pulling = append $pulling .Values.smoke.namespace }}{{ end }}
{{- without (uniq $pulling) "" | toJson }}
{{- end }}
