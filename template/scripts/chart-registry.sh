#!/usr/bin/env bash
# Runs a command of helm that contacts a registry, with a time limit. On an error, it prints one line that says what to do.
#
#   chart-registry.sh HELM pull|push|show ARGUMENT...
#
# Environment: REGISTRY (the private registry), REGISTRY_TIMEOUT.
set -uo pipefail
# shellcheck source=template/scripts/registry-errors.sh
source "$(dirname "${BASH_SOURCE[0]}")/registry-errors.sh"

name=
for word in "$@"; do case $word in *://*) name=$word ;; esac; done
host=${name#*://} host=${host%%/*}
limit=()
# macOS has no timeout(1).
! command -v timeout > /dev/null || limit=(timeout "${REGISTRY_TIMEOUT:-2m}")

log=$(mktemp) || { echo "error: cannot create a temporary file" >&2; exit 2; }
trap 'rm -f "$log"' EXIT
${limit[@]+"${limit[@]}"} "$@" 2> "$log"
status=$?
test $status -ne 0 || { cat "$log" >&2; exit 0; }
message=$(cat "$log")
test $status -ne 124 || message="timed out"
line=$(explain_registry_error "$host" "$name" "$message")
# helm does not read REGISTRY_AUTH_FILE.
line=${line/, or set REGISTRY_AUTH_FILE/}
echo "error: ${line/run skopeo login/run helm registry login}" >&2
exit 2
