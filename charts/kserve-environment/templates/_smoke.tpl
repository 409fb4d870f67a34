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

{{/* The request of the smoke test, as environment variables of ask.py: to the local gateway of Knative mode, by the host from
     outside to the ingress gateway, or, if it is not of this chart, to the address in the status of the model.
     Context: (dict "root" $ "namespace" <its namespace>). */}}
{{- define "kserve-environment.smoke.request" -}}
{{- $gateway := .root.Values.gateways.ingress }}
{{- $used := include "kserve-environment.gateways.used" .root | fromJson }}
{{- if include "kserve-environment.knative.present" .root }}
- name: URL
  value: {{ printf "http://kserve-environment-smoke.%s.svc.%s/" .namespace .root.Values.clusterDomain | quote }}
{{- else if not $used }}
- name: URL
  value: {{ printf "http://smoke-predictor.%s.svc.%s/" .namespace .root.Values.clusterDomain | quote }}
{{- else }}
- name: URL
  value: {{ printf "http://%s/" (include "kserve-environment.gateways.service" (dict "root" .root "gateway" $gateway)) | quote }}
- name: HOST
  value: {{ printf "%s-%s.%s" (include "kserve-environment.smoke.name" .root) .namespace $gateway.domain | quote }}
{{- end }}
- name: SECONDS
  value: "240"
{{- end }}

{{/* Name of the smoke test's InferenceService. In Standard mode <name>-predictor-<namespace> is one label of a host, at most 63
     characters (kserve pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/domain.go:61), so it is short there.
     Context: the root. */}}
{{- define "kserve-environment.smoke.name" -}}
{{- empty (include "kserve-environment.knative.present" .) | ternary "smoke" "kserve-environment-smoke" }}
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
