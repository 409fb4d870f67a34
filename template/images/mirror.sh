#!/usr/bin/env bash
# Copies the images of images.txt with skopeo. The Makefile calls it; it can be called alone, from anywhere:
#
#   mirror.sh [--dry-run] copy        upstream -> private registry; what is there already is not copied again
#   mirror.sh verify                  is every image in the registry, with the digest that was copied?
#   mirror.sh lock                    write images.lock.yaml: the digest of every tag, as the registry has it
#   mirror.sh [--dry-run] bundle DIR  upstream -> a folder (OCI image layout) to carry across an air gap
#   mirror.sh [--dry-run] unbundle DIR  that folder -> private registry
#
# Environment: SKOPEO, RETRIES, REGISTRY (host[:port] of the private registry), CERTS (folder with its ca.crt), PLAIN_HTTP
# (true: it speaks http), REGISTRY_AUTH_FILE (what `skopeo login` wrote, or the .dockerconfigjson of a pull Secret).
# Every manifest is copied as it is, for all platforms, so digests are upstream's. Exit code 2: one line says why.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$here/../build # what a run leaves for the next one; not in git
SKOPEO=${SKOPEO:-skopeo} RETRIES=${RETRIES:-3} REGISTRY=${REGISTRY:-} CERTS=${CERTS:-} PLAIN_HTTP=${PLAIN_HTTP:-}
dry_run=
scratch=

die() {
  echo "error: $*" >&2
  exit 2
}

clean() { test -z "$scratch" || rm -rf "$scratch"; }
trap clean EXIT
trap 'echo "interrupted: run it again, it goes on from here" >&2; exit 2' INT TERM

# References -------------------------------------------------------------------------------------

host_of() { echo "${1%%/*}"; }

# The repository of a reference, without tag and digest.
repository_of() {
  local base=${1%@*}
  case ${base##*/} in *:*) echo "${base%:*}" ;; *) echo "$base" ;; esac
}

# Where an image is copied from: the digest that is pinned, not the tag that may have moved.
from_of() { # SOURCE TARGET
  case $1,$2 in *@*,*) echo "$1" ;; *,*@*) echo "$(repository_of "$1")@${2#*@}" ;; *) echo "$1" ;; esac
}

# Where it is copied to: with upstream's tag, where there is one, so that no registry takes it for garbage.
to_of() { # SOURCE TARGET
  case $1,$2 in *@*,*) echo "$2" ;; *,*@*) echo "$(repository_of "$2"):${1##*:}" ;; *) echo "$2" ;; esac
}

# The lines of images.txt as SOURCE FROM TO KIND; KIND is `own` or `-`.
images() {
  local source target kind
  while read -r source target kind; do
    case $source in '' | '#'*) continue ;; esac
    echo "$source $(from_of "$source" "$target") $(to_of "$source" "$target") ${kind:--}"
  done < "$here/images.txt"
}

# skopeo -----------------------------------------------------------------------------------------

# Flags for a registry: those of the private one, with the prefix that `copy` wants (--src-, --dest-).
flags() { # REFERENCE PREFIX
  test "$(host_of "$1")" = "$REGISTRY" || return 0
  test -z "$CERTS" || echo "--$2cert-dir=$CERTS"
  test "$PLAIN_HTTP" != true || echo "--$2tls-verify=false"
}

# What skopeo said, as one line that says what to do.
explain() { # REFERENCE MESSAGE
  local host
  host=$(host_of "$1")
  case $2 in
    *"no space left on device"*) echo "the disk is full: make room, then run it again, it goes on from here" ;;
    *unauthorized* | *"authentication required"* | *denied* | *"invalid username"*)
      echo "$host refuses the credentials for $1: skopeo login $host, or set REGISTRY_AUTH_FILE" ;;
    *"HTTP response to HTTPS client"*) echo "$host speaks plain http: registry_plain_http is the answer for that" ;;
    *x509* | *certificate*) echo "the certificate of $host is not trusted: set CERTS to a folder with the right ca.crt" ;;
    *"connection refused"*) echo "$host cannot be reached: connection refused" ;;
    *"no such host"*) echo "$host cannot be reached: no such host" ;;
    *"dial tcp"* | *"i/o timeout"*) echo "$host cannot be reached: no answer" ;;
    *"manifest unknown"* | *"name unknown"* | *"not found"*) echo "$1 does not exist" ;;
    *) echo "$1: $(echo "$2" | tail -n 1)" ;;
  esac
}

