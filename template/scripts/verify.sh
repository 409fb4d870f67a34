#!/usr/bin/env bash
# Checks the cluster in stages: releases, Knative or what serves models outside, KServe, a request. Stops at the first
# failure, and then, or at the end, names the cause with kserve-wiring doctor, which sends a request to each model that has a Pod.
#
#   verify.sh KSERVE-NAMESPACE KNATIVE-NAMESPACE RELEASE/NAMESPACE...
#   verify.sh KSERVE-NAMESPACE gateway=NAMESPACE/NAME|class=INGRESSCLASS|none RELEASE/NAMESPACE...
#
# Environment: HELM, KUBECTL, TIMEOUT, KNATIVE_MANAGED (true: there is a KnativeServing object), SMOKE_TEST (true: send a
# request to an InferenceService), VIA (direct: doctor connects to the Pods of the gateways itself, where they are reachable,
# without kubectl port-forward).
set -euo pipefail
read -ra helm <<< "${HELM:-helm}"
read -ra kubectl <<< "${KUBECTL:-kubectl}"
kserve=$1 knative=$2 timeout=${TIMEOUT:-10m}
shift 2

# shellcheck disable=SC2317 # the trap calls it
doctor() {
  local code=$?
  echo "5. doctor: requests to the models, what is wrong, and what to change"
  if command -v kserve-wiring > /dev/null; then
    kserve-wiring doctor --probe --via "${VIA:-port-forward}" --kubectl "${kubectl[*]}" || code=$?
  else
    echo "kserve-wiring is not installed, so the cause is not looked for"
  fi
  exit "$code"
}
trap doctor EXIT

echo "1. releases"
for release in "$@"; do
  "${helm[@]}" status "${release%%/*}" --namespace "${release#*/}" > /dev/null
done

case $knative in
  gateway=*)
    gateway=${knative#gateway=}
    echo "2. the Gateway"
    "${kubectl[@]}" wait "gateways.gateway.networking.k8s.io/${gateway#*/}" --for condition=Accepted \
      --namespace "${gateway%%/*}" --timeout "$timeout"
    ;;
  class=*)
    echo "2. the IngressClass"
    "${kubectl[@]}" get ingressclass "${knative#class=}"
    ;;
  none) echo "2. no routes from outside" ;;
  *)
    echo "2. Knative"
    if test "${KNATIVE_MANAGED:-}" = true; then
      "${kubectl[@]}" wait knativeserving --all --for condition=Ready --namespace "$knative" --timeout "$timeout"
    fi
    "${kubectl[@]}" rollout status deployment --namespace "$knative" --timeout "$timeout"
    ;;
esac

echo "3. KServe"
"${kubectl[@]}" rollout status deployment --namespace "$kserve" --timeout "$timeout"
"${kubectl[@]}" get clusterservingruntimes
test "${SMOKE_TEST:-}" = true || exit 0

echo "4. a request to an InferenceService"
"${helm[@]}" test kserve-environment --namespace "$kserve" --logs --timeout "$timeout"
