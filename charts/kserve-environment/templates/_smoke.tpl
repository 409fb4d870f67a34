{{/* Where the smoke test runs: {"namespace", "serviceAccount"} as JSON, or nothing when it does not. Context: the root. */}}
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

{{/* What every container of the smoke test may do: nothing. */}}
{{- define "kserve-environment.smoke.security-context" -}}
allowPrivilegeEscalation: false
runAsNonRoot: true
capabilities:
  drop:
    - ALL
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Hooks of `helm test`: what the last run left is kept to be looked at until the next one. Context: the weight. */}}
{{- define "kserve-environment.smoke.hook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation
{{- end }}