# The manifest of a reference into $scratch/manifest and its digest on stdout. Returns 1 when there is no such image; dies
# on everything else. The caller runs it in a subshell, so `die` has to be passed on with `|| exit 2`.
inspect() { # REFERENCE
  local message
  # shellcheck disable=SC2046
  if message=$("$SKOPEO" inspect --raw $(flags "$1" "") "docker://$1" 2>&1 > "$scratch/manifest"); then
    "$SKOPEO" manifest-digest "$scratch/manifest"
    return
  fi
  case $message in *"manifest unknown"* | *"name unknown"* | *"not found"*) return 1 ;; esac
  die "$(explain "$1" "$message")"
}

# digest REFERENCE: sets $digest, to nothing when there is no such image.
digest() {
  digest=$(inspect "$1")
  test $? -ne 2 || exit 2
}

# Digest that a source must have, or dies.
wanted() { # FROM
  case $1 in
    *@*) digest=${1#*@} ;;
    *) digest "$1"; test -n "$digest" || die "$(explain "$1" "not found")" ;;
  esac
}

transfer() { # FROM TO REFERENCE-FOR-MESSAGES FLAG...
  local from=$1 to=$2 message named=$3
  shift 3
  message=$("$SKOPEO" copy --quiet --all --preserve-digests --retry-times "$RETRIES" "$@" "$from" "$to" 2>&1) && return
  case $message in *"initializing source"* | *"reading manifest"* | *"determining manifest"*) named=${from#docker://} ;; esac
  die "$(explain "$named" "$message")"
}

# The digests that were copied: one `SOURCE DIGEST` per line ------------------------------------------

remember() { # SOURCE DIGEST
  mkdir -p "$state"
  touch "$state/images.digests"
  { { grep -vF "$1 " "$state/images.digests"; echo "$1 $2"; } > "$state/images.digests.new" &&
    mv "$state/images.digests.new" "$state/images.digests"; } || die "cannot write $state/images.digests: is the disk full?"
}

remembered() { # SOURCE
  test ! -f "$state/images.digests" || awk -v source="$1" '$1 == source {print $2}' "$state/images.digests"
}

# Commands -----------------------------------------------------------------------------------------

# each FUNCTION: calls it with SOURCE FROM TO KIND for every image, and says how far it is.
each() {
  local total number=0 source from to kind
  images > "$scratch/images"
  total=$(wc -l < "$scratch/images" | tr -d ' ')
  while read -r source from to kind <&3; do
    number=$((number + 1))
    where="[$number/$total] $source"
    "$1" "$source" "$from" "$to" "$kind"
  done 3< "$scratch/images"
}

copy_one() { # SOURCE FROM TO KIND
  if test "$4" = own || test "$(repository_of "$2")" = "$(repository_of "$3")"; then echo "$where: pulled as it is"; return; fi
  if test -n "$dry_run"; then echo "$where: would copy $2 to $3"; return; fi
  local want
  wanted "$2"; want=$digest
  digest "$3"
  if test "$digest" = "$want"; then
    echo "$where: there already"
  else
    # shellcheck disable=SC2046
    transfer "docker://$2" "docker://$3" "$3" $(flags "$3" dest-)
    echo "$where: copied"
  fi
  remember "$1" "$want"
}

verify_one() { # SOURCE FROM TO KIND
  local want
  case $2 in *@*) want=${2#*@} ;; *) want=$(remembered "$1") ;; esac
  digest "$3"
  if test -z "$digest"; then
    echo "$where: MISSING: $3"
    wrong=$((wrong + 1))
  elif test -n "$want" && test "$digest" != "$want"; then
    echo "$where: OTHER IMAGE: $3 is $digest, but $want was meant"
    wrong=$((wrong + 1))
  fi
}

verify() {
  wrong=0
  each verify_one
  test "$wrong" = 0 || die "$wrong of the images in images.txt are not in the registry as they should be; see above"
  echo "All $(wc -l < "$scratch/images" | tr -d ' ') images are in the registry."
}

