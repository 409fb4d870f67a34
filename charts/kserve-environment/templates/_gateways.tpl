{{/* Context of every template here: (dict "root" $ "gateway" .Values.gateways.<role>). */}}

{{/* Host of the gateway's Service. */}}
{{- define "kserve-environment.gateways.service" -}}
{{- printf "%s.%s.svc.%s" (.gateway.existing.service | default .gateway.name) .gateway.namespace .root.Values.clusterDomain }}
{{- end }}

{{/* The Gateway as KServe's settings reference it. */}}
{{- define "kserve-environment.gateways.reference" -}}
{{- printf "%s/%s" .gateway.namespace .gateway.name }}
{{- end }}

{{/* Labels of the gateway's Pods: Istio's chart sets both. */}}
{{- define "kserve-environment.gateways.selector" -}}
{{- if .gateway.existing.service }}
{{- toYaml .gateway.existing.labels }}
{{- else -}}
app: {{ .gateway.name | quote }}
istio: {{ .gateway.name | quote }}
{{- end }}
{{- end }}

{{/* The host of the ingress gateway's servers. On Pods that others share, only the hosts of the models. */}}
{{- define "kserve-environment.gateways.host" -}}
{{- .gateway.existing.service | empty | ternary "*" (printf "*.%s" .gateway.domain) }}
{{- end }}

{{/* The gateways that this chart wires, as a JSON map by their roles. Without Knative, a request inside the cluster goes
     straight to the Service of the model, and others may serve its Ingress, or nothing does. Context: the root. */}}
{{- define "kserve-environment.gateways.used" -}}
{{- $standard := .Values.standard }}
{{- if include "kserve-environment.knative.present" . }}{{ toJson .Values.gateways }}
{{- else if or (eq $standard.ingress "none") (and (eq $standard.ingress "ingress") $standard.ingressClass.existing) }}{}
{{- else }}{{ pick .Values.gateways "ingress" | toJson }}
{{- end }}
{{- end }}

{{/* What KServe makes for requests from outside: gateway-api, ingress or none; nothing with Knative. Context: the root. */}}
{{- define "kserve-environment.gateways.routes" -}}
{{- if not (include "kserve-environment.knative.present" .) }}{{ .Values.standard.ingress }}{{ end }}
{{- end }}

{{/* True if others have installed gateways, which the stock Gateways of Knative would select. Context: the root. */}}
{{- define "kserve-environment.gateways.others" -}}
{{- $gateways := .Values.gateways }}
{{- if or (eq .Values.components.istio "existing") $gateways.local.existing.service $gateways.ingress.existing.service }}true{{ end }}
{{- end }}

{{/* The gateway as the only entry of a list in config-istio. net-istio reads YAML 1.1, in which y, n, on and off are
     booleans, so every string is quoted. */}}
{{- define "kserve-environment.gateways.entry" -}}
- name: {{ .gateway.name | quote }}
  namespace: {{ .gateway.namespace | quote }}
  service: {{ include "kserve-environment.gateways.service" . | quote }}
{{- end }}

{{/* The scheme for external clients: http or https. */}}
{{- define "kserve-environment.gateways.scheme" -}}
{{- empty .gateway.tlsSecret | ternary "http" "https" }}
{{- end }}
