#!/usr/bin/env bash
# Copies the images listed in images.txt with skopeo. Called by the Makefile; also runs on its own, from any folder:
#
#   mirror.sh [--dry-run] copy          copy from upstream to the private registry; skips images that are already present
#   mirror.sh verify                    check that the registry has every image, with the digest that was copied
#   mirror.sh lock                      write images.lock.yaml with the digest of every tag in the registry
#   mirror.sh [--dry-run] bundle DIR    copy from upstream to a folder (OCI image layout) that you carry across an air gap
#   mirror.sh [--dry-run] unbundle DIR  copy from that folder to the private registry
#
# Environment: SKOPEO, RETRIES, REGISTRY (host[:port] of the private registry), CERTS (folder with its ca.crt), PLAIN_HTTP
# (true if it serves plain http), REGISTRY_AUTH_FILE (written by `skopeo login`, or the .dockerconfigjson of a pull Secret).
# Manifests are copied unchanged and for all platforms, so digests equal upstream's. On an error, the script prints one line
# and exits with 2.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$here/../build # digests that later runs need; not in git
SKOPEO=${SKOPEO:-skopeo} RETRIES=${RETRIES:-3} REGISTRY=${REGISTRY:-} CERTS=${CERTS:-} PLAIN_HTTP=${PLAIN_HTTP:-}
dry_run=
scratch=

die() {
  echo "error: $*" >&2
  exit 2
}

clean() { test -z "$scratch" || rm -rf "$scratch"; }
trap clean EXIT
trap 'echo "interrupted: run the command again to continue" >&2; exit 2' INT TERM

# References -------------------------------------------------------------------------------------

host_of() { echo "${1%%/*}"; }

# The reference without tag and digest.
repository_of() {
  local base=${1%@*}
  case ${base##*/} in *:*) echo "${base%:*}" ;; *) echo "$base" ;; esac
}

# The source of the copy: the pinned digest if there is one, because a tag may have moved.
from_of() { # SOURCE TARGET
  case $1,$2 in *@*,*) echo "$1" ;; *,*@*) echo "$(repository_of "$1")@${2#*@}" ;; *) echo "$1" ;; esac
}

# The target of the copy: with upstream's tag if there is one, because a registry may garbage-collect untagged manifests.
to_of() { # SOURCE TARGET
  case $1,$2 in *@*,*) echo "$2" ;; *,*@*) echo "$(repository_of "$2"):${1##*:}" ;; *) echo "$2" ;; esac
}

# Prints the lines of images.txt as SOURCE FROM TO KIND. KIND is `own` or `-`.
images() {
  local source target kind
  while read -r source target kind; do
    case $source in '' | '#'*) continue ;; esac
    echo "$source $(from_of "$source" "$target") $(to_of "$source" "$target") ${kind:--}"
  done < "$here/images.txt"
}

# skopeo -----------------------------------------------------------------------------------------

# The TLS flags for the private registry; nothing for other registries. `skopeo copy` requires the prefix src- or dest-.
flags() { # REFERENCE PREFIX
  test "$(host_of "$1")" = "$REGISTRY" || return 0
  test -z "$CERTS" || echo "--$2cert-dir=$CERTS"
  test "$PLAIN_HTTP" != true || echo "--$2tls-verify=false"
}

# Turns an error of skopeo into one line that tells the user what to do.
explain() { # REFERENCE MESSAGE
  local host
  host=$(host_of "$1")
  case $2 in
    *"no space left on device"*) echo "the disk is full: free some space, then run the command again to continue" ;;
    *unauthorized* | *"authentication required"* | *denied* | *"invalid username"*)
      echo "$host rejects the credentials for $1: run skopeo login $host, or set REGISTRY_AUTH_FILE" ;;
    *"HTTP response to HTTPS client"*) echo "$host serves plain http: set the answer registry_plain_http to true" ;;
    *x509* | *certificate*) echo "the certificate of $host is not trusted: set CERTS to a folder with its CA as ca.crt" ;;
    *"connection refused"*) echo "$host cannot be reached: connection refused" ;;
    *"no such host"*) echo "$host cannot be reached: no such host" ;;
    *"dial tcp"* | *"i/o timeout"*) echo "$host cannot be reached: no answer" ;;
    *"manifest unknown"* | *"name unknown"* | *"not found"*) echo "$1 does not exist" ;;
    *) echo "$1: $(echo "$2" | tail -n 1)" ;;
  esac
}

# Writes the manifest to $scratch/manifest and prints its digest. Returns 1 if the image does not exist, and dies on any
# other error. It runs in a subshell, where `die` ends only the subshell: the caller must exit on status 2.
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

