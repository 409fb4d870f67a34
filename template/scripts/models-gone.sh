#!/usr/bin/env bash
# Checks that no model is left, and waits until everything that models owned is gone: only the controllers of KServe and
# Knative remove their finalizers. Prints what is left and exits with 2.
#
#   models-gone.sh
#
# Environment: KUBECTL, TIMEOUT, KNATIVE_MANAGED (true: Knative is removed, too, so none of its objects may be left).
set -euo pipefail
read -ra kubectl <<< "${KUBECTL:-kubectl}"

# A line for each object of some kinds, with the kinds of its owners.
list() {
  "${kubectl[@]}" get "$1" --all-namespaces --output \
    'jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.ownerReferences[*].kind}{"\n"}{end}' \
    2> /dev/null || true
}

names() { awk '{printf "%s%s", separator, $1; separator = " "}'; }

# What the user has to delete.
models() {
  list inferenceservices.serving.kserve.io
  list inferencegraphs.serving.kserve.io
  list llminferenceservices.serving.kserve.io
  test "${KNATIVE_MANAGED:-}" != true || list services.serving.knative.dev,domainmappings.serving.knative.dev | awk 'NF == 1'
}

# What Kubernetes garbage-collects after the models.
owned() {
  { list services.serving.knative.dev; list deployments.apps; } | awk '$2 ~ /^(LLM)?Inference/'
  test "${KNATIVE_MANAGED:-}" != true || list routes.serving.knative.dev
}

# The model of helm test belongs to this environment.
"${kubectl[@]}" delete inferenceservices --all-namespaces --selector app.kubernetes.io/name=kserve-environment \
  --timeout "${TIMEOUT:-10m}" 2> /dev/null || true
left=$(models | names)
test -z "$left" || { echo "Delete these first: $left"; exit 2; }

# Kubernetes garbage-collects them only while the CRD of the model exists, and a Route has a finalizer.
for _ in $(seq 300); do
  left=$(owned | names)
  test -n "$left" || exit 0
  sleep 1
done
echo "The models are deleted, but what they owned is still there: $left"
exit 2
