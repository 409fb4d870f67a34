#!/usr/bin/env bash
# Logs in to the private registry with skopeo, and with helm if its options are given.
#
#   login.sh [helm OPTION...]
#
# Environment: HELM, and that of registry-login.sh.
set -euo pipefail
read -ra helm <<< "${HELM:-helm}"
# shellcheck source=template/scripts/registry-login.sh
source "$(dirname "${BASH_SOURCE[0]}")/registry-login.sh"

ask Password
log_in password ""
if test "${1:-}" = helm; then
  shift
  host=${REGISTRY%% *}
  message=$(printf '%s' "$password" | "${helm[@]}" registry login "$host" "$@" --username "$user" --password-stdin 2>&1) ||
    die "$(explain_registry_error "$host" "the login of $user" "$message")"
fi
echo "$user is logged in to ${REGISTRY// / and }."
