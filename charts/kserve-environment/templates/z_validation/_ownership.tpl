{{/* KW502, KW503 and KW505: namespaces, versions and tenants. Context: the root. */}}
{{- define "kserve-environment.findings.ownership" -}}
{{- $serving := .Values.namespaces.knativeServing }}
{{- if ne $serving "knative-serving" }}
{{- include "kserve-environment.finding" (list . "KW502" (dict "key" "namespaces.knativeServing" "value" $serving
      "other_key" "the namespace in which KServe reads config-autoscaler" "other" "knative-serving")) }}
{{- end }}
{{- include "kserve-environment.findings.mode" . }}
{{- include "kserve-environment.findings.operator" . }}
{{- include "kserve-environment.findings.namespaces" . }}
{{- include "kserve-environment.findings.tenants" . }}
{{- end }}

{{/* KW503 of the deployment mode: v0.16 renamed both. Context: the root. */}}
{{- define "kserve-environment.findings.mode" -}}
{{- $old := dict "Knative" "Serverless" "Standard" "RawDeployment" }}
{{- $new := dict "Serverless" "Knative" "RawDeployment" "Standard" }}
{{- $kserve := (include "kserve-environment.versions" . | fromJson).kserve }}
{{- $renamed := semverCompare ">=0.16.0" $kserve }}
{{- $mode := .Values.kserve.deploymentMode }}
{{- with get ($renamed | ternary $new $old) $mode }}
{{- include "kserve-environment.finding" (list $ "KW503" (dict "key" "kserve.deploymentMode" "value" $mode "suggestion" .
      "other_key" "versions.kserve" "other" $kserve
      "reason" "v0.16 renamed Serverless and RawDeployment to Knative and Standard")) }}
{{- end }}
{{- end }}

{{/* KW503 of the operator: it contains the manifests of its own minor version and of the three before it. Context: the root. */}}
{{- define "kserve-environment.findings.operator" -}}
{{- $versions := include "kserve-environment.versions" . | fromJson }}
{{- $operator := semver $versions.knativeOperator }}
{{- $knative := semver $versions.knative }}
{{- $newest := int $operator.Minor }}
{{- $oldest := sub $newest 3 | int }}
{{- $carried := and (eq $operator.Major $knative.Major) (le (int $knative.Minor) $newest) (ge (int $knative.Minor) $oldest) }}
{{- if and (eq .Values.knative.install "operator") (not $carried) }}
{{- $range := printf "%d.%d to %d.%d" $operator.Major $oldest $operator.Major $newest }}
{{- include "kserve-environment.finding" (list . "KW503" (dict "key" "versions.knative" "value" $versions.knative
      "other_key" "versions.knativeOperator" "other" $versions.knativeOperator
      "reason" (printf "this operator installs Knative %s" $range) "suggestion" (printf "a version from %s" $range))) }}
{{- end }}
{{- end }}

{{/* KW505 of namespaces that this chart would create for its software, and that exist for something else. Not of Knative's stock
     Gateways, which are KW501. Context: the root. */}}
{{- define "kserve-environment.findings.namespaces" -}}
{{- $own := dict "namespaces.kserve" .Values.namespaces.kserve }}
{{- if eq .Values.knative.install "operator" }}{{ $_ := set $own "namespaces.knativeOperator" .Values.namespaces.knativeOperator }}{{ end }}
{{- range $component, $install := .Values.components }}
{{- if eq $install "install" }}{{ $_ := set $own (printf "namespaces.%s" $component) (get $.Values.namespaces $component) }}{{ end }}
{{- end }}
{{- range $role, $gateway := include "kserve-environment.gateways.used" . | fromJson }}
{{- $stock := and (eq $gateway.namespace "knative-serving") (has $gateway.name (include "kserve-environment.gateways.stock" $ | fromJsonArray)) }}
{{- if not (or $gateway.existing.service $stock) }}{{ $_ := set $own (printf "gateways.%s.namespace" $role) $gateway.namespace }}{{ end }}
{{- end }}
{{- range $key, $name := $own }}
{{- if eq $name "knative-serving" }}
{{- include "kserve-environment.finding" (list $ "KW505" (dict "key" $key "value" $name "other_key" "namespaces.knativeServing"
      "other" $name) "choose another namespace") }}
{{- else if include "kserve-environment.namespaces.stock" $name }}
{{- include "kserve-environment.finding" (list $ "KW505" (dict "key" $key "value" $name "other_key" "a namespace of every cluster"
      "other" $name) "choose another namespace") }}
{{- end }}
{{- end }}
{{- end }}

{{/* True for a namespace that every cluster has. includes/validators.jinja has the same list. Context: its name. */}}
{{- define "kserve-environment.namespaces.stock" -}}
{{- if or (eq . "default") (hasPrefix "kube-" .) }}true{{ end }}
{{- end }}

{{/* KW505 of the tenants. Context: the root. */}}
{{- define "kserve-environment.findings.tenants" -}}
{{- $taken := dict }}
{{- range $field, $name := omit .Values.namespaces "create" }}{{ $_ := set $taken $name (printf "namespaces.%s" $field) }}{{ end }}
{{- range $role, $gateway := .Values.gateways }}
{{- if not (hasKey $taken $gateway.namespace) }}
{{- $_ := set $taken $gateway.namespace (printf "gateways.%s.namespace" $role) }}
{{- end }}
{{- end }}
{{- $_ := set $taken "kube-system" "a namespace of every cluster" }}
{{- range $index, $tenant := include "kserve-environment.tenants" . | fromJsonArray }}
{{- $key := printf "tenants[%d].name" $index }}
{{- if and .createNamespace (has .name (list "default" "kube-public" "kube-node-lease")) }}
{{- include "kserve-environment.finding" (list $ "KW505" (dict "key" $key "value" .name "other_key" "a namespace of every cluster"
      "other" .name) (printf "set tenants[%d].createNamespace to false, or choose another namespace" $index)) }}
{{- else if hasKey $taken .name }}
{{- include "kserve-environment.finding" (list $ "KW505" (dict "key" $key "value" .name "other_key" (get $taken .name)
      "other" .name)) }}
{{- else }}
{{- $_ := set $taken .name $key }}
{{- end }}
{{- end }}
{{- end }}
