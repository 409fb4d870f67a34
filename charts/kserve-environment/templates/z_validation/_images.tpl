{{/* KW201, KW202 and KW207: every image in the values. Context: the root. */}}
{{- define "kserve-environment.findings.images" -}}
{{- range $key, $image := include "kserve-environment.images.all" . | fromJson }}
{{- $reason := $image | empty | ternary "" (include "kserve-environment.findings.image-reason" $image) }}
{{- if $reason }}
{{- include "kserve-environment.finding" (list $ "KW202" (dict "key" $key "value" $image "reason" $reason)) }}
{{- else }}
{{- include "kserve-environment.findings.image-place" (dict "root" $ "key" $key "image" $image) }}
{{- end }}
{{- end }}
{{- range list "controller" "webhook" }}
{{- include "kserve-environment.findings.image-collision" (dict "root" $ "container" .) }}
{{- end }}
{{- end }}

{{/* Why a reference is malformed, or nothing. KW504 reports text that no value may contain. The grammar is
     that of github.com/distribution/reference, but a host and a tag or digest are required. Context: the reference. */}}
{{- define "kserve-environment.findings.image-reason" -}}
{{- $host := splitList "/" . | first }}
{{- $path := trimPrefix (printf "%s/" $host) . }}
{{- $repository := regexReplaceAll "(:[^:/@]*)?(@.*)?$" $path "" }}
{{- $rest := trimPrefix $repository $path }}
{{- if include "kserve-environment.findings.text-reason" . }}
{{- else if contains "://" . }}it has a scheme
{{- else if regexMatch "\\s" . }}it contains whitespace
{{- else if not (and (contains "/" .) (regexMatch "[.:]" $host)) }}it names no registry, so it defaults to docker.io
{{- else if not (regexMatch "^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?([.][A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*(:[0-9]{1,5})?$" $host) }}its host is not host[:port]
{{- else if regexMatch "[A-Z]" $repository }}its path has upper-case letters
{{- else if not (regexMatch "^[a-z0-9._/-]{2,255}$" $repository) }}its path is not 2 to 255 characters of a-z, 0-9, '.', '_', '-' and '/'
{{- else if not (regexMatch "^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*$" $repository) }}its path has '.', '_', '-' or '/' at an end, or two of them in a row
{{- else if not $rest }}it has neither tag nor digest
{{- else if not (regexMatch "^(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@.*)?$" $rest) }}its tag is malformed
{{- else if not (regexMatch "^(:[^@]+)?(@sha256:[0-9a-f]{64})?$" $rest) }}its digest is not sha256: with 64 hex digits
{{- end }}
{{- end }}

{{/* KW201: with a private registry, every image must come from it. Context: (dict "root" $ "key" <key> "image" <image>). */}}
{{- define "kserve-environment.findings.image-place" -}}
{{- $registry := .root.Values.registry }}
{{- $place := without (list $registry.host $registry.project) "" | join "/" }}
{{- $found := empty $registry.host }}
{{- range $prefix := prepend (values $registry.map) $place }}
{{- if hasPrefix (printf "%s/" $prefix) $.image }}{{ $found = true }}{{ end }}
{{- end }}
{{- if and .image (not $found) }}
{{- include "kserve-environment.finding" (list .root "KW201" (dict "key" .key "value" .image "other" $place
      "other_key" (empty $registry.project | ternary "registry.host" "registry.host with registry.project"))
      (printf "remove %s, or set it to an image under %s" .key $place)) }}
{{- end }}
{{- end }}

{{/* KW207: the operator also applies the override <container> to net-istio's Deployment with a container of that name. With a
     private registry, KW201 already requires that image. Context: (dict "root" $ "container" <container>). */}}
{{- define "kserve-environment.findings.image-collision" -}}
{{- $images := .root.Values.images.knative }}
{{- $mine := printf "net-istio-%s" .container }}
{{- $used := and (eq .root.Values.knative.install "operator") (not .root.Values.registry.host) }}
{{- if and $used (get $images .container) (not (get $images $mine)) }}
{{- include "kserve-environment.finding" (list .root "KW207" (dict "key" (printf "images.knative.%s" $mine) "value" ""
      "other_key" (printf "images.knative.%s" .container) "other" (get $images .container) "component" .container)) }}
{{- end }}
{{- end }}
