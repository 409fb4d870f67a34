{{/* KW306, KW307 and KW505 of the storage initializer. Context: the root. */}}
{{- define "kserve-environment.findings.storage" -}}
{{- $resources := .Values.storage.resources }}
{{- range list "cpu" "memory" }}
{{- include "kserve-environment.findings.quantities" (dict "root" $
      "request" (dict "key" (printf "storage.resources.requests.%s" .) "value" (get $resources.requests .))
      "limit" (dict "key" (printf "storage.resources.limits.%s" .) "value" (get $resources.limits .))) }}
{{- end }}
{{- include "kserve-environment.findings.config-quantities" . }}
{{- include "kserve-environment.findings.containers" . }}
{{- end }}

{{/* KW306 of the keys that kserve.config changes. A single malformed quantity blocks the Pods of all InferenceServices.
     Context: the root. */}}
{{- define "kserve-environment.findings.config-quantities" -}}
{{- $config := include "kserve-environment.kserve.config" . | fromJson }}
{{- $blocks := dict "inferenceService" "resource" "opentelemetryCollector" "resource" "agent" "" "batcher" "" "logger" "" "router" "" }}
{{- range $key, $field := $blocks }}
{{- if hasKey $.Values.kserve.config $key }}
{{- $path := without (list "kserve.config" $key $field) "" | join "." }}
{{- $fields := empty $field | ternary (get $config $key) (get (get $config $key) $field) }}
{{- if kindIs "map" $fields }}
{{- range list "cpu" "memory" }}
{{- include "kserve-environment.findings.quantities" (dict "root" $
      "request" (dict "key" (printf "%s.%sRequest" $path .) "value" (get $fields (printf "%sRequest" .)))
      "limit" (dict "key" (printf "%s.%sLimit" $path .) "value" (get $fields (printf "%sLimit" .)))) }}
{{- end }}
{{- else }}
{{- include "kserve-environment.finding" (list $ "KW306" (dict "key" $path "value" $fields "reason" "it is not a map"
      "suggestion" (printf "write %s as cpuRequest, cpuLimit, memoryRequest and memoryLimit" $path))) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* KW306 of one request and its limit. Context: (dict "root" $ "request" {key, value} "limit" {key, value}). */}}
{{- define "kserve-environment.findings.quantities" -}}
{{- $amounts := dict }}
{{- range $role := list "request" "limit" }}
{{- $quantity := get $ $role }}
{{- $amount := include "kserve-environment.findings.amount" $quantity.value }}
{{- if $amount }}{{ $_ := set $amounts $role (float64 $amount) }}
{{- else }}
{{- include "kserve-environment.finding" (list $.root "KW306" (dict "key" $quantity.key "value" $quantity.value
      "reason" "it is not a quantity" "suggestion" (printf "write %s as 100m, \"1\" or 1Gi" $quantity.key))) }}
{{- end }}
{{- end }}
{{- if and (hasKey $amounts "request") (hasKey $amounts "limit") }}
{{- if gt $amounts.request $amounts.limit }}
{{- include "kserve-environment.finding" (list .root "KW306" (dict "key" .request.key "value" .request.value
      "reason" (printf "it exceeds %s, which is %s" .limit.key .limit.value)
      "suggestion" (printf "set %s to at most %s" .request.key .limit.value))) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A quantity as a plain number, or nothing if it is malformed. Context: the quantity. */}}
{{- define "kserve-environment.findings.amount" -}}
{{- $text := toString . }}
{{- if and (kindIs "string" .) (regexMatch "^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?$" $text) }}
{{- $unit := regexFind "(m|k|M|G|T|P|E|[KMGTPE]i)$" $text }}
{{- $factors := dict "" 1 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024 "Mi" 1048576
      "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 "Ei" 1152921504606846976 }}
{{- mulf (trimSuffix $unit $text | float64) (get $factors $unit | float64) }}
{{- end }}
{{- end }}

{{/* KW307 and KW505 of the ClusterStorageContainers, the default one included. Context: the root. */}}
{{- define "kserve-environment.findings.containers" -}}
{{- $seen := list (dict "key" "storage" "name" "default" "formats" .Values.storage.supportedUriFormats) }}
{{- range $index, $container := .Values.storage.containers }}
{{- $mine := dict "key" (printf "storage.containers[%d]" $index) "name" .name "formats" .supportedUriFormats }}
{{- range $other := $seen }}
{{- include "kserve-environment.findings.container-pair" (dict "root" $ "mine" $mine "other" $other) }}
{{- end }}
{{- $seen = append $seen $mine }}
{{- end }}
{{- end }}

{{/* Two ClusterStorageContainers with the same name, or that match the same URI. Context: (dict "root" $ "mine" <one> "other" <one>). */}}
{{- define "kserve-environment.findings.container-pair" -}}
{{- if eq .mine.name .other.name }}
{{- include "kserve-environment.finding" (list .root "KW505" (dict "key" (printf "%s.name" .mine.key) "value" .mine.name
      "other_key" (eq .other.key "storage" | ternary "the ClusterStorageContainer of storage" (printf "%s.name" .other.key))
      "other" .other.name)) }}
{{- end }}
{{- range $i, $mine := .mine.formats }}
{{- range $j, $other := $.other.formats }}
{{- if include "kserve-environment.findings.formats-overlap" (list $mine $other) }}
{{- include "kserve-environment.finding" (list $.root "KW307" (dict
      "key" (printf "%s.supportedUriFormats[%d]" $.mine.key $i) "value" (values $mine | first)
      "other_key" (printf "%s.supportedUriFormats[%d]" $.other.key $j) "other" (values $other | first))) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* "true" if two URI formats match the same URI: equal regular expressions, a prefix of a prefix, or a regular expression
     that matches below a prefix. Two different regular expressions are not compared. Context: (list <format> <format>). */}}
{{- define "kserve-environment.findings.formats-overlap" -}}
{{- $a := index . 0 }}{{ $b := index . 1 }}
{{- if and $a.prefix $b.prefix }}
{{- if or (hasPrefix $a.prefix $b.prefix) (hasPrefix $b.prefix $a.prefix) }}true{{ end }}
{{- else if and $a.regex $b.regex }}
{{- if eq $a.regex $b.regex }}true{{ end }}
{{- else if regexMatch ($a.regex | default $b.regex) (printf "%smodels/model" ($a.prefix | default $b.prefix)) }}true
{{- end }}
{{- end }}
