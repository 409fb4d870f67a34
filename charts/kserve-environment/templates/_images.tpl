{{/* The images that KServe adds to a model's Pods, and the smoke test's image. The default is upstream's image for the
     KServe version, because KServe itself would fall back to :latest. A JSON map. Context: the root. */}}
{{- define "kserve-environment.images.kserve" -}}
{{- $repositories := dict "agent" "agent" "router" "router" "artExplainer" "art-explainer"
      "storageInitializer" "storage-initializer" "smoke" "sklearnserver" }}
{{- $given := merge (dict "smoke" .Values.images.smoke) .Values.images.kserve }}
{{- $images := dict }}
{{- range $name, $repository := $repositories }}
{{- $_ := set $images $name (get $given $name | default (printf "docker.io/kserve/%s:%s" $repository $.Values.versions.kserve)) }}
{{- end }}
{{- $images | toJson }}
{{- end }}

{{/* Every image in these values, as a JSON map from its key to the reference. Empty: the Knative operator's default image. Context: the root. */}}
{{- define "kserve-environment.images.all" -}}
{{- $all := dict }}
{{- range $name, $image := include "kserve-environment.images.kserve" . | fromJson }}
{{- $_ := set $all (eq $name "smoke" | ternary "images.smoke" (printf "images.kserve.%s" $name)) $image }}
{{- end }}
{{- range $name, $image := .Values.images.knative }}
{{- if or $image (eq $.Values.knative.install "operator") (eq $name "queue-proxy") }}
{{- $_ := set $all (printf "images.knative.%s" $name) $image }}
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
{{- range $name, $image := .Values.images.knative }}
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
