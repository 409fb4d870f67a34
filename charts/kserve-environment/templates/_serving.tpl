{{/* spec of KnativeServing: the fields of the size, overridden by knative.spec, overridden by the wired fields. The operator
     applies the entries of a list one after the other (knative/operator pkg/reconciler/common/workload_override.go), so those
     of knative.spec come last. JSON. Context: the root. */}}
{{- define "kserve-environment.serving.spec" -}}
{{- $size := include "kserve-environment.serving.size" . | fromYaml }}
{{- $wired := include "kserve-environment.serving.wired" . | fromYaml }}
{{- $spec := mergeOverwrite $size (deepCopy .Values.knative.spec) $wired }}
{{- range $name := list "podDisruptionBudgets" "workloads" }}
{{- $entries := list }}
{{- range list (include "kserve-environment.serving.size" $ | fromYaml) $wired $.Values.knative.spec }}
{{- $entries = concat $entries (get . $name | default list) }}
{{- end }}
{{- if $entries }}{{ $_ := set $spec $name $entries }}{{ end }}
{{- end }}
{{- $spec | toJson }}
{{- end }}

{{/* The fields of spec for two replicas of everything. Upstream's PodDisruptionBudgets, of 80%, do not let either of two go.
     Upstream spreads all other Pods over nodes by itself. YAML. Context: the root. */}}
{{- define "kserve-environment.serving.size" -}}
{{- if eq .Values.size "ha" }}
high-availability:
  replicas: 2
podDisruptionBudgets:
  {{- range list "activator-pdb" "webhook-pdb" }}
  - name: {{ . }}
    maxUnavailable: 1
  {{- end }}
workloads:
  {{- range list "net-istio-controller" "net-istio-webhook" }}
  - name: {{ . }}
    topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: ScheduleAnyway
        labelSelector:
          matchLabels:
            app: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The fields of spec that this chart sets. YAML. Context: the root. */}}
{{- define "kserve-environment.serving.wired" -}}
version: {{ (include "kserve-environment.versions" . | fromJson).knative | quote }}
ingress:
  istio:
    enabled: true
    {{- /* By default these select istio: ingressgateway, the usual label of a gateway of others. Nothing uses them. */}}
    {{- range ternary (list "knative-ingress-gateway" "knative-local-gateway") list (include "kserve-environment.gateways.others" . | eq "true") }}
    {{ . }}:
      selector:
        kserve-wiring.io/gateway: none
    {{- end }}
{{- with include "kserve-environment.knative.registry" . }}
registry:
  {{- . | nindent 2 }}
{{- end }}
{{ include "kserve-environment.serving.asked" . }}
{{- end }}

{{/* Those fields that Knative also needs if others have installed it: all but its version, images and stock Gateways. YAML.
     Context: the root. */}}
{{- define "kserve-environment.serving.asked" -}}
{{- with .Values.registry.ca }}
{{- if .kind }}
controller-custom-certs:
  type: {{ .kind }}
  name: {{ .name | quote }}
{{- end }}
{{- end }}
{{- with include "kserve-environment.knative.controller" . | trim }}
workloads:
  - name: controller
    {{- . | nindent 4 }}
{{- end }}
config:
  {{- include "kserve-environment.knative.config" . | fromJson | toYaml | nindent 2 }}
{{- end }}
