#!/usr/bin/env bash
# Restarts the Deployments of a namespace when a Pod there started before its ServiceAccount had the pull Secret.
#
#   restart-pods.sh NAMESPACE SECRET
#
# Environment: KUBECTL.
set -euo pipefail
read -ra kubectl <<< "${KUBECTL:-kubectl}"
namespace=$1 secret=$2

# One line per Pod, with its pull Secrets; the line of a Pod without any is empty.
secrets='jsonpath={range .items[*]}{.spec.imagePullSecrets[*].name}{"\n"}{end}'
if grep --quiet --invert-match --fixed-strings --word-regexp "$secret" \
  < <("${kubectl[@]}" get pods --namespace "$namespace" --output "$secrets"); then
  "${kubectl[@]}" rollout restart deployment --namespace "$namespace"
fi
