#!/usr/bin/env bash
# Copies the images listed in images.txt with skopeo. Called by the Makefile; also runs on its own, from any folder:
#
#   mirror.sh [--dry-run] copy          copy from upstream to the private registry; skips images that are already present
#   mirror.sh verify                    check that the registry, or its cache, has every image, with the digest that was copied
#   mirror.sh lock                      write images.lock.yaml with the digest of every tag in the registry
#   mirror.sh [--dry-run] bundle DIR    copy from upstream to a folder (OCI image layout) that you carry across an air gap
#   mirror.sh [--dry-run] unbundle DIR  copy from that folder to the private registry
#
# Environment: PLATFORMS (such as linux/amd64,linux/arm64; all by default), SKOPEO, ORAS (for referrers; empty for none), RETRIES (3; of a request that is limited, breaks off or gets a 5xx), REGISTRY (each host[:port] of the
# private registry), CERTS (folder with its ca.crt), PLAIN_HTTP (true if it serves plain http), REGISTRY_TIMEOUT (the limit of one
# question, 2m), COPY_TIMEOUT (of one image, 1h), REGISTRY_AUTH_FILE (written by `skopeo login`, or the .dockerconfigjson of a pull
# Secret).
# Manifests are copied unchanged, so digests equal upstream's. After an image that fails, the others go on.
# At the end, the script prints one line for each of them and exits with 2. Run it again to continue.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$here/../build # digests that later runs need; not in git
SKOPEO=${SKOPEO:-skopeo} ORAS=${ORAS-oras} RETRIES=${RETRIES:-3} REGISTRY=${REGISTRY:-} CERTS=${CERTS:-} PLAIN_HTTP=${PLAIN_HTTP:-}
REGISTRY_TIMEOUT=${REGISTRY_TIMEOUT:-2m} COPY_TIMEOUT=${COPY_TIMEOUT:-1h} PLATFORMS=${PLATFORMS:-}
# shellcheck source=template/scripts/registry-errors.sh
source "$here/../scripts/registry-errors.sh"
# shellcheck source=template/scripts/skopeo.sh
source "$here/../scripts/skopeo.sh"
# shellcheck source=template/scripts/platforms.sh
source "$here/../scripts/platforms.sh"
# shellcheck source=template/scripts/progress.sh
source "$here/../scripts/progress.sh"
# shellcheck source=template/scripts/signatures.sh
source "$here/../scripts/signatures.sh"
# shellcheck source=template/scripts/referrers.sh
source "$here/../scripts/referrers.sh"
# shellcheck source=template/scripts/space.sh
source "$here/../scripts/space.sh"
# shellcheck source=template/scripts/bundle.sh
source "$here/../scripts/bundle.sh"
dry_run=
terminal=
scratch=
bundle=

die() {
  list_failures
  echo "error: $*" >&2
  exit 2
}

# Prints the images that have failed so far, one line each, and forgets them.
list_failures() {
  test -f "$scratch/failures" || return 0
  sed 's/^/error: /' "$scratch/failures" >&2
  rm -f "$scratch/failures"
}

clean() {
  test -z "$scratch" || rm -rf "$scratch"
  test -z "$bundle" || rm -rf "$bundle/.partial"
}
trap clean EXIT
trap 'list_failures; echo "interrupted: run the command again to continue" >&2; exit 2' INT TERM

# Prints the lines of images.txt as SOURCE FROM TO KIND. KIND is `own`, `cached` or `-`.
images() {
  local source target kind
  while read -r source target kind; do
    case $source in '' | '#'*) continue ;; esac
    echo "$source $(from_of "$source" "$target") $(to_of "$source" "$target") ${kind:--}"
  done < "$here/images.txt"
}

# Copied digests, one `SOURCE DIGEST` per line -----------------------------------------------------

remember() { # SOURCE DIGEST
  mkdir -p "$state"
  note_down "$state/images.digests" "$1" "$2"
}

