{{/* Which part of the environment this release renders: "true" or nothing. Context: the root. */}}

{{- define "kserve-environment.part.prerequisites" -}}
{{- if has .Values.part (list "prerequisites" "all") }}true{{ end }}
{{- end }}

{{- define "kserve-environment.part.wiring" -}}
{{- if has .Values.part (list "wiring" "all") }}true{{ end }}
{{- end }}

{{- define "kserve-environment.part.patches" -}}
{{- if eq .Values.part "patches" }}true{{ end }}
{{- end }}

{{- define "kserve-environment.part.presets" -}}
{{- if eq .Values.part "presets" }}true{{ end }}
{{- end }}

{{- define "kserve-environment.part.knative" -}}
{{- if eq .Values.part "knative" }}true{{ end }}
{{- end }}
