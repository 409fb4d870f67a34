{{/* KW504: text that another chart could silently drop. KServe's chart shares these values. It splits its settings at --- and
     discards them if a double quote makes them invalid YAML (kserve charts/_common). Free text that only this chart
     renders may contain anything. Context: the root. */}}
{{- define "kserve-environment.findings.text" -}}
{{- $shared := omit .Values "global" "knative" "kserve" "registry" "storage" }}
{{- include "kserve-environment.findings.text-below" (dict "root" . "path" "" "value" $shared) }}
{{- include "kserve-environment.findings.text-below" (dict "root" . "path" "registry" "value" (omit .Values.registry "ca")) }}
{{- include "kserve-environment.findings.text-below" (dict "root" . "path" "storage"
      "value" (omit .Values.storage "containers" "containerSecurityContext")) }}
{{- range $index, $container := .Values.storage.containers }}
{{- include "kserve-environment.findings.text-below" (dict "root" $ "path" (printf "storage.containers[%d]" $index)
      "value" (omit $container "env")) }}
{{- end }}
{{- end }}

{{/* All strings below one value. Context: (dict "root" $ "path" <its key> "value" <value>). */}}
{{- define "kserve-environment.findings.text-below" -}}
{{- if kindIs "map" .value }}
{{- range $name, $value := .value }}
{{- include "kserve-environment.findings.text-below" (dict "root" $.root "value" $value
      "path" (without (list $.path $name) "" | join ".")) }}
{{- end }}
{{- else if kindIs "slice" .value }}
{{- range $index, $value := .value }}
{{- include "kserve-environment.findings.text-below" (dict "root" $.root "value" $value
      "path" (printf "%s[%d]" $.path $index)) }}
{{- end }}
{{- else if kindIs "string" .value }}
{{- with include "kserve-environment.findings.text-reason" .value }}
{{- include "kserve-environment.finding" (list $.root "KW504" (dict "key" $.path "value" $.value "reason" .
      "suggestion" (printf "write %s without it" $.path))) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Why a text is rejected, or nothing. Context: the text. */}}
{{- define "kserve-environment.findings.text-reason" -}}
{{- if contains "\"" . }}it contains a double quote
{{- else if contains "\n" . }}it contains a line break
{{- else if contains "---" . }}it contains ---
{{- end }}
{{- end }}
