{{/* Context of every template here: (dict "root" $ "gateway" .Values.gateways.<role>). */}}

{{/* Host of the gateway's Service. */}}
{{- define "kserve-environment.gateways.service" -}}
{{- printf "%s.%s.svc.%s" .gateway.name .gateway.namespace .root.Values.clusterDomain }}
{{- end }}

{{/* The Gateway as KServe's settings reference it. */}}
{{- define "kserve-environment.gateways.reference" -}}
{{- printf "%s/%s" .gateway.namespace .gateway.name }}
{{- end }}

{{/* Labels of the gateway's Pods: Istio's chart sets both. */}}
{{- define "kserve-environment.gateways.selector" -}}
app: {{ .gateway.name | quote }}
istio: {{ .gateway.name | quote }}
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
