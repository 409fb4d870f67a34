#!/usr/bin/env bash
# Lists gateways that earlier answers put into another namespace. Moving a gateway creates a new release, and helm does not
# remove the old one.
#
#   leftovers.sh RELEASE/NAMESPACE...
#
# The arguments are the releases of the current answers. Environment: HELM.
set -euo pipefail
read -ra helm <<< "${HELM:-helm}"

names=$(printf '%s\n' "$@" | cut -d / -f 1 | paste -s -d '|' -)
awk -v wanted=" $* " '/[[:space:]]gateway-[0-9]/ && !index(wanted, " " $1 "/" $2 " ") {
  print "note: " $1 " in " $2 " is not part of these answers; if it is left over from earlier ones, run: helm uninstall " $1 " --namespace " $2
}' < <("${helm[@]}" list --all-namespaces --filter "^($names)\$")
