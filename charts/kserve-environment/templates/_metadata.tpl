{{/* Labels of every object that this chart owns, of which its own win. Context: the root. */}}
{{- define "kserve-environment.labels" -}}
{{- $own := dict "app.kubernetes.io/name" .Chart.Name "app.kubernetes.io/instance" .Release.Name }}
{{- $own = merge $own (dict "app.kubernetes.io/managed-by" .Release.Service) }}
{{- $own = merge $own (dict "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version)) }}
{{- merge $own (.Values.commonLabels | default dict) | toYaml }}
{{- end }}

{{/* Labels and annotations of an object without any of its own. Context: the root. */}}
{{- define "kserve-environment.metadata" -}}
labels:
  {{- include "kserve-environment.labels" . | nindent 2 }}
{{- with .Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
