#!/usr/bin/env bash
# Is the pull Secret in every namespace? Exit code 2 names the namespaces where it is missing.
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
echo "README.md says how to make it (Pull Secret)."
exit 2
