{{/* The versions: those of the stack, unless the values set them. A JSON map. Context: the root. */}}
{{- define "kserve-environment.versions" -}}
{{- $versions := dict }}
{{- range $name, $version := get (.Files.Get "files/images.yaml" | fromYaml).stacks .Values.stack }}
{{- $_ := set $versions $name (get $.Values.versions $name | default $version) }}
{{- end }}
{{- $versions | toJson }}
{{- end }}

{{/* digests.policy, or its default: Knative cannot resolve tags offline, and most registries with plain http neither.
     Context: the root. */}}
{{- define "kserve-environment.digests.policy" -}}
{{- .Values.digests.policy | default (or .Values.offline .Values.registry.plainHTTP | ternary "skip" "resolve") }}
{{- end }}