# Sets $digest; empty if the image does not exist.
digest() { # REFERENCE
  digest=$(inspect "$1")
  test $? -ne 2 || exit 2
}

# Sets $digest to the digest of the source. Dies if the source does not exist.
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

# Copied digests, one `SOURCE DIGEST` per line -----------------------------------------------------

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

# Calls a function with SOURCE FROM TO KIND for every image. $where is the progress, for messages.
each() { # FUNCTION
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
  if test "$4" = own || test "$(repository_of "$2")" = "$(repository_of "$3")"; then echo "$where: not copied"; return; fi
  if test -n "$dry_run"; then echo "$where: would copy $2 to $3"; return; fi
  local want
  wanted "$2"; want=$digest
  digest "$3"
  if test "$digest" = "$want"; then
    echo "$where: already present"
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
    echo "$where: DIFFERENT IMAGE: $3 is $digest, expected $want"
    wrong=$((wrong + 1))
  fi
}

verify() {
  wrong=0
  each verify_one
  test "$wrong" = 0 || die "$wrong images are missing from the registry or differ; see above"
  echo "All $(wc -l < "$scratch/images" | tr -d ' ') images are in the registry."
}

# Prints the platforms of the image in $scratch/manifest: `linux/amd64, linux/arm64`.
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
  test -n "$digest" || die "$3 is not in the registry: run make mirror first"
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
  each lock_one
  { lock_text > "$scratch/lock" && mv "$scratch/lock" "$here/../images.lock.yaml"; } ||
    die "cannot write images.lock.yaml: is the disk full?"
  echo "images.lock.yaml has $(wc -l < "$scratch/digests" | tr -d ' ') digests."
}

# Bundle: an OCI image layout. index.json has one line per image; images share their blobs ------------

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

# Prints the digest of an image in the bundle; nothing if it is not there.
bundled() { # SOURCE
  test ! -f "$bundle/index.json" ||
    awk -v name="\"$1\"" 'index($0, name) {match($0, /sha256:[0-9a-f]*/); print substr($0, RSTART, RLENGTH)}' "$bundle/index.json"
}

# Adds an image to index.json and replaces an older entry for it.
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
  die "cannot write $bundle: is the disk full? Free some space, then run the command again to continue"
}

# Moves the files that skopeo wrote to a `dir:` folder into the layout.
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
  if test "$4" = own; then echo "$where: your own image, not bundled"; return; fi
  if test -n "$dry_run"; then echo "$where: would be added to $bundle"; return; fi
  local want partial=$bundle/.partial
  wanted "$2"; want=$digest
  if test "$(bundled "$1")" = "$want"; then echo "$where: already present"; return; fi
  rm -rf "$partial"
  mkdir -p "$partial" || full
  (transfer "docker://$2" "dir:$partial" "$2") || { rm -rf "$partial"; exit 2; }
  keep "$partial" "$want"
  rm -rf "$partial"
  enter "$1" "$want"
  echo "$where: added"
}

# Makes a `dir:` folder for skopeo, with links into the layout.
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
  if test "$4" = own; then echo "$where: your own image, not bundled"; return; fi
  local has
  has=$(bundled "$1")
  test -n "$has" || die "$1 is not in $bundle: run make bundle again, in this environment"
  case $2 in *@"$has") ;; *@*) die "$1 in $bundle is $has, but ${2#*@} is pinned: run make bundle again" ;; esac
  if test -n "$dry_run"; then echo "$where: would copy to $3"; return; fi
  digest "$3"
  if test "$digest" = "$has"; then
    echo "$where: already present"
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
  test -z "$CERTS" || test -d "$CERTS" || die "CERTS is $CERTS, which is not a folder"
  scratch=$(mktemp -d) || die "cannot create a temporary folder"
  case ${1:-} in
    copy) each copy_one ;;
    verify) verify ;;
    lock) lock ;;
    bundle | unbundle)
      test -n "${2:-}" || die "$1 requires a folder: mirror.sh $1 DIR"
      test "$1" = bundle || test -f "$2/index.json" || die "$2 is not a bundle: it has no index.json"
      test -n "$dry_run" || mkdir -p "$2" || die "cannot create the folder $2"
      bundle=$(cd "$2" 2> /dev/null && pwd || echo "$2")
      each "${1}_one" ;;
    *) die "usage: mirror.sh [--dry-run] copy | verify | lock | bundle DIR | unbundle DIR" ;;
  esac
}

main "$@"
