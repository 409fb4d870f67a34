{{/* Namespace and ServiceAccount of the smoke test: {"namespace", "serviceAccount"} as JSON, or nothing without a smoke test. Context: the root. */}}
{{- define "kserve-environment.smoke" -}}
{{- $tenants := include "kserve-environment.tenants" . | fromJsonArray }}
{{- $name := .Values.smoke.namespace }}
{{- if and (not $name) $tenants }}{{ $name = (first $tenants).name }}{{ end }}
{{- if and .Values.smoke.enabled $name (include "kserve-environment.part.wiring" .) }}
{{- $account := "default" }}
{{- range $tenants }}
{{- if eq .name $name }}{{ $account = .serviceAccount }}{{ end }}
{{- end }}
{{- dict "namespace" $name "serviceAccount" $account | toJson }}
{{- end }}
{{- end }}

{{/* The security context of the smoke test's containers. */}}
{{- define "kserve-environment.smoke.security-context" -}}
allowPrivilegeEscalation: false
runAsNonRoot: true
capabilities:
  drop:
    - ALL
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Hooks of `helm test`: the objects of a run are kept until the next run, for inspection. Context: the weight. */}}
{{- define "kserve-environment.smoke.hook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation
{{- end }}
