#!/usr/bin/env bash
# Names the gateways that an earlier answer has put into another namespace: an answer that moves one makes a new release,
# and helm knows nothing of the old one.
#
#   leftovers.sh RELEASE/NAMESPACE...
#
# The arguments are the releases as the answers want them. Environment: HELM.
set -euo pipefail
read -ra helm <<< "${HELM:-helm}"

names=$(printf '%s\n' "$@" | cut -d / -f 1 | paste -s -d '|' -)
awk -v wanted=" $* " '/[[:space:]]gateway-[0-9]/ && !index(wanted, " " $1 "/" $2 " ") {
  print "note: " $1 " in " $2 " is not of these answers; if it is of earlier ones: helm uninstall " $1 " --namespace " $2
}' < <("${helm[@]}" list --all-namespaces --filter "^($names)\$")
