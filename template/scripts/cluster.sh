#!/usr/bin/env bash
# Prints the cluster that kubectl reaches. Refuses one that carries another environment, and one that does not answer.
#
#   cluster.sh ENVIRONMENT             before a command that changes or compares the cluster
#   cluster.sh ENVIRONMENT uninstall   also asks for the name of the environment; CONFIRM answers in advance
#
# Environment: KUBECTL (with its --context), KUBE_CONTEXT, CONFIRM.
set -euo pipefail
read -ra kubectl <<< "${KUBECTL:-kubectl}"
environment=$1 context=${KUBE_CONTEXT:-}

die() {
  echo "error: $*" >&2
  exit 2
}

# A context that exists; without KUBE_CONTEXT, the current one. A Pod needs none.
choose_context() {
  local contexts
  contexts=$("${kubectl[@]}" config get-contexts --output name 2> /dev/null) || true
  if test -z "$context"; then
    context=$("${kubectl[@]}" config current-context 2> /dev/null) || test -n "${KUBERNETES_SERVICE_HOST:-}" ||
      die "kubectl has no current context: set KUBE_CONTEXT to one of: $(joined "$contexts")"
  elif ! grep --quiet --line-regexp --fixed-strings -e "$context" <<< "$contexts"; then
    die "context $context does not exist: set KUBE_CONTEXT to one of: $(joined "$contexts")"
  fi
}

joined() { test -n "$1" && paste -s -d , <<< "$1" | sed 's/,/, /g' || echo "(the kubeconfig has none)"; }

server() { "${kubectl[@]}" config view --minify --output 'jsonpath={.clusters[0].cluster.server}' 2> /dev/null; }

# Each environment that the cluster carries, with the ConfigMap of the chart that names it.
environments() {
  "${kubectl[@]}" get configmaps --all-namespaces --selector kserve-wiring.io/environment --request-timeout 20s --output \
    'jsonpath={range .items[*]}{.metadata.labels.kserve-wiring\.io/environment} {.metadata.namespace}/{.metadata.name}{"\n"}{end}' \
    2>&1
}

refuse_others() {
  local found other
  found=$(environments) || die "cannot see which environment this cluster carries: $(tail -n 1 <<< "$found")"
  other=$(awk -v own="$environment" 'NF == 2 && $2 ~ "^[a-z0-9-]+/[a-z0-9.-]+$" && $1 != own {printf "%s%s (ConfigMap %s)", separator, $1, $2; separator = ", "}' <<< "$found")
  test -z "$other" || die "this cluster carries environment $other, not $environment: set KUBE_CONTEXT to another context, or delete that ConfigMap if $environment is a new name of the same environment"
}

confirm() {
  local answer=${CONFIRM:-}
  if test -z "$answer"; then
    test -t 0 || die "add CONFIRM=$environment: this removes the environment from the cluster above"
    read -r -p "Type $environment to remove it from this cluster: " answer
  fi
  test "$answer" = "$environment" || die "nothing is removed: the environment is $environment, not ${answer:-empty}"
}

command -v "${kubectl[0]}" > /dev/null || die "${kubectl[0]} is not on PATH: install kubectl, or set KUBECTL"
choose_context
echo "Cluster: ${context:-the one of this Pod}, $(server || true)"
refuse_others
test "${2:-}" != uninstall || confirm
