#!/usr/bin/env bash
# Runs kubectl with another namespace for the objects that name none. --namespace refuses an object of a third namespace.
#
#   in-namespace.sh NAMESPACE WORD...
#
# Environment: KUBECTL (with its --context).
set -euo pipefail
read -ra kubectl <<< "${KUBECTL:-kubectl}"
namespace=$1
shift

# The context once more, in a file before the kubeconfig: of two entries with one name, kubectl takes the first. In a Pod, without
# any context, it reads POD_NAMESPACE (client-go tools/clientcmd/client_config.go, inClusterClientConfig.Namespace).
current='{.contexts[0].name}{"\n"}{.contexts[0].context.cluster}{"\n"}{.contexts[0].context.user}{"\n"}'
{ read -r name && read -r cluster && read -r user; } \
  < <("${kubectl[@]}" config view --minify --output "jsonpath=$current" 2> /dev/null) ||
  POD_NAMESPACE=$namespace exec "${kubectl[@]}" "$@"
file=$(mktemp)
trap 'rm -f "$file"' EXIT
cat > "$file" << END
apiVersion: v1
kind: Config
contexts:
  - name: "$name"
    context: {cluster: "$cluster", user: "$user", namespace: "$namespace"}
END
KUBECONFIG=$file:${KUBECONFIG:-$HOME/.kube/config} "${kubectl[@]}" "$@"
