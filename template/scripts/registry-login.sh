# shellcheck shell=bash
# Asks for a user of the registry and the password, and logs in with skopeo. Sourced by login.sh and rotate-password.sh.
#
# Environment: REGISTRY (each host[:port]; the charts are at the first), CERTS (folder with its ca.crt), PLAIN_HTTP (true if it serves plain http), SKOPEO,
# REGISTRY_USER and REGISTRY_PASSWORD. Without them, a terminal is asked; the password is then the first line of standard input
# if that is not a terminal. The password is in no argument.
SKOPEO=${SKOPEO:-skopeo} user=${REGISTRY_USER:-} password=${REGISTRY_PASSWORD:-}
unset REGISTRY_PASSWORD # the programs below read standard input or a file
# shellcheck source=template/scripts/registry-errors.sh
source "$(dirname "${BASH_SOURCE[0]}")/registry-errors.sh"

die() {
  echo "error: $*" >&2
  exit 2
}

ask() { # WHAT, such as "Password"
  command -v "$SKOPEO" > /dev/null || die "$SKOPEO is not on PATH: install skopeo, or set SKOPEO"
  if test -z "$user"; then
    test -t 0 || die "REGISTRY_USER is not set: set it to the user name, and pass the password on standard input"
    read -r -p "User name for $REGISTRY: " user
  fi
  if test -z "$password"; then
    if test -t 0; then read -r -s -p "$1 of $user: " password; echo; else IFS= read -r password || true; fi
  fi
  test -n "$user" || die "the user name is empty"
  test -n "$password" || die "the password is empty: set REGISTRY_PASSWORD, or pass it on standard input"
}

# Dies with the reason and an addition to it.
log_in() { # WHAT ADDITION FLAG...
  local host
  for host in $REGISTRY; do log_in_to "$host" "$@"; done
}

log_in_to() { # HOST WHAT ADDITION FLAG...
  local host=$1 what=$2 addition=$3 flags=() message
  shift 3
  test "${PLAIN_HTTP:-}" != true || ! serves_tls "$host" || die "$(explain_tls "$host")$addition"
  test -z "${CERTS:-}" || flags+=(--cert-dir "$CERTS")
  test "${PLAIN_HTTP:-}" != true || flags+=(--tls-verify=false)
  message=$(printf '%s' "$password" | "$SKOPEO" --command-timeout "${REGISTRY_TIMEOUT:-2m}" login ${flags[@]+"${flags[@]}"} \
    "$@" --username "$user" --password-stdin "$host" 2>&1 > /dev/null) && return
  case $message in
    *unauthorized* | *"invalid username"* | *"authentication required"*) die "$host rejects the $what of $user$addition" ;;
  esac
  die "$(explain_registry_error "$host" "the login of $user" "$message")$addition"
}
