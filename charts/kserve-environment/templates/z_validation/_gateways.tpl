{{/* KW408, KW412 and KW501 of the gateways. Context: the root. */}}
{{- define "kserve-environment.findings.gateways" -}}
{{- $local := .Values.gateways.local }}
{{- $ingress := .Values.gateways.ingress }}
{{- $operator := eq .Values.knative.install "operator" }}
{{- $stock := list "knative-local-gateway" "knative-ingress-gateway" "cluster-local-gateway" }}
{{- if and $operator (has $local.name $stock) }}
{{- include "kserve-environment.finding" (list . "KW408" (dict "key" "gateways.local.name" "value" $local.name
      "other_key" "knative.install" "other" "operator" "namespace" $local.namespace)) }}
{{- end }}
{{- if eq $local.name $ingress.name }}
{{- include "kserve-environment.finding" (list . "KW412" (dict "key" "gateways.local.name" "value" $local.name
      "other_key" "gateways.ingress.name" "other" $ingress.name)) }}
{{- end }}
{{- range $role, $gateway := .Values.gateways }}
{{- if and (has $gateway.name $stock) (eq $gateway.namespace $.Values.namespaces.knativeServing) }}
{{- include "kserve-environment.finding" (list $ "KW501" (dict "key" (printf "gateways.%s" $role)
      "value" (printf "%s/%s" $gateway.namespace $gateway.name) "other_key" "the owner of that Gateway"
      "other" ($operator | ternary "the Knative operator" "Knative's release YAML"))) }}
{{- end }}
{{- end }}
{{- end }}
