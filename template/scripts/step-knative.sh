#!/usr/bin/env bash
# Upgrades Knative to an intermediate version, if it is older than that.
#
#   step-knative.sh NAMESPACE VERSION HELM-ARGUMENT...
#
# NAMESPACE is Knative Serving's; the arguments are those of `helm upgrade --install` for release kserve-environment.
# Environment: HELM, KUBECTL, TIMEOUT.
set -euo pipefail
read -ra helm <<< "${HELM:-helm}"
read -ra kubectl <<< "${KUBECTL:-kubectl}"
namespace=$1 version=$2
shift 2

installed=$("${kubectl[@]}" --namespace "$namespace" get knativeserving knative-serving \
  --output 'jsonpath={.status.version}' 2> /dev/null | cut -d . -f 2) || true
test -n "$installed" || exit 0
if test "$installed" -ge "$(echo "$version" | cut -d . -f 2)"; then exit 0; fi

echo "Upgrading Knative 1.$installed to $version first: its operator upgrades one minor version at a time"
"${helm[@]}" upgrade --install "$@" --set "versions.knative=$version" --timeout "${TIMEOUT:-10m}"
bash "$(dirname "${BASH_SOURCE[0]}")/wait-knative.sh" "$namespace"
