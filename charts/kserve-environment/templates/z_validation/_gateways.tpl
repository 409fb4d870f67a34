{{/* The names of the Gateways that Knative has in its own namespace. A JSON list. */}}
{{- define "kserve-environment.gateways.stock" -}}
{{- list "knative-local-gateway" "knative-ingress-gateway" "cluster-local-gateway" | toJson }}
{{- end }}

{{/* KW405, KW408, KW412, KW416 and KW501 of the gateways. Context: the root. */}}
{{- define "kserve-environment.findings.gateways" -}}
{{- $local := .Values.gateways.local }}
{{- $ingress := .Values.gateways.ingress }}
{{- $operator := eq .Values.knative.install "operator" }}
{{- $stock := include "kserve-environment.gateways.stock" . | fromJsonArray }}
{{- if and $operator (has $local.name $stock) }}
{{- include "kserve-environment.finding" (list . "KW408" (dict "key" "gateways.local.name" "value" $local.name
      "other_key" "knative.install" "other" "operator" "namespace" $local.namespace)) }}
{{- end }}
{{- if and (include "kserve-environment.knative.present" .) (eq $local.name $ingress.name) }}
{{- include "kserve-environment.finding" (list . "KW412" (dict "key" "gateways.local.name" "value" $local.name
      "other_key" "gateways.ingress.name" "other" $ingress.name)) }}
{{- end }}
{{- include "kserve-environment.findings.same-pods" . }}
{{- range $role, $gateway := include "kserve-environment.gateways.used" . | fromJson }}
{{- if $gateway.existing.service }}
{{- include "kserve-environment.findings.existing-gateway" (dict "root" $ "role" $role "gateway" $gateway) }}
{{- end }}
{{- if and (has $gateway.name $stock) (eq $gateway.namespace $.Values.namespaces.knativeServing) }}
{{- include "kserve-environment.finding" (list $ "KW501" (dict "key" (printf "gateways.%s" $role)
      "value" (printf "%s/%s" $gateway.namespace $gateway.name) "other_key" "the owner of that Gateway"
      "other" (get (dict "operator" "the Knative operator" "yaml" "Knative's release YAML" "existing" "the owner of Knative") $.Values.knative.install))) }}
{{- end }}
{{- end }}
{{- end }}

{{/* KW412 of two gateways that others have installed: the labels of one are all among those of the other.
     Context: the root. */}}
{{- define "kserve-environment.findings.same-pods" -}}
{{- $local := .Values.gateways.local.existing.labels | default dict }}
{{- $ingress := .Values.gateways.ingress.existing.labels | default dict }}
{{- $merged := merge (dict) $local $ingress }}
{{- $one := and (eq (toJson $merged) (toJson (merge (dict) $ingress $local)))
      (has (len $merged) (list (len $local) (len $ingress))) }}
{{- if and $local $ingress $one }}
{{- include "kserve-environment.finding" (list . "KW412" (dict "key" "gateways.local.existing.labels" "value" $local
      "other_key" "gateways.ingress.existing.labels" "other" $ingress)) }}
{{- end }}
{{- end }}

{{/* KW405 and KW416: the ports of a Service that others own, and the servers of their Gateways.
     Context: (dict "root" $ "role" <role> "gateway" <gateway>). */}}
{{- define "kserve-environment.findings.existing-gateway" -}}
{{- $key := printf "gateways.%s.existing" .role }}
{{- $ports := list }}
{{- range .gateway.existing.ports }}{{ $ports = append $ports (int .port) }}{{ end }}
{{- range without (list 80 (.gateway.tlsSecret | empty | ternary 80 443)) 0 | uniq }}
{{- if not (has . $ports) }}
{{- include "kserve-environment.finding" (list $.root "KW405" (dict "key" (printf "%s.ports" $key) "value" (join "," $ports)
      "other_key" "the port that is called" "other" . "suggestion" (printf "name a Service with port %d" .))) }}
{{- end }}
{{- end }}
{{- range .gateway.existing.servers }}
{{- $host := include "kserve-environment.gateways.host" $ }}
{{- if and $.gateway.tlsSecret (eq (int .port) 443) (has $host .hosts) }}
{{- include "kserve-environment.finding" (list $.root "KW416" (dict "key" (printf "gateways.%s.tlsSecret" $.role)
      "value" $.gateway.tlsSecret "other_key" (printf "the Secret of Gateway %s" .gateway) "other" "another" "hosts" $host
      "port" "443") (printf "set another gateways.%s.domain" $.role)) }}
{{- end }}
{{- end }}
{{- end }}
