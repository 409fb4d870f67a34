{{/* Faults of single values, one line each. The schema has checked the types; files/values.yaml has everything else that a
     value must be. Context: the root. */}}
{{- define "kserve-environment.faults" -}}
{{- $limits := .Files.Get "files/values.yaml" | fromYaml }}
{{- include "kserve-environment.faults.below" (dict "limits" $limits "path" "" "value" .Values "places" $limits.places) }}
{{- end }}

{{/* Context of this and the next three: (dict "limits" <what the value must be> "path" <its key> "value" <value>
     "places" <key by its last name>). */}}
{{- define "kserve-environment.faults.below" -}}
{{- $items := .limits.items | default dict }}
{{- if kindIs "map" .value }}
{{- include "kserve-environment.faults.keys" . }}
{{- range $name := keys .value | sortAlpha }}
{{- include "kserve-environment.faults.below" (dict "limits" (get ($.limits.keys | default dict) $name | default $items)
      "path" (without (list $.path $name) "" | join ".") "value" (get $.value $name) "places" $.places) }}
{{- end }}
{{- else if kindIs "slice" .value }}
{{- if lt (len .value) (int .limits.minItems) }}
{{- printf "values: %s is empty; write %s\n" .path .limits.write }}
{{- end }}
{{- range $index, $value := .value }}
{{- include "kserve-environment.faults.below" (dict "limits" $items "path" (printf "%s[%d]" $.path $index) "value" $value
      "places" $.places) }}
{{- end }}
{{- else if kindIs "string" .value }}
{{- include "kserve-environment.faults.text" . }}
{{- end }}
{{- end }}

{{/* Keys that are missing or unknown. Helm removes a key of values.yaml only for the value null. A missing key is not
     reported next to an unknown one, which may be the same. */}}
{{- define "kserve-environment.faults.keys" -}}
{{- $names := keys .value | sortAlpha }}
{{- $known := keys (.limits.keys | default dict) | sortAlpha }}
{{- $unknown := or .limits.open (empty $known) | ternary list $names }}
{{- range $known }}{{ $unknown = without $unknown . }}{{ end }}
{{- range $unknown }}
{{- printf "values: %s is unknown; %s\n" (without (list $.path .) "" | join ".") (include "kserve-environment.faults.meant"
      (dict "name" . "known" $known "path" $.path "places" $.places)) }}
{{- end }}
{{- range .limits.always }}
{{- if not (has . $names) }}
{{- printf "values: %s is null; remove the key to get its default, or give it a value\n" (without (list $.path .) "" | join ".") }}
{{- end }}
{{- end }}
{{- if not $unknown }}
{{- range .limits.required }}
{{- if not (has . $names) }}{{ printf "values: %s has no %s; add it\n" $.path . }}{{ end }}
{{- end }}
{{- if and .limits.oneKey (ne (len $names) 1) }}
{{- printf "values: %s has %s; give it exactly one of %s\n" .path (join " and " $names | default "no key") (join " and " $known) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A text that is not what it must be. */}}
{{- define "kserve-environment.faults.text" -}}
{{- $wrong := and .limits.pattern (not (regexMatch (.limits.pattern | default "") .value)) }}
{{- $long := and .limits.maxLength (gt (len .value) (int .limits.maxLength)) }}
{{- /* An empty alternative matches everything, unless the expression does not parse. */}}
{{- $malformed := and .limits.regex (not (regexMatch (printf "|%s" .value) "")) }}
{{- if or $wrong $long $malformed }}
{{- printf "values: %s is %s; write %s\n" .path (include "kserve-environment.finding.shown" .value | trunc 100) .limits.write }}
{{- end }}
{{- end }}

{{/* Which key was meant: a similar one, the same one elsewhere, or any of those that are known.
     Context: (dict "name" <unknown> "known" <list> "path" <of both> "places" <key by its last name>). */}}
{{- define "kserve-environment.faults.meant" -}}
{{- $variants := include "kserve-environment.faults.variants" .name | fromJsonArray }}
{{- $similar := list }}
{{- range $known := .known }}
{{- range include "kserve-environment.faults.variants" $known | fromJsonArray }}
{{- if has . $variants }}{{ $similar = append $similar (without (list $.path $known) "" | join ".") }}{{ end }}
{{- end }}
{{- end }}
{{- if $similar }}did you mean {{ $similar | uniq | join " or " }}?
{{- else if hasKey .places .name }}did you mean {{ get .places .name }}?
{{- else }}{{ .path | default "the chart" }} has {{ join ", " .known }}
{{- end }}
{{- end }}

{{/* A name, and the same without each of its letters. Two names that differ by one letter, or by two that changed places,
     have a variant in common. knative.config has the ConfigMaps without config-. A JSON list. Context: the name. */}}
{{- define "kserve-environment.faults.variants" -}}
{{- $name := . | lower | trimPrefix "config-" | replace "-" "" | replace "_" "" }}
{{- $variants := list $name }}
{{- range $index := until (len $name) }}
{{- $variants = append $variants (printf "%s%s" (substr 0 $index $name) (substr (add $index 1 | int) -1 $name)) }}
{{- end }}
{{- without $variants "" | toJson }}
{{- end }}
