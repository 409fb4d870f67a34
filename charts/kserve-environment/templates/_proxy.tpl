{{/* Environment variables of the proxy as a JSON list of {name, value}, empty without one. Go (http.ProxyFromEnvironment) and Python
     (urllib, requests, boto3) read these names. Context: the root. */}}
{{- define "kserve-environment.proxy.env" -}}
{{- $proxy := .Values.proxy }}
{{- $env := list }}
{{- range $name, $url := dict "HTTP_PROXY" $proxy.http "HTTPS_PROXY" $proxy.https }}
{{- with $url }}{{ $env = append $env (dict "name" $name "value" .) }}{{ end }}
{{- end }}
{{- if $env }}
{{- $env = append $env (dict "name" "NO_PROXY" "value" (include "kserve-environment.proxy.direct" .)) }}
{{- end }}
{{- toJson $env }}
{{- end }}

{{/* NO_PROXY. Clients reach the API server by its address, which the kubelet puts in place of $(KUBERNETES_SERVICE_HOST). An entry
     with a port matches only that port. Context: the root. */}}
{{- define "kserve-environment.proxy.direct" -}}
{{- $direct := list "$(KUBERNETES_SERVICE_HOST)" "localhost" "127.0.0.1" ".svc" (printf ".%s" .Values.clusterDomain) }}
{{- range concat (list .Values.registry.host) (values .Values.registry.map | sortAlpha) (list .Values.storage.s3.endpoint .Values.storage.huggingFace.endpoint) }}
{{- $direct = append $direct (regexReplaceAll ":[0-9]+$" (splitList "/" (regexReplaceAll "^https?://" . "") | first) "") }}
{{- end }}
{{- without (concat $direct .Values.proxy.noProxy | uniq) "" | join "," }}
{{- end }}
