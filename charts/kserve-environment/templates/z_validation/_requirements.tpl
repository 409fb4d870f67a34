{{/* Values that others need, one line each: these are the causes of most disagreements. Context: the root. */}}
{{- define "kserve-environment.requirements" -}}
{{- $catalogue := .Files.Get "files/images.yaml" | fromYaml }}
{{- $registry := .Values.registry }}
{{- if not (hasKey $catalogue.stacks .Values.stack) }}
{{- printf "values: stack is %s; choose one of %s\n" (.Values.stack | default "empty") (keys $catalogue.stacks | sortAlpha | join ", ") }}
{{- else if $registry.host }}
{{- include "kserve-environment.requirements.knative" (dict "root" . "known" (keys $catalogue.knative | sortAlpha)) }}
{{- end }}
{{- if not $registry.host }}
{{- if .Values.offline }}
{{- printf "values: offline is true, but registry.host is empty; set registry.host, or set offline to false\n" }}
{{- end }}
{{- range $name := list "project" "map" }}
{{- if get $registry $name }}
{{- printf "values: registry.%s is %s, but registry.host is empty; set registry.host, too\n" $name
      (include "kserve-environment.finding.shown" (get $registry $name)) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $host := keys $registry.map | sortAlpha }}
{{- if not (has $host $catalogue.hosts) }}
{{- printf "values: registry.map has %s, where no image comes from; the hosts are %s\n" $host (join ", " $catalogue.hosts) }}
{{- end }}
{{- end }}
{{- range $role, $gateway := pick .Values.gateways "local" "ingress" }}
{{- include "kserve-environment.requirements.gateway" (dict "key" (printf "gateways.%s.existing" $role) "existing" $gateway.existing) }}
{{- end }}
{{- include "kserve-environment.requirements.external-secret" $registry.pullSecret }}
{{- if and .Values.proxy.noProxy (not (or .Values.proxy.http .Values.proxy.https)) }}
{{- printf "values: proxy.noProxy has %s, but proxy.http and proxy.https are empty; set one of them, or remove proxy.noProxy\n"
      (join ", " .Values.proxy.noProxy) }}
{{- end }}
{{- if and (eq .Values.knative.install "none") (has .Values.kserve.deploymentMode (list "Knative" "Serverless")) }}
{{- printf "values: knative.install is none, but kserve.deploymentMode is %s; set it to Standard, or install Knative\n"
      .Values.kserve.deploymentMode }}
{{- end }}
{{- include "kserve-environment.requirements.standard" . }}
{{- if hasKey $catalogue.stacks .Values.stack }}{{ include "kserve-environment.requirements.llm" . }}{{ end }}
{{- if eq .Values.knative.install "existing" }}
{{- include "kserve-environment.requirements.existing-knative" . }}
{{- else if and .Values.knative.spec (ne .Values.knative.install "operator") }}
{{- printf "values: knative.spec has %s, but knative.install is %s, without a KnativeServing; remove knative.spec, and change the objects of your Knative installation\n"
      (keys .Values.knative.spec | sortAlpha | join ", ") .Values.knative.install }}
{{- end }}
{{- end }}

{{/* What only some of the routes of Standard mode need. Context: the root. */}}
{{- define "kserve-environment.requirements.standard" -}}
{{- $routes := include "kserve-environment.gateways.routes" . }}
{{- $tls := .Values.gateways.ingress.tlsSecret }}
{{- if and $tls (has $routes (list "ingress" "none")) }}
{{- printf "values: gateways.ingress.tlsSecret is %s, but standard.ingress is %s; remove it: %s\n" $tls $routes
      (eq $routes "none" | ternary "there is no gateway" "KServe's Ingresses have no TLS") }}
{{- end }}
{{- if and (eq .Values.components.istio "none") (include "kserve-environment.gateways.used" . | fromJson) }}
{{- printf "values: components.istio is none, but the gateways need istiod; set it to install or existing%s\n"
      (empty $routes | ternary "" ", or set standard.ingress to none") }}
{{- end }}
{{- end }}