remembered() { lookup "$state/images.digests" "$1"; } # SOURCE

# Replaces the line `KEY VALUE` of a file.
note_down() { # FILE KEY VALUE
  touch "$1"
  { { awk -v key="$2" '$1 != key' "$1"; echo "$2 $3"; } > "$1.new" && mv "$1.new" "$1"; } || die "cannot write $1: is the disk full?"
}

lookup() { # FILE KEY
  test ! -f "$1" || awk -v key="$2" '$1 == key {print $2}' "$1"
}

# Commands -----------------------------------------------------------------------------------------

# Calls a function with SOURCE FROM TO KIND for every image, in a subshell. $where is the progress, for messages.
each_image() { # FUNCTION
  local number=0 source from to kind
  images > "$scratch/images"
  total=$(wc -l < "$scratch/images" | tr -d ' ')
  while read -r source from to kind <&3; do
    number=$((number + 1))
    where="[$number/$total] $source" started=$SECONDS
    ! grep -qxF "$source" "$scratch/failed" 2> /dev/null || continue
    rm -f "$scratch/cause" "$scratch/host"
    ("$1" "$source" "$from" "$to" "$kind")
    case $? in 0) ;; 2) exit 2 ;; *) record_failure "$source" "$to" ;; esac
  done 3< "$scratch/images"
}

# A private registry that cannot be used ends the run. Any other fault leaves the other images.
record_failure() { # SOURCE TO
  local cause="mirror.sh was ended" host=
  test ! -f "$scratch/cause" || { cause=$(cat "$scratch/cause"); host=$(cat "$scratch/host"); }
  ! is_private "$host" || die "$cause"
  test "$host" != "$(host_of "$2")" || die "$cause"
  test -z "$host" || echo "$host $cause" >> "$scratch/unusable"
  echo "$where: FAILED: $cause"
  echo "$1" >> "$scratch/failed"
  case $cause in *"$1"* | *"$2"*) echo "$cause" ;; *) echo "$1: $cause" ;; esac >> "$scratch/failures"
  echo "$cause" > "$scratch/last"
}

# Ends the run if images have failed. A single one is in the line before, so its cause is enough.
sum_up() {
  local failed
  test -f "$scratch/failures" || return 0
  failed=$(wc -l < "$scratch/failures" | tr -d ' ')
  test "$failed" != 1 || { rm "$scratch/failures"; die "$(cat "$scratch/last")"; }
  die "$failed of $total images failed: run the command again to continue with them"
}

copy_one() { # SOURCE FROM TO KIND
  if test "$4" = cached; then echo "$where: not copied: $(host_of "$3") fetches it when it is first pulled"; return; fi
  if test "$4" = own || test "$(repository_of "$2")" = "$(repository_of "$3")"; then echo "$where: not copied"; return; fi
  if test -n "$dry_run"; then echo "$where: would copy $2 to $3"; return; fi
  local want
  wanted "$2"; want=$digest
  if is_present "$3" "$want"; then
    echo "$where: already present"
  else
    sparse_index "$2" "$want"
    copy_signatures "$2" "$3" "$want"
    copy_image "$2" "$3" "$want"
    echo "$where: copied$(pace "$3")"
  fi
  copy_referrers "$2" "$3" "$want"
  remember "$1" "$want"
}

verify_one() { # SOURCE FROM TO KIND
  local want
  case $2 in *@*) want=${2#*@} ;; *) want=$(remembered "$1") ;; esac
  digest "$3"
  if test -z "$digest"; then
    test "$4" = cached && echo "$where: NOT DELIVERED by the cache: $3" || echo "$where: MISSING: $3"
    echo "$1" >> "$scratch/wrong"
  elif test -n "$want" && test "$digest" != "$want"; then
    echo "$where: DIFFERENT IMAGE: $3 is $digest, expected $want"
    echo "$1" >> "$scratch/wrong"
  else
    local has=$digest
    test "$4" != - || verify_platforms "$1" "$3"
    verify_signatures "$2" "$3" "$has"
    verify_referrers "$2" "$3" "$has"
  fi
}

