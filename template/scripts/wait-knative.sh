#!/usr/bin/env bash
# Waits until the operator has reconciled the KnativeServing object. Exits with 2 after ten minutes.
#
#   wait-knative.sh NAMESPACE
#
# NAMESPACE is Knative Serving's. Environment: KUBECTL.
#
# Helm 3 does not wait for Knative, and Helm 4 treats a KnativeServing without a status as ready. KServe's controller looks for
# Knative only when it starts.
set -euo pipefail
read -ra kubectl <<< "${KUBECTL:-kubectl}"
knative() { "${kubectl[@]}" --namespace "$namespace" "$@"; }
namespace=$1

for _ in $(seq 30); do
  # The operator fails when it has to change the image of its Jobs: delete them.
  if grep --quiet 'field is immutable' < <(knative get knativeserving --output yaml); then
    knative delete jobs --all || true
  fi
  generation=$(knative get knativeserving knative-serving --output 'jsonpath={.metadata.generation}') || true
  knative wait knativeserving knative-serving --for "jsonpath={.status.observedGeneration}=$generation" --timeout 10s \
    > /dev/null 2>&1 &&
    knative wait knativeserving knative-serving --for condition=Ready --timeout 10s 2> /dev/null && exit 0
done
knative get knativeserving knative-serving --output yaml || true
echo "Knative is not ready: see the conditions above"
exit 2
