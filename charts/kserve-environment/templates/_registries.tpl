{{/* The name that Knative uses to compare a registry: docker.io is index.docker.io (go-containerregistry
     pkg/name/registry.go). Context: host[:port]. */}}
{{- define "kserve-environment.registries.spelled" -}}
{{- eq . "docker.io" | ternary "index.docker.io" . }}
{{- end }}

{{/* The registry of an image, with the name that Knative uses. Context: the reference. */}}
{{- define "kserve-environment.registries.of" -}}
{{- $host := splitList "/" . | first }}
{{- if and (contains "/" .) (regexMatch "[.:]" $host) }}
{{- include "kserve-environment.registries.spelled" $host }}
{{- else }}index.docker.io{{ end }}
{{- end }}

{{/* The hosts of the private registry and of its caches, with the names that Knative uses. A JSON list. Context: the root. */}}
{{- define "kserve-environment.registries.private" -}}
{{- $hosts := list }}
{{- range without (prepend (values .Values.registry.map | sortAlpha) .Values.registry.host) "" }}
{{- $hosts = append $hosts (include "kserve-environment.registries.spelled" (splitList "/" . | first)) }}
{{- end }}
{{- uniq $hosts | toJson }}
{{- end }}

{{/* registries-skipping-tag-resolving, or nothing if Knative's default is sufficient. A list replaces the default, so its
     three entries are repeated. Context: the root. */}}
{{- define "kserve-environment.registries.skipped" -}}
{{- $added := list }}
{{- if eq (include "kserve-environment.digests.policy" .) "skip" }}
{{- $added = include "kserve-environment.registries.private" . | fromJsonArray }}
{{- end }}
{{- with concat $added .Values.digests.skipRegistries | uniq }}
{{- concat (list "kind.local" "ko.local" "dev.local") . | uniq | join "," }}
{{- end }}
{{- end }}
