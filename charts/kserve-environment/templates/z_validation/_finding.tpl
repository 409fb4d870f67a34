{{/* One finding as a line of JSON, for `kserve-environment.finding.lines`. The fix can be more specific than the rule's.
     Context: (list <root> <code> <arguments of the rule> [<fix>]). */}}
{{- define "kserve-environment.finding" -}}
{{- $code := index . 1 }}{{ $args := index . 2 }}
{{- $rule := index ((index . 0).Files.Get "files/rules.yaml" | fromYaml) $code }}
{{- $fix := gt (len .) 3 | ternary (last .) $rule.fix }}
{{- /* Double braces are escaped single braces, as in Python's format. */}}
{{- $text := printf "%s; %s" $rule.message $fix | replace "{{" "\u0001" | replace "}}" "\u0002" }}
{{- $alike := dict "fix" (replace $args.key "" $fix) }}
{{- range $name, $value := $args }}
{{- $shown := include "kserve-environment.finding.shown" $value }}
{{- $text = replace (printf "{%s}" $name) $shown $text }}
{{- if not (has $name (list "key" "value")) }}{{ $_ := set $alike $name (replace $args.key "" $shown) }}{{ end }}
{{- end }}
{{- $line := printf "[%s] values: %s" $code ($text | replace "\u0001" "{" | replace "\u0002" "}") }}
{{- dict "alike" (printf "%s %s" $code (toJson $alike)) "key" $args.key "line" $line | toJson }}{{ "\n" }}
{{- end }}

{{/* The findings as lines `[CODE] values: <message>; <fix>`, sorted. Findings that differ only in their key and its value are
     one line, which ends with the other keys. Context: the output of `kserve-environment.finding`. */}}
{{- define "kserve-environment.finding.lines" -}}
{{- $first := dict }}{{ $others := dict }}
{{- range splitList "\n" . | sortAlpha | uniq }}
{{- with . | trim }}
{{- $finding := fromJson . }}
{{- if hasKey $first $finding.alike }}
{{- $_ := set $others $finding.alike (append (get $others $finding.alike) $finding.key | uniq) }}
{{- else }}
{{- $_ := set $first $finding.alike $finding }}{{ $_ := set $others $finding.alike list }}
{{- end }}
{{- end }}
{{- end }}
{{- $lines := list }}
{{- range $alike, $finding := $first }}
{{- $same := without (get $others $alike) $finding.key }}
{{- $count := len $same | eq 1 | ternary "" (printf "%d more: " (len $same)) }}
{{- $lines = append $lines (empty $same | ternary $finding.line (printf "%s (the same for %s%s)" $finding.line $count (join ", " $same))) }}
{{- end }}
{{- $lines | sortAlpha | join "\n" }}
{{- end }}

{{/* A value as one line of text. Context: the value. */}}
{{- define "kserve-environment.finding.shown" -}}
{{- if and (kindIs "slice" .) (not (kindIs "map" (first . | default ""))) }}{{ . | join "," | default "empty" }}
{{- else if or (kindIs "map" .) (kindIs "slice" .) }}{{ toJson . }}
{{- else if eq (toString .) "" }}empty
{{- else }}{{ toString . | replace "\n" "\\n" }}{{ end }}
{{- end }}
