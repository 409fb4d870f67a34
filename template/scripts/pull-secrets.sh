#!/usr/bin/env bash
# Checks that the pull Secret exists in every namespace. Prints the namespaces without it and exits with 2.
#
#   pull-secrets.sh SECRET NAMESPACE...
#
# Environment: KUBECTL.
set -euo pipefail
read -ra kubectl <<< "${KUBECTL:-kubectl}"
secret=$1
shift

missing=
for namespace in "$@"; do
  "${kubectl[@]}" get secret "$secret" --namespace "$namespace" > /dev/null 2>&1 || missing="$missing $namespace"
done
test -n "$missing" || exit 0
echo "Secret $secret is missing in:$missing"
echo "README.md describes how to create it (Pull Secret)."
exit 2
