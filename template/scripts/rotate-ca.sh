#!/usr/bin/env bash
# Adds a CA to those that the environment trusts, or with KEEP_OLD=false replaces them by it.
#
#   rotate-ca.sh FILE bundle
#   rotate-ca.sh FILE configmap|secret NAME NAMESPACE...
#
# FILE has PEM certificates. For `bundle`, the answer registry_ca_bundle changes, through copier update, and the change is
# committed. Otherwise the ConfigMap or Secret changes in each namespace. Knative's controller restarts, in the first of them.
# Environment: COPIER, KUBECTL, KEEP_OLD, NEXT (what makes the cluster follow a commit), KNATIVE_IS_OWN (true: it restarts).
set -euo pipefail
read -ra kubectl <<< "${KUBECTL:-kubectl}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
file=${1:-} source=${2:-}

die() {
  echo "error: $*" >&2
  exit 2
}

valid() {
  test -n "$file" || die "FILE is missing: make rotate-ca FILE=new-ca.pem"
  test -r "$file" || die "$file does not exist, or is not readable"
  ! grep -q 'PRIVATE KEY' "$file" || die "$file has a private key: pass only the certificate"
  test -n "$(certificates < "$file")" || die "$file has no PEM certificate (-----BEGIN CERTIFICATE-----)"
  ! command -v openssl > /dev/null || openssl crl2pkcs7 -nocrl -certfile "$file" > /dev/null 2>&1 ||
    die "$file has a certificate that is not valid PEM"
}

# The complete certificates of the input, each once.
certificates() {
  tr -d '\r' | awk '/-----BEGIN CERTIFICATE-----/ {one = ""; inside = 1}
    inside {one = one $0 "\n"}
    /-----END CERTIFICATE-----/ {if (inside && !seen[one]++) printf "%s", one; inside = 0}'
}

# The old certificates on standard input, unless they are to go, and the new ones.
joined() { { if test "${KEEP_OLD:-true}" = false; then cat > /dev/null; else cat; echo; fi; cat "$file"; } | certificates; }

rotate_answer() {
  local root=$here/..
  COPIER=$COPIER bash "$here/copier-update.sh" check
  { echo "registry_ca_bundle: |"; joined < "$root/images/certs/ca.crt" | sed 's/^/  /'; } > "$folder/answers.yaml"
  bash "$here/copier-update.sh" update "$folder/answers.yaml"
  git -C "$root" diff --check -- . || die "copier update left conflicts: resolve them, and commit"
  git -C "$root" add --all .
  if git -C "$root" diff --cached --quiet; then
    echo "$file is trusted already: nothing has changed."
    exit 0
  fi
  git -C "$root" commit --quiet --message "Rotate the CA of the registry" ||
    die "the answer registry_ca_bundle has changed, but git commit failed: commit it yourself, then $NEXT"
  echo "The answer registry_ca_bundle has changed, and the change is committed. Next: $NEXT$restarts."
}

old_bundle() { # NAMESPACE
  if test "$source" = configmap; then
    "${kubectl[@]}" get configmap "$name" --namespace "$1" --output 'jsonpath={.data.cabundle\.crt}'
  else
    "${kubectl[@]}" get secret "$name" --namespace "$1" --output 'jsonpath={.data.cabundle\.crt}' | base64 -d
  fi
}

rotate_objects() { # NAMESPACE...
  local namespace kind=configmap
  test "$source" = configmap || kind="secret generic"
  # All are read before the first is written.
  for namespace in "$@"; do
    old_bundle "$namespace" > "$folder/old" || die "cannot read $source $name in namespace $namespace: nothing is changed"
    joined < "$folder/old" > "$folder/$namespace"
  done
  for namespace in "$@"; do
    # shellcheck disable=SC2086
    "${kubectl[@]}" create $kind "$name" --namespace "$namespace" --from-file "cabundle.crt=$folder/$namespace" \
      --dry-run=client --output yaml | "${kubectl[@]}" apply --server-side --force-conflicts --filename - ||
      die "cannot write $source $name in namespace $namespace: run the command again"
  done
  # Knative's controller reads the CA only when it starts.
  test "${KNATIVE_IS_OWN:-}" = true || return 0
  "${kubectl[@]}" rollout restart deployment controller --namespace "$1"
  "${kubectl[@]}" rollout status deployment controller --namespace "$1" --timeout "${TIMEOUT:-10m}"
}

restarts=", which restarts Knative's controller"
test "${KNATIVE_IS_OWN:-}" = true || restarts=
valid
folder=$(mktemp -d) || die "cannot create a temporary folder"
trap 'rm -rf "$folder"' EXIT
case $source in
  bundle) rotate_answer ;;
  configmap | secret) name=$3; shift 3; rotate_objects "$@" ;;
  *) die "usage: rotate-ca.sh FILE bundle | configmap|secret NAME NAMESPACE..." ;;
esac
test "${KEEP_OLD:-true}" = false ||
  echo "Then change the nodes, then the registry, and finally run: make rotate-ca FILE=$file KEEP_OLD=false"
