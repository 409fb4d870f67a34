{{/* Namespaces of the software itself, as a JSON list without duplicates. Context: the root. */}}
{{- define "kserve-environment.namespaces.system" -}}
{{- $namespaces := .Values.namespaces }}
{{- list $namespaces.kserve $namespaces.knativeServing $namespaces.knativeOperator $namespaces.istio
      $namespaces.certManager .Values.gateways.local.namespace .Values.gateways.ingress.namespace | uniq | toJson }}
{{- end }}

{{/* Namespaces to create, as a JSON list. Never the release namespace, which must exist before the release. Context: the root. */}}
{{- define "kserve-environment.namespaces.created" -}}
{{- $created := list }}
{{- if .Values.namespaces.create }}
{{- $created = include "kserve-environment.namespaces.system" . | fromJsonArray }}
{{- end }}
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