# The platforms of the image in $scratch/manifest: `linux/amd64, linux/arm64`.
platforms() { # REFERENCE
  if ! grep -q '"manifests"' "$scratch/manifest"; then
    # shellcheck disable=SC2046
    "$SKOPEO" inspect --no-tags $(flags "$1" "") "docker://$1" 2> /dev/null |
      awk -F '"' '$2 == "Architecture" {cpu = $4} $2 == "Os" {os = $4} END {if (cpu) print os "/" cpu}'
    return
  fi
  tr -d '\n' < "$scratch/manifest" | tr '{' '\n' | sed -n 's/.*"architecture" *: *"\([^"]*\)".*/\1 &/p' |
    awk '{match($0, /"os" *: *"[^"]*"/); os = substr($0, RSTART, RLENGTH); gsub(/"os" *: *|"/, "", os)
          if ($1 != "unknown" && os != "") print os "/" $1}' | sort -u | awk '{printf "%s%s", sep, $0; sep = ", "}'
}

lock_one() { # SOURCE FROM TO KIND
  test "$4" != own || return 0
  case $1 in *@*) return ;; esac
  digest "$3"
  test -n "$digest" || die "$3 is not in the registry: make mirror first"
  echo "  $1: $digest" >> "$scratch/digests"
  local list
  list=$(platforms "$3")
  test -z "$list" || echo "  $1: [$list]" >> "$scratch/platforms"
}

# The text of images.lock.yaml.
lock_text() {
  echo "# Written by \`make lock\`: what every tag was in the registry at that time. To pin the environment to it:"
  echo "# copier update --skip-answered --data-file images.lock.yaml"
  echo "digest_policy: pinned"
  if test -s "$scratch/digests"; then echo "image_digests:"; else echo "image_digests: {}"; fi
  cat "$scratch/digests"
  if test -s "$scratch/platforms"; then
    echo "# For the reader; no answer."
    echo "_platforms:"
    cat "$scratch/platforms"
  fi
}

lock() {
  : > "$scratch/digests"
  : > "$scratch/platforms"
  each lock_one
  { lock_text > "$scratch/lock" && mv "$scratch/lock" "$here/../images.lock.yaml"; } ||
    die "cannot write images.lock.yaml: is the disk full?"
  echo "images.lock.yaml has $(wc -l < "$scratch/digests" | tr -d ' ') digests."
}

# Bundle: an OCI image layout. index.json has one line per image; blobs of several images are kept once ----------------

media_type() { # MANIFEST
  if grep -q '"manifests"' "$1"; then
    grep -q 'vnd.docker.distribution.manifest.list.v2+json' "$1" &&
      echo application/vnd.docker.distribution.manifest.list.v2+json || echo application/vnd.oci.image.index.v1+json
  elif grep -q 'vnd.docker.distribution.manifest.v2+json' "$1"; then
    echo application/vnd.docker.distribution.manifest.v2+json
  else
    echo application/vnd.oci.image.manifest.v1+json
  fi
}

bundled() { # SOURCE: its digest in the bundle
  test ! -f "$bundle/index.json" ||
    awk -v name="\"$1\"" 'index($0, name) {match($0, /sha256:[0-9a-f]*/); print substr($0, RSTART, RLENGTH)}' "$bundle/index.json"
}