# Reports an image whose index is in the registry, but not each manifest that is chosen.
verify_platforms() { # SOURCE TO
  local one
  look_for_platforms "$2"
  for one in $absent; do
    echo "$where: PLATFORM MISSING: $2 has no ${one#*=}: run make mirror, or set PLATFORMS as it was for the mirror"
  done
  test -z "$absent" || echo "$1" >> "$scratch/wrong"
}

verify() {
  : > "$scratch/wrong"
  each_image verify_one
  sum_up
  test ! -s "$scratch/wrong" || die "$(wc -l < "$scratch/wrong" | tr -d ' ') images are missing from the registry or differ; see above"
  note_missing_oras compared
  echo "All $total images are in the registry."
}

lock_one() { # SOURCE FROM TO KIND
  test "$4" != own || return 0
  case $1 in *@*) return ;; esac
  digest "$3"
  test -n "$digest" || case $4 in
    cached) fail "the cache does not deliver $3: correct its place in the answer registry_map, or its upstream in $(host_of "$3")" ;;
    *) fail "$3 is not in the registry: run make mirror first" ;;
  esac
  echo "  $1: $digest" >> "$scratch/digests"
  local list
  list=$(platforms "$3")
  test -z "$list" || echo "  $1: [$list]" >> "$scratch/platforms"
}

# Prints the content of images.lock.yaml.
lock_text() {
  echo "# Written by \`make lock\`: the digest of every tag in the registry. To pin the environment to these digests:"
  echo "# copier update --skip-answered --data-file images.lock.yaml"
  echo "digest_policy: pinned"
  if test -s "$scratch/digests"; then echo "image_digests:"; else echo "image_digests: {}"; fi
  cat "$scratch/digests"
  if test -s "$scratch/platforms"; then
    echo "# For information only; this is not an answer."
    echo "_platforms:"
    cat "$scratch/platforms"
  fi
}

lock() {
  : > "$scratch/digests"
  : > "$scratch/platforms"
  each_image lock_one
  sum_up
  { lock_text > "$scratch/lock" && mv "$scratch/lock" "$here/../images.lock.yaml"; } ||
    die "cannot write images.lock.yaml: is the disk full?"
  echo "images.lock.yaml has $(wc -l < "$scratch/digests" | tr -d ' ') digests."
}

main() {
  if test "${1:-}" = --dry-run; then dry_run=1; shift; fi
  test ! -t 1 || terminal=1
  require_skopeo
  require_platforms
  test -z "$CERTS" || test -d "$CERTS" || die "CERTS is $CERTS, which is not a folder"
  scratch=$(mktemp -d) || die "cannot create a temporary folder"
  case ${1:-} in
    copy | verify | lock | unbundle)
      local host
      for host in $REGISTRY; do
        test "$PLAIN_HTTP" != true || test -n "$dry_run" || ! serves_tls "$host" || die "$(explain_tls "$host")"
      done ;;
  esac
  case ${1:-} in
    copy) each_image copy_one; sum_up; note_missing_oras copied ;;
    verify) verify ;;
    lock) lock ;;
    bundle | unbundle)
      test -n "${2:-}" || die "$1 requires a folder: mirror.sh $1 DIR"
      test "$1" = bundle || test -f "$2/index.json" || die "$2 is not a bundle: it has no index.json"
      test -n "$dry_run" || mkdir -p "$2" || die "cannot create the folder $2"
      bundle=$(cd "$2" 2> /dev/null && pwd || echo "$2")
      test "$1" = bundle || { require_oras; each_image check_bundled; }
      test "$1" = unbundle || test -n "$dry_run" || require_space
      each_image "${1}_one"
      sum_up
      note_missing_oras copied ;;
    *) die "usage: mirror.sh [--dry-run] copy | verify | lock | bundle DIR | unbundle DIR" ;;
  esac
}

main "$@"
