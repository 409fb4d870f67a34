#!/usr/bin/env bash
# Asks each host of the private registry for one image of images/images.txt, with the CA and the login of this machine. Prints
# a line for each host that does not have it, and exits with 2.
#
#   reach-registry.sh
#
# Environment: SKOPEO, REGISTRY (each host[:port]), CERTS (folder with its ca.crt), PLAIN_HTTP (true if it serves plain http),
# REGISTRY_TIMEOUT.
set -uo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=template/scripts/registry-errors.sh
source "$here/registry-errors.sh"
SKOPEO=${SKOPEO:-skopeo} status=0

fault() {
  echo "error: $*" >&2
  status=2
}

ask() { # HOST IMAGE
  local flags=() message
  test -z "${CERTS:-}" || flags+=(--cert-dir "$CERTS")
  if test "${PLAIN_HTTP:-}" = true; then
    flags+=(--tls-verify=false)
    if serves_tls "$1"; then fault "$(explain_tls "$1")"; return; fi
  fi
  if message=$("$SKOPEO" --debug --command-timeout "${REGISTRY_TIMEOUT:-2m}" inspect --raw ${flags[@]+"${flags[@]}"} "docker://$2" 2>&1 > "$answer"); then
    is_manifest "$answer" || fault "$(explain_no_manifest "$1" "$2")"
  else
    message=$(REGISTRY=${REGISTRY%% *} explain_registry_error "$1" "$2" "$(without_debug "$message")")
    test "$1 $message" != "${REGISTRY%% *} $2 does not exist" || message="$message: run make mirror"
    fault "$message"
  fi
}

command -v "$SKOPEO" > /dev/null || { echo "note: $SKOPEO is not on PATH, so the registry is not asked"; exit 0; }
answer=$(mktemp) || { echo "error: cannot create a temporary file" >&2; exit 2; }
trap 'rm -f "$answer"' EXIT
for host in $REGISTRY; do
  image=$(awk -v host="$host/" '!/^#/ && index($2, host) == 1 {print $2; exit}' "$here/../images/images.txt")
  test -z "$image" || ask "$host" "$image"
done
exit $status
