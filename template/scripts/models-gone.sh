#!/usr/bin/env bash
# Makes sure that no model is left, nor anything that one owned: only KServe's and Knative's controllers take the finalizers
# of models away. Exit code 2 names what is left.
#
#   models-gone.sh
#
# Environment: KUBECTL, TIMEOUT, KNATIVE_MANAGED (true: Knative is removed, too, so its objects must have gone).
set -euo pipefail
read -ra kubectl <<< "${KUBECTL:-kubectl}"

# A line for each object of some kinds, with the kinds of its owners.
list() {
  "${kubectl[@]}" get "$1" --all-namespaces --output \
    'jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.ownerReferences[*].kind}{"\n"}{end}' \
    2> /dev/null || true
}

names() { awk '{printf "%s%s", separator, $1; separator = " "}'; }

# What a person has to delete.
models() {
  list inferenceservices.serving.kserve.io
  list inferencegraphs.serving.kserve.io
  test "${KNATIVE_MANAGED:-}" != true || list services.serving.knative.dev,domainmappings.serving.knative.dev | awk 'NF == 1'
}

# What goes after the models.
owned() {
  list services.serving.knative.dev,deployments.apps | awk '$2 ~ /^Inference/'
  test "${KNATIVE_MANAGED:-}" != true || list routes.serving.knative.dev
}

# The model of helm test is ours to delete.
"${kubectl[@]}" delete inferenceservices --all-namespaces --selector app.kubernetes.io/name=kserve-environment \
  --timeout "${TIMEOUT:-10m}" 2> /dev/null || true
left=$(models | names)
test -z "$left" || { echo "Delete these first: $left"; exit 2; }

# Kubernetes collects what a model owned only while the CRD of the model is there, and a Route has a finalizer.
for _ in $(seq 300); do
  left=$(owned | names)
  test -n "$left" || exit 0
  sleep 1
done
echo "The models are deleted, but what they owned is not: $left"
exit 2