# Adds an image to index.json, in place of an older one of that name.
enter() { # SOURCE DIGEST
  local file=$bundle/blobs/sha256/${2#sha256:} lines=$scratch/lines
  test ! -f "$bundle/index.json" || grep '"digest"' "$bundle/index.json" | grep -vF "\"$1\"" | sed 's/,$//' > "$lines"
  {
    printf '{"mediaType":"%s","digest":"%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"%s"}}\n' \
      "$(media_type "$file")" "$2" "$(wc -c < "$file" | tr -d ' ')" "$1" >> "$lines" &&
      { echo '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":['
        sed '$!s/$/,/' "$lines"; echo ']}'; } > "$bundle/index.json.new" &&
      echo '{"imageLayoutVersion":"1.0.0"}' > "$bundle/oci-layout" &&
      mv "$bundle/index.json.new" "$bundle/index.json"
  } || full
  rm -f "$lines"
}

full() {
  rm -f "$bundle/index.json.new"
  die "cannot write $bundle: is the disk full? Make room, then run it again, it goes on from here"
}

# Moves what skopeo wrote as a folder of files into the layout.
keep() { # FOLDER DIGEST
  local file name
  mkdir -p "$bundle/blobs/sha256" || full
  for file in "$1"/*; do
    name=$(basename "$file" .manifest.json)
    case $name in version | signature-*) continue ;; manifest.json) name=${2#sha256:} ;; esac
    mv "$file" "$bundle/blobs/sha256/$name" || full
  done
}

bundle_one() { # SOURCE FROM TO KIND
  if test "$4" = own; then echo "$where: yours, not in the bundle"; return; fi
  if test -n "$dry_run"; then echo "$where: would be added to $bundle"; return; fi
  local want partial=$bundle/.partial
  wanted "$2"; want=$digest
  if test "$(bundled "$1")" = "$want"; then echo "$where: there already"; return; fi
  rm -rf "$partial"
  mkdir -p "$partial" || full
  (transfer "docker://$2" "dir:$partial" "$2") || { rm -rf "$partial"; exit 2; }
  keep "$partial" "$want"
  rm -rf "$partial"
  enter "$1" "$want"
  echo "$where: added"
}

# The folder that skopeo reads, as links into the layout.
unfold() { # DIGEST FOLDER
  local blobs=$bundle/blobs/sha256 name
  rm -rf "$2"
  mkdir -p "$2"
  echo "Directory Transport Version: 1.1" > "$2/version"
  ln -s "$blobs/${1#sha256:}" "$2/manifest.json"
  if grep -q '"manifests"' "$2/manifest.json"; then
    for name in $(hashes "$2/manifest.json"); do
      ln -s "$blobs/$name" "$2/$name.manifest.json"
      link "$blobs/$name" "$2"
    done
  else
    link "$2/manifest.json" "$2"
  fi
}

hashes() { grep -oE 'sha256:[0-9a-f]{64}' "$1" | cut -d: -f2 | sort -u; }

link() { # MANIFEST FOLDER
  local name
  for name in $(hashes "$1"); do
    ln -sf "$bundle/blobs/sha256/$name" "$2/$name"
  done
}

unbundle_one() { # SOURCE FROM TO KIND
  if test "$4" = own; then echo "$where: yours, not in the bundle"; return; fi
  local has
  has=$(bundled "$1")
  test -n "$has" || die "$1 is not in $bundle: make bundle again, from this environment"
  case $2 in *@"$has") ;; *@*) die "$1 in $bundle is $has, but ${2#*@} is pinned: make bundle again" ;; esac
  if test -n "$dry_run"; then echo "$where: would copy to $3"; return; fi
  digest "$3"
  if test "$digest" = "$has"; then
    echo "$where: there already"
  else
    unfold "$has" "$scratch/image"
    # shellcheck disable=SC2046
    transfer "dir:$scratch/image" "docker://$3" "$3" $(flags "$3" dest-)
    echo "$where: copied"
  fi
  remember "$1" "$has"
}

# ----------------------------------------------------------------------------------------------------

main() {
  if test "${1:-}" = --dry-run; then dry_run=1; shift; fi
  command -v "$SKOPEO" > /dev/null || die "$SKOPEO is not on PATH: install skopeo, or set SKOPEO"
  test -z "$CERTS" || test -d "$CERTS" || die "CERTS is $CERTS, but there is no such folder"
  scratch=$(mktemp -d) || die "cannot make a temporary folder"
  case ${1:-} in
    copy) each copy_one ;;
    verify) verify ;;
    lock) lock ;;
    bundle | unbundle)
      test -n "${2:-}" || die "name the folder of the bundle"
      test "$1" = bundle || test -f "$2/index.json" || die "$2 is no bundle: it has no index.json"
      test -n "$dry_run" || mkdir -p "$2" || die "cannot make the folder $2"
      bundle=$(cd "$2" 2> /dev/null && pwd || echo "$2")
      each "${1}_one" ;;
    *) die "usage: mirror.sh [--dry-run] copy | verify | lock | bundle DIR | unbundle DIR" ;;
  esac
}

main "$@"
