{{/* KW101-KW106: how Knative resolves a tag to a digest. Context: the root. */}}
{{- define "kserve-environment.findings.digests" -}}
{{- range $index, $entry := .Values.digests.skipRegistries }}
{{- include "kserve-environment.findings.skip-entry" (dict "root" $ "index" $index "entry" $entry) }}
{{- end }}
{{- include "kserve-environment.findings.unresolvable" . }}
{{- include "kserve-environment.findings.duration" . }}
{{- include "kserve-environment.findings.pinned" . }}
{{- include "kserve-environment.findings.tls" . }}
{{- end }}

{{/* KW101: an entry that matches no registry name that Knative uses. Context: (dict "root" $ "index" <n> "entry" <entry>). */}}
{{- define "kserve-environment.findings.skip-entry" -}}
{{- $host := regexReplaceAll "^[a-zA-Z]+://" .entry "" | splitList "/" | first }}
{{- $hub := has $host (list "docker.io" "registry-1.docker.io") }}
{{- $bare := not (regexMatch "[.:]" $host) }}
{{- $suggestion := or $hub $bare | ternary "index.docker.io" $host }}
{{- $reason := "" }}
{{- if contains "://" .entry }}{{ $reason = "it has a scheme" }}
{{- else if contains "*" .entry }}{{ $reason = "wildcards are not expanded" }}{{ $suggestion = "each host in full" }}
{{- else if contains "/" .entry }}{{ $reason = "it has a path" }}
{{- else if $hub }}{{ $reason = "Knative calls Docker Hub index.docker.io" }}
{{- else if $bare }}{{ $reason = "a name without a dot or a port is read as a path on Docker Hub" }}
{{- end }}
{{- if $reason }}
{{- include "kserve-environment.finding" (list .root "KW101" (dict "key" (printf "digests.skipRegistries[%d]" .index)
      "value" .entry "reason" $reason "suggestion" $suggestion)) }}
{{- end }}
{{- end }}

{{/* KW102: a tag that Knative cannot resolve. Only for images in a Revision: Knative does not resolve the images that KServe
     injects. With a private registry, KW201 reports an image from elsewhere. Context: the root. */}}
{{- define "kserve-environment.findings.unresolvable" -}}
{{- $images := include "kserve-environment.images.kserve" . | fromJson }}
{{- $private := include "kserve-environment.registries.private" . | fromJsonArray }}
{{- range $key, $image := dict "images.smoke" (include "kserve-environment.images.smoke" .) "images.kserve.router" $images.router }}
{{- $registry := include "kserve-environment.registries.of" $image }}
{{- $elsewhere := and $.Values.registry.host (not (has $registry $private)) }}
{{- $asked := not (or $elsewhere (contains "@" $image) (has $registry $.Values.digests.skipRegistries)) }}
{{- $reason := include "kserve-environment.findings.no-resolving" (dict "root" $ "registry" $registry) }}
{{- if and $asked $reason (eq (include "kserve-environment.digests.policy" $) "resolve") }}
{{- include "kserve-environment.finding" (list $ "KW102" (dict "key" $key "value" $image "reason" $reason
      "other_key" "digests.skipRegistries" "other" $.Values.digests.skipRegistries "registry" $registry) (has $registry $private | ternary
      "set digests.policy to skip, or reference the image by digest" (printf "add %s to digests.skipRegistries" $registry))) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Why Knative cannot resolve tags at this registry, or nothing. Its resolver uses plain http only for private addresses
     and for names that end in .local or .localhost (go-containerregistry pkg/name/registry.go, Scheme).
     Context: (dict "root" $ "registry" <host[:port]>). */}}
{{- define "kserve-environment.findings.no-resolving" -}}
{{- $http := "^(localhost|127\\.0\\.0\\.1|10\\.[0-9.]+|192\\.168\\.[0-9.]+|172\\.(1[6-9]|2[0-9]|3[01])\\.[0-9.]+|.+\\.local|.+\\.localhost)(:[0-9]+)?$" }}
{{- $registry := .root.Values.registry }}
{{- if .root.Values.offline -}}
which it cannot reach: offline is true
{{- else if and $registry.plainHTTP (has .registry (include "kserve-environment.registries.private" .root | fromJsonArray)) (not (regexMatch $http .registry)) -}}
over HTTPS, but registry.plainHTTP is true
{{- end }}
{{- end }}

{{/* KW103. Context: the root. */}}
{{- define "kserve-environment.findings.duration" -}}
{{- $timeout := .Values.digests.timeout }}
{{- $reason := "" }}
{{- if regexMatch "^[0-9.]+$" $timeout }}{{ $reason = "it has no unit" }}
{{- else if not (regexMatch "^[+-]?(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|ms|s|m|h))+$" $timeout) }}
{{- $reason = "it is not a Go duration" }}
{{- else if or (hasPrefix "-" $timeout) (not (regexMatch "[1-9]" $timeout)) }}{{ $reason = "it is not positive" }}
{{- end }}
{{- if $reason }}
{{- include "kserve-environment.finding" (list . "KW103" (dict "key" "digests.timeout" "value" $timeout "reason" $reason)) }}
{{- end }}
{{- end }}

{{/* KW105. The Knative operator's default images have digests. Context: the root. */}}
{{- define "kserve-environment.findings.pinned" -}}
{{- if eq (include "kserve-environment.digests.policy" .) "pinned" }}
{{- range $key, $image := include "kserve-environment.images.all" . | fromJson }}
{{- if and $image (not (contains "@sha256:" $image)) }}
{{- include "kserve-environment.finding" (list $ "KW105" (dict "key" $key "value" $image "other_key" "digests.policy")
      "add the digest to digests.images, reference the image by digest, or set digests.policy to skip") }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* KW106. serving v0.38 (Knative 1.11) is the first whose resolver reads TAG_TO_DIGEST_TLS_MIN_VERSION
     (pkg/reconciler/revision/resolve.go). Context: the root. */}}
{{- define "kserve-environment.findings.tls" -}}
{{- $wanted := .Values.digests.tlsMinVersion }}
{{- $knative := (include "kserve-environment.versions" . | fromJson).knative }}
{{- if and $wanted (semverCompare "<1.11.0" $knative) }}
{{- include "kserve-environment.finding" (list . "KW106" (dict "key" "digests.tlsMinVersion" "value" $wanted
      "other_key" "versions.knative" "other" $knative "reason" "Knative supports it since 1.11"
      "suggestion" "leave digests.tlsMinVersion empty")) }}
{{- end }}
{{- end }}
