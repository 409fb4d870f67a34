{{/* KW305: the CA of the registry. Context: the root. */}}
{{- define "kserve-environment.findings.registry" -}}
{{- $ca := .Values.registry.ca }}
{{- $args := dict "key" "registry.ca.kind" "value" $ca.kind }}
{{- if and $ca.kind .Values.registry.plainHTTP }}
{{- include "kserve-environment.finding" (list . "KW305" (merge (dict "other_key" "registry.plainHTTP" "other" "true"
      "suggestion" "set registry.plainHTTP to false, or leave registry.ca empty") $args)) }}
{{- else if and (eq $ca.kind "Secret") $ca.bundle }}
{{- include "kserve-environment.finding" (list . "KW305" (merge (dict "other_key" "registry.ca.bundle" "other" "given"
      "suggestion" "set registry.ca.kind to ConfigMap: this chart writes no Secret, and KServe reads none") $args)) }}
{{- else if and $ca.kind (not $ca.name) }}
{{- include "kserve-environment.finding" (list . "KW305" (merge (dict "other_key" "registry.ca.name" "other" ""
      "suggestion" (printf "set registry.ca.name to the name of the %s" $ca.kind)) $args)) }}
{{- else if and (or $ca.name $ca.bundle) (not $ca.kind) }}
{{- $other := empty $ca.name | ternary "bundle" "name" }}
{{- include "kserve-environment.finding" (list . "KW305" (merge (dict "other_key" (printf "registry.ca.%s" $other)
      "other" "given" "suggestion" "set registry.ca.kind to ConfigMap") $args)) }}
{{- end }}
{{- end }}