{{/* What LLMInferenceServices need. Context: the root. */}}
{{- define "kserve-environment.requirements.llm" -}}
{{- $version := (include "kserve-environment.versions" . | fromJson).kserve }}
{{- $known := (.Files.Get "files/llm-presets.yaml" | fromYaml).kserve }}
{{- if .Values.llm.enabled }}
{{- if include "kserve-environment.knative.present" . }}
{{- printf "values: llm.enabled is true, but knative.install is %s, without a Gateway of the Gateway API; set llm.enabled to false, or knative.install to none\n"
      .Values.knative.install }}
{{- end }}
{{- $routes := include "kserve-environment.gateways.routes" . }}
{{- if has $routes (list "ingress" "none") }}
{{- printf "values: llm.enabled is true, but standard.ingress is %s, without a Gateway of the Gateway API; set llm.enabled to false, or standard.ingress to gateway-api\n"
      $routes }}
{{- end }}
{{- if ne $version $known }}
{{- printf "values: llm.enabled is true, but versions.kserve is %s, whose presets this chart does not have; set versions.kserve to %s, or llm.enabled to false\n"
      $version $known }}
{{- end }}
{{- if ne .Values.namespaces.kserve "kserve" }}
{{- printf "values: llm.enabled is true, but namespaces.kserve is %s, and the CRDs of LLMInferenceServices name a webhook in kserve; set namespaces.kserve to kserve\n"
      .Values.namespaces.kserve }}
{{- end }}
{{- else if eq .Values.part "presets" }}
{{- printf "values: part is presets, but llm.enabled is false; set llm.enabled to true, too\n" }}
{{- end }}
{{- end }}

{{/* Settings of a Knative that others have installed. Context: the root. */}}
{{- define "kserve-environment.requirements.existing-knative" -}}
{{- $images := dict }}
{{- range $name, $image := .Values.images.knative }}{{ if $image }}{{ $_ := set $images $name $image }}{{ end }}{{ end }}
{{- range $key, $fragment := dict "knative.spec" .Values.knative.spec "knative.config" (dict "config" .Values.knative.config)
      "images.knative" (dict "registry" (dict "override" $images)) }}
{{- $given := get (dict "knative.spec" $.Values.knative.spec "knative.config" $.Values.knative.config "images.knative" $images) $key }}
{{- if $given }}
{{- printf "values: %s has %s, but knative.install is existing; remove %s, and ask the owner of Knative to set this in spec of KnativeServing: %s\n"
      $key (keys $given | sortAlpha | join ", ") $key (toJson $fragment) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The names of Knative's images follow from the version only for the versions of the stacks. Context: (dict "root" $
     "known" <versions>). */}}
{{- define "kserve-environment.requirements.knative" -}}
{{- $version := (include "kserve-environment.versions" .root | fromJson).knative }}
{{- $missing := list }}
{{- range $key, $image := include "kserve-environment.images.all" .root | fromJson }}
{{- if not $image }}{{ $missing = append $missing $key }}{{ end }}
{{- end }}
{{- if and $missing (not (has $version .known)) }}
{{- printf "values: versions.knative is %s, whose images this chart does not know; set it to %s, or set %s\n" $version
      (join " or " .known) (join ", " $missing) }}
{{- end }}
{{- end }}

{{/* An ExternalSecret needs all of its names. Context: registry.pullSecret. */}}
{{- define "kserve-environment.requirements.external-secret" -}}
{{- $external := .externalSecret }}
{{- $names := dict "name" .name "externalSecret.remoteKey" $external.remoteKey
      "externalSecret.secretStoreRef.name" $external.secretStoreRef.name }}
{{- $empty := list }}
{{- range $name, $value := $names }}
{{- if not $value }}{{ $empty = append $empty (printf "registry.pullSecret.%s" $name) }}{{ end }}
{{- end }}
{{- if and $external.enabled $empty }}
{{- printf "values: registry.pullSecret.externalSecret.enabled is true, but %s %s empty; set %s\n" (join ", " $empty)
      (len $empty | eq 1 | ternary "is" "are") (len $empty | eq 1 | ternary "it" "them") }}
{{- end }}
{{- end }}

{{/* A gateway that others have installed needs all three. Context: (dict "key" <its key> "existing" <its value>). */}}
{{- define "kserve-environment.requirements.gateway" -}}
{{- $given := list }}{{ $empty := list }}
{{- range list "service" "labels" "ports" }}
{{- if get $.existing . }}{{ $given = append $given . }}{{ else }}{{ $empty = append $empty . }}{{ end }}
{{- end }}
{{- if and $given $empty }}
{{- printf "values: %s has %s, but no %s; set all three, or none\n" .key (join " and " $given) (join " and no " $empty) }}
{{- end }}
{{- end }}
