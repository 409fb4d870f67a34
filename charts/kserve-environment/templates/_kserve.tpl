{{/* The settings that this chart wires in inferenceservice-config: a JSON map from key to fields. Context: the root. */}}
{{- define "kserve-environment.kserve.wired" -}}
{{- $images := include "kserve-environment.images.kserve" . | fromJson }}
{{- $router := dict "image" $images.router "imagePullSecrets" (without (list .Values.registry.pullSecret.name) "") }}
{{- dict "agent" (dict "image" $images.agent) "batcher" (dict "image" $images.agent) "logger" (dict "image" $images.agent)
      "router" $router
      "explainers" (dict "art" (include "kserve-environment.images.split" $images.artExplainer | fromJson))
      "deploy" (dict "defaultDeploymentMode" .Values.kserve.deploymentMode)
      "ingress" (include "kserve-environment.kserve.ingress" . | fromJson)
      "storageInitializer" (include "kserve-environment.kserve.storage-initializer" . | fromJson)
      "credentials" (dict "s3" (include "kserve-environment.kserve.s3" . | fromJson)) | toJson }}
{{- end }}

{{/* The key ingress. knativeLocalGatewayService is set although it equals localGatewayService: it is the destination of
     KServe's route, and without it that Service would be implicit. Without Knative, KServe reads kserveIngressGateway or
     ingressClassName instead of the local gateway, and still requires ingressGateway, also where there is none (kserve
     pkg/apis/serving/v1beta1/configmap.go:255-312). Where others serve the models, the scheme is theirs. Context: the root. */}}
{{- define "kserve-environment.kserve.ingress" -}}
{{- $local := dict "root" . "gateway" .Values.gateways.local }}
{{- $ingress := dict "root" . "gateway" .Values.gateways.ingress }}
{{- $service := include "kserve-environment.gateways.service" $local }}
{{- $reference := include "kserve-environment.gateways.reference" $ingress }}
{{- $gateways := dict "localGateway" (include "kserve-environment.gateways.reference" $local)
      "localGatewayService" $service "knativeLocalGatewayService" $service }}
{{- with include "kserve-environment.gateways.routes" . }}
{{- $class := $.Values.standard.ingressClass.name }}
{{- $gateways = get (dict "gateway-api" (dict "enableGatewayApi" true "kserveIngressGateway" $reference)
      "ingress" (dict "enableGatewayApi" false "ingressClassName" $class)
      "none" (dict "enableGatewayApi" false "disableIngressCreation" true)) . }}
{{- $_ := set $gateways "disableIstioVirtualHost" true }}
{{- end }}
{{- if hasKey (include "kserve-environment.gateways.used" . | fromJson) "ingress" }}
{{- $_ := set $gateways "urlScheme" (include "kserve-environment.gateways.scheme" $ingress) }}
{{- end }}
{{- merge $gateways (dict "ingressGateway" $reference "ingressDomain" .Values.gateways.ingress.domain) | toJson }}
{{- end }}

{{/* The key storageInitializer. KServe reads its CA only from a ConfigMap, so a Secret is not wired here.
     Context: the root. */}}
{{- define "kserve-environment.kserve.storage-initializer" -}}
{{- $resources := .Values.storage.resources }}
{{- $fields := dict "image" (include "kserve-environment.images.kserve" . | fromJson).storageInitializer
      "cpuRequest" $resources.requests.cpu "memoryRequest" $resources.requests.memory
      "cpuLimit" $resources.limits.cpu "memoryLimit" $resources.limits.memory
      "caBundleVolumeMountPath" .Values.storage.caBundleMountPath }}
{{- if eq .Values.registry.ca.kind "ConfigMap" }}
{{- $_ := set $fields "caBundleConfigMapName" .Values.registry.ca.name }}
{{- end }}
{{- $fields | toJson }}
{{- end }}

{{/* The S3 settings of the key credentials. Context: the root. */}}
{{- define "kserve-environment.kserve.s3" -}}
{{- $s3 := .Values.storage.s3 }}
{{- dict "s3Endpoint" $s3.endpoint "s3Region" $s3.region "s3UseHttps" $s3.useHttps "s3VerifySSL" $s3.verifySSL
      "s3UseVirtualBucket" $s3.useVirtualBucket | toJson }}
{{- end }}

{{/* All keys of inferenceservice-config: upstream's, overridden by kserve.config, overridden by the wired settings. JSON.
     Context: the root. */}}
{{- define "kserve-environment.kserve.config" -}}
{{- $config := .Files.Get "files/inferenceservice-config.yaml" | fromYaml }}
{{- $wired := include "kserve-environment.kserve.wired" . | fromJson }}
{{- mergeOverwrite $config (deepCopy .Values.kserve.config) $wired | toJson }}
{{- end }}

{{/* Environment variables of a container that downloads hf:// from a mirror, as a JSON list. huggingface_hub has no other
     setting for it. The addresses of Xet's servers come from the hub, and a mirror passes on those of huggingface.co. hf_transfer,
     which KServe enables unless the variable is set (kserve pkg/utils/storage.go, AddDefaultHuggingFaceEnvVars), hides errors
     of TLS. Context: that of storage-container. */}}
{{- define "kserve-environment.kserve.hub-env" -}}
{{- $env := list }}
{{- $endpoint := .root.Values.storage.huggingFace.endpoint }}
{{- range .formats }}
{{- if and $endpoint .prefix (hasPrefix "hf://" (.prefix | default "")) }}
{{- $env = list (dict "name" "HF_ENDPOINT" "value" $endpoint) (dict "name" "HF_HUB_DISABLE_XET" "value" "1")
      (dict "name" "HF_HUB_ENABLE_HF_TRANSFER" "value" "0") }}
{{- end }}
{{- end }}
{{- $env | toJson }}
{{- end }}

{{/* spec of a ClusterStorageContainer. workloadType and supportsMultiModelDownload have no defaults in KServe's minimal
     CRDs, so without them KServe skips the object or crashes. The container must be named storage-initializer.
     Context: (dict "root" $ "image" <reference> "formats" <list> "env" <list> "multiModel" <bool>). */}}
{{- define "kserve-environment.kserve.storage-container" -}}
container:
  name: storage-initializer
  image: {{ .image | quote }}
  imagePullPolicy: IfNotPresent
  {{- $names := list }}
  {{- range .env }}{{ $names = append $names .name }}{{ end }}
  {{- $env := .env | default list }}
  {{- $hub := include "kserve-environment.kserve.hub-env" . | fromJsonArray }}
  {{- range concat $hub (include "kserve-environment.proxy.env" .root | fromJsonArray) }}
  {{- if not (has .name $names) }}{{ $env = append $env . }}{{ end }}
  {{- end }}
  {{- with $env }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  resources:
    {{- toYaml .root.Values.storage.resources | nindent 4 }}
  securityContext:
    {{- toYaml .root.Values.storage.containerSecurityContext | nindent 4 }}
supportedUriFormats:
  {{- toYaml .formats | nindent 2 }}
workloadType: initContainer
supportsMultiModelDownload: {{ .multiModel }}
{{- end }}
