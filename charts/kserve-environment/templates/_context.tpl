{{/* Objects that these values require and this chart does not create, one Kind/namespace/name per line. Context: the root. */}}
{{- define "kserve-environment.context.existing" -}}
{{- $existing := list }}
{{- $created := include "kserve-environment.namespaces.created" . | fromJsonArray }}
{{- range concat (include "kserve-environment.namespaces.pulling" . | fromJsonArray) (include "kserve-environment.namespaces.existing" . | fromJsonArray) }}
{{- if not (has . $created) }}{{ $existing = append $existing (printf "Namespace//%s" .) }}{{ end }}
{{- end }}
{{- $pull := .Values.registry.pullSecret }}
{{- if and $pull.name (not $pull.externalSecret.enabled) }}
{{- range include "kserve-environment.namespaces.pulling" . | fromJsonArray }}
{{- $existing = append $existing (printf "Secret/%s/%s" . $pull.name) }}
{{- end }}
{{- end }}
{{- if not .Values.registry.ca.bundle }}
{{- range include "kserve-environment.context.ca-namespaces" . | fromJsonArray }}
{{- $existing = append $existing (printf "%s/%s/%s" $.Values.registry.ca.kind . $.Values.registry.ca.name) }}
{{- end }}
{{- end }}
{{- range include "kserve-environment.gateways.used" . | fromJson }}
{{- if .existing.service }}{{ $existing = append $existing (printf "Service/%s/%s" .namespace .existing.service) }}{{ end }}
{{- end }}
{{- if and (eq (include "kserve-environment.gateways.routes" .) "ingress") .Values.standard.ingressClass.existing }}
{{- $existing = append $existing (printf "IngressClass//%s" .Values.standard.ingressClass.name) }}
{{- end }}
{{- with .Values.gateways.ingress }}
{{- if .tlsSecret }}{{ $existing = append $existing (printf "Secret/%s/%s" .namespace .tlsSecret) }}{{ end }}
{{- end }}
{{- range include "kserve-environment.tenants" . | fromJsonArray }}
{{- $namespace := .name }}
{{- $synced := list }}
{{- range include "kserve-environment.tenants.synced" (dict "root" $ "tenant" .) | fromJsonArray }}{{ $synced = append $synced .name }}{{ end }}
{{- range without (list .s3.secret .huggingFace.secret .oci.pullSecret) nil | uniq }}
{{- if not (has . $synced) }}
{{- $existing = append $existing (printf "Secret/%s/%s" $namespace .) }}
{{- end }}
{{- end }}
{{- end }}
{{- join "\n" (uniq $existing) }}
{{- end }}

{{/* The gateways that others have installed, as a JSON list for the checker. Context: the root. */}}
{{- define "kserve-environment.context.gateways" -}}
{{- $found := list }}
{{- range include "kserve-environment.gateways.used" . | fromJson }}
{{- if .existing.service }}{{ $found = append $found (merge (dict "namespace" .namespace) .existing) }}{{ end }}
{{- end }}
{{- with $found }}{{ toJson . }}{{ end }}
{{- end }}

{{/* What the owner of an existing Knative has been asked for, as fields of spec of KnativeServing. JSON, or nothing.
     Context: the root. */}}
{{- define "kserve-environment.context.knative" -}}
{{- if eq .Values.knative.install "existing" }}
{{- include "kserve-environment.serving.asked" . | fromYaml | toJson }}
{{- end }}
{{- end }}

{{/* Namespaces with the CA object, whoever makes it. KServe reads only a ConfigMap; that of an existing Knative is its owner's.
     A JSON list. Context: the root. */}}
{{- define "kserve-environment.context.ca-namespaces" -}}
{{- $ca := .Values.registry.ca }}
{{- $namespaces := list }}
{{- if $ca.kind }}
{{- if include "kserve-environment.knative.own" . }}{{ $namespaces = append $namespaces .Values.namespaces.knativeServing }}{{ end }}
{{- if eq $ca.kind "ConfigMap" }}{{ $namespaces = append $namespaces .Values.namespaces.kserve }}{{ end }}
{{- end }}
{{- uniq $namespaces | toJson }}
{{- end }}
