{{/* Upstream's reference of each image that these values can set, as a JSON map from its key below `images`. Knative's images
     are known for the Knative versions of the stacks. Context: the root. */}}
{{- define "kserve-environment.images.upstream" -}}
{{- $catalogue := .Files.Get "files/images.yaml" | fromYaml }}
{{- $versions := include "kserve-environment.versions" . | fromJson }}
{{- $found := dict }}
{{- range $key, $reference := merge (dict) (get $catalogue.knative $versions.knative | default dict) $catalogue.kserve }}
{{- $_ := set $found $key (replace "{kserve}" $versions.kserve $reference) }}
{{- end }}
{{- $found | toJson }}
{{- end }}

{{/* The reference that the cluster pulls for one of upstream: by the digest in digests.images, from the private registry if
     there is one. includes/images.jinja does the same for an environment. Context: (dict "root" $ "reference" <upstream's>). */}}
{{- define "kserve-environment.images.pulled" -}}
{{- $registry := .root.Values.registry }}
{{- $digest := get .root.Values.digests.images .reference }}
{{- $reference := empty $digest | ternary .reference (printf "%s@%s" (regexReplaceAll ":[^:/]+$" .reference "") $digest) }}
{{- if $registry.host }}
{{- $host := splitList "/" $reference | first }}
{{- $path := trimPrefix (printf "%s/" $host) $reference }}
{{- if hasKey $registry.map $host }}{{ printf "%s/%s" (get $registry.map $host) $path }}
{{- else }}
{{- if eq $registry.layout "flatten" }}{{ $path = replace "/" "-" $path }}
{{- else if eq $registry.layout "prefix" }}{{ $path = printf "%s/%s" (replace ":" "-" $host) $path }}
{{- end }}
{{- without (list $registry.host $registry.project $path) "" | join "/" }}
{{- end }}
{{- else }}{{ $reference }}
{{- end }}
{{- end }}

{{/* Every image of the key `images`, as a JSON map from its key below it: the value, or what follows from the registry, the
     versions and the digests. Empty: the image embedded in the Knative operator. Context: the root. */}}
{{- define "kserve-environment.images.resolved" -}}
{{- $upstream := include "kserve-environment.images.upstream" . | fromJson }}
{{- $given := dict "smoke" .Values.images.smoke }}
{{- range $group := list "kserve" "llm" "knative" }}
{{- range $name, $image := get $.Values.images $group }}{{ $_ := set $given (printf "%s.%s" $group $name) $image }}{{ end }}
{{- end }}
{{- $found := dict }}
{{- range $key, $image := $given }}
{{- $reference := get $upstream $key }}
{{- $moved := or $.Values.registry.host (get $.Values.digests.images $reference) (not (hasPrefix "knative." $key)) }}
{{- if and (not $image) $reference $moved }}
{{- $image = include "kserve-environment.images.pulled" (dict "root" $ "reference" $reference) }}
{{- end }}
{{- $_ := set $found $key $image }}
{{- end }}
{{- $found | toJson }}
{{- end }}

{{/* The images that KServe adds to a model's Pods, and the smoke test's image. A JSON map. Context: the root. */}}
{{- define "kserve-environment.images.kserve" -}}
{{- include "kserve-environment.images.group" (dict "root" . "group" "kserve") }}
{{- end }}

{{/* The images of the presets of LLMInferenceServices. A JSON map. Context: the root. */}}
{{- define "kserve-environment.images.llm" -}}
{{- include "kserve-environment.images.group" (dict "root" . "group" "llm") }}
{{- end }}

{{/* The images of Knative, by container name. A JSON map. Context: the root. */}}
{{- define "kserve-environment.images.knative" -}}
{{- include "kserve-environment.images.group" (dict "root" . "group" "knative") }}
{{- end }}

{{- define "kserve-environment.images.group" -}}
{{- $images := dict }}
{{- range $key, $image := include "kserve-environment.images.resolved" .root | fromJson }}
{{- if hasPrefix (printf "%s." $.group) $key }}{{ $_ := set $images (trimPrefix (printf "%s." $.group) $key) $image }}{{ end }}
{{- end }}
{{- $images | toJson }}
{{- end }}

{{/* The image of the smoke test. Context: the root. */}}
{{- define "kserve-environment.images.smoke" -}}
{{- (include "kserve-environment.images.resolved" . | fromJson).smoke }}
{{- end }}

{{/* Every image in these values, as a JSON map from its key to the reference. Empty: the Knative operator's default image. Context: the root. */}}
{{- define "kserve-environment.images.all" -}}
{{- $all := dict }}
{{- range $key, $image := include "kserve-environment.images.resolved" . | fromJson }}
{{- $sidecar := and (eq $.Values.knative.install "yaml") (eq $key "knative.queue-proxy") }}
{{- $used := or (eq $.Values.knative.install "operator") $sidecar (not (hasPrefix "knative." $key)) }}
{{- if hasPrefix "llm." $key }}{{ $used = $.Values.llm.enabled }}{{ end }}
{{- if or $used (get $.Values.images.knative (trimPrefix "knative." $key)) }}
{{- $_ := set $all (printf "images.%s" $key) $image }}
{{- end }}
{{- end }}
{{- range $index, $container := .Values.storage.containers }}
{{- with $container.image }}{{ $_ := set $all (printf "storage.containers[%d].image" $index) . }}{{ end }}
{{- end }}
{{- $all | toJson }}
{{- end }}

{{/* spec.registry.override of KnativeServing. The operator applies <container> to every Deployment. net-istio's
     containers have the same names as Serving's, controller and webhook, so they need <Deployment>/<container>. A JSON map.
     Context: the root. */}}
{{- define "kserve-environment.images.overrides" -}}
{{- $keys := dict "net-istio-controller" "net-istio-controller/controller" "net-istio-webhook" "net-istio-webhook/webhook" }}
{{- $overrides := dict }}
{{- range $name, $image := include "kserve-environment.images.knative" . | fromJson }}
{{- if $image }}{{ $_ := set $overrides (get $keys $name | default $name) $image }}{{ end }}
{{- end }}
{{- $overrides | toJson }}
{{- end }}

{{/* An image as the two fields that KServe joins with a colon: {"image", "defaultImageVersion"}. A digest is split at its
     colon. Context: the reference. */}}
{{- define "kserve-environment.images.split" -}}
{{- $version := regexFind ":[^:/]+$" . }}
{{- dict "image" (trimSuffix $version .) "defaultImageVersion" (trimPrefix ":" $version | default "latest") | toJson }}
{{- end }}
