{{/* KServe's presets of LLMInferenceServices, for this environment: a JSON map of name to spec. KServe merges the containers of a preset
     by name with those of an LLMInferenceService, and the init container storage-initializer with the one that it makes (kserve
     v0.20.0 pkg/controller/v1alpha2/llmisvc/workload_storage.go:396-446). Context: the root. */}}
{{- define "kserve-environment.llm.presets" -}}
{{- $presets := (.Files.Get "files/llm-presets.yaml" | fromYaml).presets }}
{{- $images := include "kserve-environment.images.llm" . | fromJson }}
{{- $offline := include "kserve-environment.llm.offline-env" . | fromJsonArray }}
{{- $download := include "kserve-environment.llm.downloader" . | fromJson }}
{{- $volumes := include "kserve-environment.llm.ca-volumes" . | fromJsonArray }}
{{- range $name, $spec := $presets }}
{{- $pods := list (dig "template" nil $spec) (dig "worker" nil $spec) (dig "prefill" "template" nil $spec) (dig "prefill" "worker" nil $spec) }}
{{- range $pod := without (append $pods (dig "router" "scheduler" "template" nil $spec)) nil }}
{{- $loads := false }}
{{- range $container := concat $pod.containers ($pod.initContainers | default list) }}
{{- if $container.image }}{{ $_ := set $container "image" (get $images (trimPrefix "llm." $container.image)) }}{{ end }}
{{- /* The scheduler, of another image, has the name of the model server. */}}
{{- if or (eq $container.name "tokenizer") (eq $container.image $images.server) }}
{{- $loads = true }}
{{- with $offline }}{{ $_ := set $container "env" (concat $container.env .) }}{{ end }}
{{- end }}
{{- end }}
{{- if and $loads $download }}
{{- $_ := set $pod "initContainers" (append ($pod.initContainers | default list) $download) }}
{{- with $volumes }}{{ $_ := set $pod "volumes" (concat $pod.volumes .) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- $presets | toJson }}
{{- end }}

{{/* Environment variables of what reads a model, without internet access: no look-ups at the hub, which are for models in /mnt/models of
     no use and end in timeouts, and no usage statistics of vLLM (docs/usage/usage_stats.md there). A JSON list. Context: the root. */}}
{{- define "kserve-environment.llm.offline-env" -}}
{{- $env := list }}
{{- if .Values.offline }}
{{- range list "DO_NOT_TRACK" "HF_HUB_OFFLINE" "TRANSFORMERS_OFFLINE" "VLLM_NO_USAGE_STATS" }}
{{- $env = append $env (dict "name" . "value" "1") }}
{{- end }}
{{- end }}
{{- $env | toJson }}
{{- end }}

{{/* The init container that KServe merges into its storage initializer, or {}. ClusterStorageContainers have no effect on
     LLMInferenceServices. KServe keeps it although it loads nothing for oci+native:// and with storageInitializer.enabled: false
     (workload_storage.go:100-153), so it has an image and a command of its own, which KServe replaces wherever it loads.
     JSON. Context: the root. */}}
{{- define "kserve-environment.llm.downloader" -}}
{{- $formats := dict "root" . "formats" (list (dict "prefix" "hf://")) }}
{{- $env := concat (include "kserve-environment.kserve.hub-env" $formats | fromJsonArray) (include "kserve-environment.proxy.env" . | fromJsonArray) }}
{{- $container := dict "name" "storage-initializer" "image" (include "kserve-environment.images.kserve" . | fromJson).storageInitializer
      "command" (list "true") "imagePullPolicy" "IfNotPresent" "resources" .Values.storage.resources
      "securityContext" .Values.storage.containerSecurityContext }}
{{- range include "kserve-environment.llm.ca-volumes" . | fromJsonArray }}
{{- $file := "/etc/ssl/kserve-environment/cabundle.crt" }}
{{- $env = append $env (dict "name" "REQUESTS_CA_BUNDLE" "value" $file) }}
{{- $env = append $env (dict "name" "SSL_CERT_FILE" "value" $file) }}
{{- $_ := set $container "volumeMounts" (list (dict "name" .name "mountPath" (dir $file) "readOnly" true)) }}
{{- end }}
{{- $_ := set $container "env" $env }}
{{- empty $env | ternary (dict) $container | toJson }}
{{- end }}

{{/* The volume with the CA of a mirror, as a JSON list. KServe mounts its bundle for s3:// and not for hf:// of an LLMInferenceService
     (workload_storage.go:340-385), under another name and path. Context: the root. */}}
{{- define "kserve-environment.llm.ca-volumes" -}}
{{- $volumes := list }}
{{- if and .Values.registry.ca.kind (hasPrefix "https://" .Values.storage.huggingFace.endpoint) }}
{{- $volumes = list (dict "name" "kserve-environment-ca" "configMap" (dict "name" "global-ca-bundle")) }}
{{- end }}
{{- $volumes | toJson }}
{{- end }}
