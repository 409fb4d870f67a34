{{/* One finding as a line `[CODE] values: <message>; <fix>`, with the text of the rule catalogue.
     Context: (list <root> <code> <arguments of the rule>). */}}
{{- define "kserve-environment.finding" -}}
{{- $root := index . 0 }}{{ $code := index . 1 }}
{{- $rule := index ($root.Files.Get "files/rules.yaml" | fromYaml) $code }}
{{- /* Double braces are escaped single braces, as in Python's format. */}}
{{- $text := printf "%s; %s" $rule.message $rule.fix | replace "{{" "\u0001" | replace "}}" "\u0002" }}
{{- range $name, $value := index . 2 }}
{{- $text = replace (printf "{%s}" $name) (include "kserve-environment.finding.shown" $value) $text }}
{{- end }}
{{- printf "[%s] values: %s\n" $code ($text | replace "\u0001" "{" | replace "\u0002" "}") }}
{{- end }}

{{/* A value as one line of text. Context: the value. */}}
{{- define "kserve-environment.finding.shown" -}}
{{- if kindIs "slice" . }}{{ . | join "," | default "empty" }}
{{- else if kindIs "map" . }}{{ toJson . }}
{{- else if eq (toString .) "" }}empty
{{- else }}{{ toString . | replace "\n" "\\n" }}{{ end }}
{{- end }}
