#!/usr/bin/env bash
# Replaces the password in the pull Secret of every namespace, after the registry has accepted it.
#
#   rotate-password.sh SECRET NAMESPACE...
#
# Environment: KUBECTL, and that of registry-login.sh. The password is in no file that remains.
set -euo pipefail
read -ra kubectl <<< "${KUBECTL:-kubectl}"
secret=$1
shift
# shellcheck source=template/scripts/registry-login.sh
source "$(dirname "${BASH_SOURCE[0]}")/registry-login.sh"

# The Secret of each namespace as a file, in which skopeo replaces one login and keeps the others.
read_old() { # NAMESPACE
  local file=$folder/$1.json
  "${kubectl[@]}" get secret "$secret" --namespace "$1" --ignore-not-found --output 'jsonpath={.data.\.dockerconfigjson}' |
    base64 -d > "$file" || die "cannot read Secret $secret in namespace $1: nothing is changed"
  # skopeo would drop a login that has a user name and a password alone.
  test "$(grep -o '"auth" *:' "$file" | wc -l)" -ge "$(grep -o '"password" *:' "$file" | wc -l)" ||
    die "Secret $secret in namespace $1 has a login without auth, which is lost: add the login as kubectl create secret docker-registry writes it"
  test -s "$file" || echo '{}' > "$file"
}

# Server-side, because client-side apply writes the password into an annotation. Where that exists, the API server writes the new
# password into it, too: it goes first.
write() { # NAMESPACE
  "${kubectl[@]}" annotate secret "$secret" --namespace "$1" kubectl.kubernetes.io/last-applied-configuration- > /dev/null 2>&1 || true
  "${kubectl[@]}" create secret generic "$secret" --namespace "$1" --type kubernetes.io/dockerconfigjson \
    --from-file ".dockerconfigjson=$folder/$1.json" --dry-run=client --output yaml |
    "${kubectl[@]}" apply --server-side --force-conflicts --filename - > /dev/null
}

folder=$(umask 077 && mktemp -d) || die "cannot create a temporary folder"
trap 'rm -rf "$folder"' EXIT
ask "New password"
log_in "new password" "; nothing is changed" --authfile "$folder/login"
"${kubectl[@]}" get namespace "$@" > /dev/null || die "a namespace is missing, or kubectl cannot read it: nothing is changed"
for namespace in "$@"; do
  read_old "$namespace"
  log_in "new password" "; nothing is changed" --authfile "$folder/$namespace.json"
done

failed=
for namespace in "$@"; do
  write "$namespace" || failed="$failed $namespace"
done
test -z "$failed" || die "Secret $secret still has the old password in:$failed; run the command again before you revoke it"
echo "Secret $secret has the new password of $user in: $*"
echo "Running Pods keep running, and the next pull uses the new password: nothing has to be restarted. Now revoke the old one."
