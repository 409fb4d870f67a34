{{/* The tenants with their defaults filled in, as a JSON list. Context: the root. */}}
{{- define "kserve-environment.tenants" -}}
{{- $tenants := list }}
{{- range .Values.tenants }}
{{- $tenants = append $tenants (dict "name" .name "serviceAccount" (.serviceAccount | default "default") "s3" (.s3 | default dict)
      "huggingFace" (.huggingFace | default dict) "oci" (.oci | default dict)
      "externalSecrets" (.externalSecrets | default dict)
      "createNamespace" (hasKey . "createNamespace" | ternary .createNamespace $.Values.namespaces.create)) }}
{{- end }}
{{- $tenants | toJson }}
{{- end }}

{{/* The credentials of a tenant's ServiceAccount: the pull Secrets, and a Secret for each source of models. KServe takes a Secret
     for one source, by the first key that it knows (kserve pkg/credentials/service_account_credentials.go).
     Context: (dict "root" $ "tenant" <tenant>). */}}
{{- define "kserve-environment.tenants.credentials" -}}
{{- with without (list .root.Values.registry.pullSecret.name .tenant.oci.pullSecret) "" nil | uniq }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with without (list .tenant.s3.secret .tenant.huggingFace.secret) nil | uniq }}
secrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The S3 settings of a tenant as annotations of its Secret. KServe reads them there, and from a ServiceAccount only if
     it has the annotation eks.amazonaws.com/role-arn (kserve pkg/credentials/service_account_credentials.go).
     Context: the tenant's s3. */}}
{{- define "kserve-environment.tenants.s3-annotations" -}}
{{- $names := dict "endpoint" "s3-endpoint" "region" "s3-region" "useHttps" "s3-usehttps" "verifySSL" "s3-verifyssl"
      "useVirtualBucket" "s3-usevirtualbucket" }}
{{- $annotations := dict }}
{{- range $field, $value := omit . "secret" }}
{{- if $value }}{{ $_ := set $annotations (printf "serving.kserve.io/%s" (get $names $field)) $value }}{{ end }}
{{- end }}
{{- with $annotations }}{{ toYaml . }}{{ end }}
{{- end }}

{{/* The Secrets of a tenant that come from an external store, as a JSON list of {name, type, annotations, keys}: keys maps those of
     the Secret to the properties of the store's entry. A leading dot would be a path to several providers of External Secrets.
     Context: (dict "root" $ "tenant" <tenant>). */}}
{{- define "kserve-environment.tenants.synced" -}}
{{- $tenant := .tenant }}
{{- $found := list }}
{{- if $tenant.externalSecrets.store }}
{{- with $tenant.s3.secret }}
{{- $keys := dict "AWS_ACCESS_KEY_ID" "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" "AWS_SECRET_ACCESS_KEY" }}
{{- $annotations := include "kserve-environment.tenants.s3-annotations" $tenant.s3 | fromYaml }}
{{- $found = append $found (dict "name" . "type" "Opaque" "keys" $keys "annotations" $annotations) }}
{{- end }}
{{- with $tenant.huggingFace.secret }}
{{- $found = append $found (dict "name" . "type" "Opaque" "keys" (dict "HF_TOKEN" "HF_TOKEN")) }}
{{- end }}
{{- with without (list $tenant.oci.pullSecret) nil .root.Values.registry.pullSecret.name | first }}
{{- $found = append $found (dict "name" . "type" "kubernetes.io/dockerconfigjson" "keys" (dict ".dockerconfigjson" "dockerconfigjson")) }}
{{- end }}
{{- end }}
{{- $found | toJson }}
{{- end }}
