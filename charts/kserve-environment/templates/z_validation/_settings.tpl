{{/* Settings of knative.config, knative.spec and kserve.config that this chart wires itself: KW107, or the rule for that
     field. Context: the root. */}}
{{- define "kserve-environment.findings.settings" -}}
{{- $knative := include "kserve-environment.knative.wired" . | fromJson }}
{{- $kserve := include "kserve-environment.kserve.wired" . | fromJson }}
{{- include "kserve-environment.findings.set-twice" (dict "root" $ "base" "knative.config" "path" "" "wired" $knative
      "given" (omit .Values.knative.config "domain")) }}
{{- include "kserve-environment.findings.set-twice" (dict "root" $ "base" "kserve.config" "path" "" "wired" $kserve
      "given" .Values.kserve.config) }}
{{- include "kserve-environment.findings.spec" . }}
{{- include "kserve-environment.findings.legacy-gateways" . }}
{{- include "kserve-environment.findings.domains" . }}
{{- end }}

{{/* Compare the given settings with the wired ones, field by field.
     Context: (dict "root" $ "base" <values key> "path" <path of both maps> "wired" <map> "given" <map>). */}}
{{- define "kserve-environment.findings.set-twice" -}}
{{- range $name, $given := .given }}
{{- $path := without (list $.path $name) "" | join "." }}
{{- if hasKey $.wired $name }}
{{- $wired := get $.wired $name }}
{{- if and (kindIs "map" $given) (kindIs "map" $wired) }}
{{- include "kserve-environment.findings.set-twice" (dict "root" $.root "base" $.base "path" $path "wired" $wired "given" $given) }}
{{- else if ne (toJson $given) (toJson $wired) }}
{{- include "kserve-environment.findings.field" (dict "root" $.root "base" $.base "path" $path "wired" $wired "given" $given) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The finding for one field: KW107, or the code of the rule for that field.
     Context: as of set-twice, with the two values. */}}
{{- define "kserve-environment.findings.field" -}}
{{- $key := include "kserve-environment.findings.owner" . }}
{{- $field := printf "%s.%s" .base .path }}
{{- $codes := dict "router.imagePullSecrets" "KW208" "ingress.ingressDomain" "KW410" "ingress.urlScheme" "KW413"
      "network.default-external-scheme" "KW413" }}
{{- with get $codes .path }}
{{- $wired := eq . "KW413" | ternary $.root.Values.gateways.ingress.tlsSecret $.wired }}
{{- include "kserve-environment.finding" (list $.root . (dict "key" $field "value" $.given "other_key" $key "other" $wired)
      (printf "remove %s and set %s" $field $key)) }}
{{- else }}
{{- $value := eq $key "standard.ingress" | ternary .root.Values.standard.ingress .wired }}
{{- include "kserve-environment.finding" (list .root "KW107" (dict "key" $key "value" $value "other_key" $field
      "other" .given)) }}
{{- end }}
{{- end }}

{{/* The key in values.yaml that sets a wired field. A map of fields is listed only by its name. Context: as of field. */}}
{{- define "kserve-environment.findings.owner" -}}
{{- $owners := get (.root.Files.Get "files/wired-keys.yaml" | fromYaml) .base }}
{{- $map := splitList "." .path | first }}
{{- get $owners .path | default (printf "%s%s" (get $owners $map | trimSuffix ".*") (trimPrefix $map .path)) }}
{{- end }}

{{/* KW107 of knative.spec, where a wired field must not be set at all. Context: the root. */}}
{{- define "kserve-environment.findings.spec" -}}
{{- $values := merge (dict "versions" (include "kserve-environment.versions" . | fromJson)) .Values }}
{{- range $field, $owner := get (.Files.Get "files/wired-keys.yaml" | fromYaml) "knative.spec" }}
{{- $key := trimSuffix ".*" $owner }}
{{- $wired := include "kserve-environment.findings.at" (dict "value" $values "steps" (splitList "." $key)) | fromJsonArray | first }}
{{- if kindIs "map" $wired }}
{{- $wired = hasKey $wired "namespace" | ternary (printf "%s/%s" $wired.namespace $wired.name) (values $wired | join "" | empty | ternary "empty" (toJson $wired)) }}
{{- end }}
{{- range include "kserve-environment.findings.at" (dict "value" $.Values.knative.spec "steps" (splitList "." $field)) | fromJsonArray }}
{{- include "kserve-environment.finding" (list $ "KW107" (dict "key" $key "value" $wired
      "other_key" (printf "knative.spec.%s" $field) "other" .)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What a value has at these steps, as a JSON list. A step into a list is the name or the container of its items.
     Context: (dict "value" <value> "steps" <list>). */}}
{{- define "kserve-environment.findings.at" -}}
{{- $found := list }}
{{- if not .steps }}
{{- $found = list .value }}
{{- else if kindIs "map" .value }}
{{- if hasKey .value (first .steps) }}
{{- $found = include "kserve-environment.findings.at" (dict "value" (get .value (first .steps)) "steps" (rest .steps)) | fromJsonArray }}
{{- end }}
{{- else if kindIs "slice" .value }}
{{- range .value }}
{{- if kindIs "map" . }}
{{- if eq (.container | default .name | toString) (first $.steps) }}
{{- $found = concat $found (include "kserve-environment.findings.at" (dict "value" . "steps" (rest $.steps)) | fromJsonArray) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- toJson $found }}
{{- end }}

{{/* KW407: net-istio rejects a ConfigMap with both formats (net-istio pkg/reconciler/ingress/config/istio.go).
     Context: the root. */}}
{{- define "kserve-environment.findings.legacy-gateways" -}}
{{- range $name, $value := .Values.knative.config.istio }}
{{- if regexMatch "^(local-)?gateway\\." $name }}
{{- include "kserve-environment.finding" (list $ "KW407" (dict "key" (printf "knative.config.istio.%s" $name) "value" $value
      "reason" "external-gateways and local-gateways are set, too, and net-istio rejects the two formats together"
      "suggestion" (printf "remove knative.config.istio.%s and set gateways" $name))) }}
{{- end }}
{{- end }}
{{- end }}

{{/* KW410: a second domain without a selector, so Knative may use either; KW107: a selector for the wired domain.
     Context: the root. */}}
{{- define "kserve-environment.findings.domains" -}}
{{- $domain := .Values.gateways.ingress.domain }}
{{- range $name, $selector := .Values.knative.config.domain }}
{{- $chosen := trim $selector | empty | not }}
{{- if and (eq $name $domain) $chosen }}
{{- include "kserve-environment.finding" (list $ "KW107" (dict "key" "gateways.ingress.domain" "value" $domain
      "other_key" (printf "knative.config.domain.%s" $name) "other" $selector)) }}
{{- else if not (or (eq $name $domain) $chosen) }}
{{- include "kserve-environment.finding" (list $ "KW410" (dict "key" "knative.config.domain" "value" $name
      "other_key" "gateways.ingress.domain" "other" $domain)
      (printf "remove knative.config.domain.%s, or give it a selector" $name)) }}
{{- end }}
{{- end }}
{{- end }}
