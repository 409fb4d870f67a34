#!/usr/bin/env bash
# Waits, ten minutes at most, until the operator has done what the KnativeServing object says. Exit code 2: it has not.
#
#   wait-knative.sh NAMESPACE
#
# NAMESPACE is Knative Serving's. Environment: KUBECTL.
#
# Helm 3 does not wait for Knative, helm 4 takes a KnativeServing without a status for ready; and KServe's controller only
# looks once, at its start, whether there is Knative.
set -euo pipefail
read -ra kubectl <<< "${KUBECTL:-kubectl}"
knative() { "${kubectl[@]}" --namespace "$namespace" "$@"; }
namespace=$1

for _ in $(seq 30); do
  # The operator cannot give its Jobs another image and stops there: then they go.
  if grep --quiet 'field is immutable' < <(knative get knativeserving --output yaml); then
    knative delete jobs --all || true
  fi
  generation=$(knative get knativeserving knative-serving --output 'jsonpath={.metadata.generation}') || true
  knative wait knativeserving knative-serving --for "jsonpath={.status.observedGeneration}=$generation" --timeout 10s \
    > /dev/null 2>&1 &&
    knative wait knativeserving knative-serving --for condition=Ready --timeout 10s 2> /dev/null && exit 0
done
knative get knativeserving knative-serving --output yaml || true
echo "Knative is not ready: see its conditions above"
exit 2
