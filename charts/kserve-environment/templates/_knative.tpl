{{/* True if InferenceServices can be Knative Services. Context: the root. */}}
{{- define "kserve-environment.knative.present" -}}
{{- if ne .Values.knative.install "none" }}true{{ end }}
{{- end }}

{{/* True if this chart writes Knative's settings: not if others do, or if there is no Knative. Context: the root. */}}
{{- define "kserve-environment.knative.own" -}}
{{- if has .Values.knative.install (list "operator" "yaml") }}true{{ end }}
{{- end }}

{{/* The settings that this chart wires in Knative's ConfigMaps: a JSON map from <ConfigMap without config-> to its data.
     Context: the root. */}}
{{- define "kserve-environment.knative.wired" -}}
{{- $local := dict "root" . "gateway" .Values.gateways.local }}
{{- $ingress := dict "root" . "gateway" .Values.gateways.ingress }}
{{- $istio := dict "local-gateways" (include "kserve-environment.gateways.entry" $local)
      "external-gateways" (include "kserve-environment.gateways.entry" $ingress) }}
{{- $network := dict "ingress-class" "istio.ingress.networking.knative.dev"
      "default-external-scheme" (include "kserve-environment.gateways.scheme" $ingress) }}
{{- dict "deployment" (include "kserve-environment.knative.deployment" . | fromJson) "istio" $istio
      "domain" (dict .Values.gateways.ingress.domain "") "features" .Values.knative.features "network" $network | toJson }}
{{- end }}

{{/* The data of config-deployment. The operator never sets queue-sidecar-image itself, not even from its registry override
     (knative/operator#2313). Context: the root. */}}
{{- define "kserve-environment.knative.deployment" -}}
{{- $data := dict "digest-resolution-timeout" .Values.digests.timeout }}
{{- with include "kserve-environment.registries.skipped" . }}
{{- $_ := set $data "registries-skipping-tag-resolving" . }}
{{- end }}
{{- $image := get (include "kserve-environment.images.knative" . | fromJson) "queue-proxy" }}
{{- if and $image (ne .Values.knative.install "existing") }}{{ $_ := set $data "queue-sidecar-image" $image }}{{ end }}
{{- $data | toJson }}
{{- end }}

{{/* The same with knative.config merged in, without empty ConfigMaps. Context: the root. */}}
{{- define "kserve-environment.knative.config" -}}
{{- $wired := include "kserve-environment.knative.wired" . | fromJson }}
{{- $config := dict }}
{{- range $name, $data := mergeOverwrite (deepCopy .Values.knative.config) $wired }}
{{- if $data }}{{ $_ := set $config $name $data }}{{ end }}
{{- end }}
{{- $config | toJson }}
{{- end }}

{{/* Annotations that restart Knative's controller when the CA changes, because it reads the CA only at start.
     Context: the root. */}}
{{- define "kserve-environment.knative.ca-checksum" -}}
{{- with .Values.registry.ca.bundle -}}
kserve-wiring.io/registry-ca-checksum: {{ sha256sum . }}
{{- end }}
{{- end }}

{{/* spec.registry of KnativeServing, or nothing. Context: the root. */}}
{{- define "kserve-environment.knative.registry" -}}
{{- $registry := dict }}
{{- with include "kserve-environment.images.overrides" . | fromJson }}{{ $_ := set $registry "override" . }}{{ end }}
{{- with .Values.registry.pullSecret.name }}
{{- $_ := set $registry "imagePullSecrets" (list (dict "name" .)) }}
{{- end }}
{{- with $registry }}{{ toYaml . }}{{ end }}
{{- end }}

{{/* Additional settings of the resolver in Knative's controller, as fields of a workload of KnativeServing, or nothing. Context: the root. */}}
{{- define "kserve-environment.knative.controller" -}}
{{- with include "kserve-environment.knative.ca-checksum" . }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- with include "kserve-environment.knative.resolver-env" . | fromJsonArray }}
env:
  - container: controller
    envVars:
      {{- toYaml . | nindent 6 }}
{{- end }}
{{- end }}

{{/* Environment variables of the resolver, as a JSON list. Context: the root. */}}
{{- define "kserve-environment.knative.resolver-env" -}}
{{- $env := list }}
{{- with .Values.digests.tlsMinVersion }}{{ $env = append $env (dict "name" "TAG_TO_DIGEST_TLS_MIN_VERSION" "value" .) }}{{ end }}
{{- concat $env (include "kserve-environment.proxy.env" . | fromJsonArray) | toJson }}
{{- end }}
