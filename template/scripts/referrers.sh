# shellcheck shell=bash disable=SC2154 # mirror.sh sets the variables
# Referrers of OCI 1.1: what names an image as its subject, such as signatures of cosign v3 and SBOMs. A registry lists them at an
# API or, without it, in an index with the tag sha256-<digest>. skopeo does neither; oras does both, and puts them on the list of
# the registry to which it copies. Sourced by images/mirror.sh.
#
# They are copied after the image, because oras would copy an image that is not there with them. Which an image has is remembered
# as `referrers:REPOSITORY@DIGEST`, so upstream is asked once.

# Whether referrers are copied. Without oras, a note at the end says that they are not.
has_oras() {
  test -n "$ORAS" || return 1
  ! command -v "$ORAS" > /dev/null || return 0
  touch "$scratch/no-oras"
  return 1
}

note_missing_oras() {
  test ! -f "$scratch/no-oras" ||
    echo "note: $ORAS is not on PATH, so referrers of OCI 1.1, such as signatures of cosign v3, are not ${1}: install oras, or set ORAS= if you need none"
}

# Calls ------------------------------------------------------------------------------------------

# The flags for the login and, of the private registry, for TLS. `oras copy` requires the prefix from- or to-.
oras_flags() { # REFERENCE PREFIX
  local file
  for file in "${REGISTRY_AUTH_FILE:-}" "${XDG_RUNTIME_DIR:-/run/containers/$UID}/containers/auth.json" "/run/containers/$UID/auth.json"; do
    test ! -f "$file" || { echo "--$2registry-config=$file"; break; }
  done
  is_private "$(host_of "$1")" || return 0
  echo "--$2plain-http=${PLAIN_HTTP:-false}"
  test -n "$CERTS" || return 0
  cat "$CERTS"/*.crt > "$scratch/ca.pem" 2> /dev/null && echo "--$2ca-file=$scratch/ca.pem"
  for file in "$CERTS"/*.cert; do
    test ! -f "$file" || { echo "--$2cert-file=$file"; echo "--$2key-file=${file%.cert}.key"; break; }
  done
}

call_oras() { # LIMIT REFERENCE-FOR-MESSAGES ARGUMENT...
  local limit=$1 named=$2
  shift 2
  # macOS has no timeout(1).
  if command -v timeout > /dev/null; then set -- timeout "$limit" "$ORAS" "$@"; else set -- "$ORAS" "$@"; fi
  repeated "$@" && return
  message=${message:-timed out}
  give_up "$named"
}

# Sets $referrers to the digests of what refers to a manifest, and of what refers to those.
list_referrers() { # REPOSITORY@DIGEST
  usable "$1"
  # shellcheck disable=SC2046
  call_oras "$REGISTRY_TIMEOUT" "$1" discover $(oras_flags "$1" "") --format json "$1"
  referrers=$(grep -oE '"digest": *"sha256:[0-9a-f]{64}"' "$scratch/out" | grep -oE 'sha256:[0-9a-f]{64}' |
    grep -vxF "${1#*@}" | awk '!seen[$0]++')
}

# Commands ---------------------------------------------------------------------------------------

# Prints the words of a list with commas; `none` for none.
listed() { tr '\n ' ',,' <<< "${1:-none}" | sed 's/,*$//'; }

# Sets $wanted_referrers to those of a source, from the list that is remembered or from upstream.
wanted_referrers() { # REPOSITORY@DIGEST
  local known
  known=$(remembered "referrers:$1")
  test -n "$known" || { list_referrers "$1"; known=$(listed "$referrers"); }
  wanted_referrers=$(tr ',' '\n' <<< "$known" | grep -v '^none$')
}

# Prints those of $wanted_referrers that the registry does not list.
lost_referrers() { # REPOSITORY@DIGEST
  list_referrers "$1"
  grep -vxF "${referrers:-none}" <<< "$wanted_referrers"
}

copy_referrers() { # FROM TO DIGEST
  has_oras || return 0
  local from to one
  from=$(repository_of "$1") to=$(repository_of "$2")
  wanted_referrers "$from@$3"
  test -z "$wanted_referrers" || for one in $(lost_referrers "$to@$3"); do
    # shellcheck disable=SC2046
    call_oras "$COPY_TIMEOUT" "$to@$one" copy --no-tty $(oras_flags "$from" from-) $(oras_flags "$to" to-) "$from@$one" "$to@$one"
    echo "$where: referrer copied: $one"
  done
  remember "referrers:$from@$3" "$(listed "$wanted_referrers")"
}

# $bundle/referrers has the lists, in the form of the remembered ones.
bundle_referrers() { # FROM DIGEST
  has_oras || return 0
  local from one
  from=$(repository_of "$1")
  test -z "$(lookup "$bundle/referrers" "$from@$2")" || return 0
  list_referrers "$from@$2"
  for one in $referrers; do
    fetch "$from@$one" "$one"
    enter "$from@$one" "$one"
    echo "$where: referrer added: $one"
  done
  note_down "$bundle/referrers" "$from@$2" "$(listed "$referrers")"
}

# Loads nothing from a bundle with referrers without oras.
require_oras() {
  test -n "$ORAS" && grep -q "sha256:.*sha256:" "$bundle/referrers" 2> /dev/null || return 0
  command -v "$ORAS" > /dev/null ||
    die "$bundle has referrers, and $ORAS is not on PATH: install oras, or set ORAS= to load it without them"
}

# A folder in which oras sees a manifest of the bundle.
layout_of() { # REFERENCE DIGEST
  mkdir -p "$scratch/layout"
  ln -sfn "$bundle/blobs" "$scratch/layout/blobs"
  cp "$bundle/oci-layout" "$scratch/layout/oci-layout"
  { echo '{"schemaVersion":2,"manifests":['; grep -F "\"$1\"" "$bundle/index.json" | sed 's/,$//'; echo ']}'; } > "$scratch/layout/index.json"
}

unbundle_referrers() { # FROM TO DIGEST
  local from to one known
  from=$(repository_of "$1") to=$(repository_of "$2")
  known=$(lookup "$bundle/referrers" "$from@$3")
  test -n "$known" && has_oras || return 0
  remember "referrers:$from@$3" "$known"
  wanted_referrers "$from@$3"
  test -z "$wanted_referrers" || for one in $(lost_referrers "$to@$3"); do
    layout_of "$from@$one" "$one"
    # shellcheck disable=SC2046
    call_oras "$COPY_TIMEOUT" "$to@$one" copy --no-tty --from-oci-layout $(oras_flags "$to" to-) "$scratch/layout@$one" "$to@$one"
    echo "$where: referrer copied: $one"
  done
}

# Compares the referrers that were copied with what the registry lists.
verify_referrers() { # FROM TO DIGEST
  local from to one
  from=$(repository_of "$1") to=$(repository_of "$2")
  wanted_referrers=$(remembered "referrers:$from@$3" | tr ',' '\n' | grep -v '^none$')
  test -n "$wanted_referrers" && has_oras || return 0
  for one in $(lost_referrers "$to@$3"); do
    echo "$where: REFERRER MISSING: $to@$one"
    echo "$one" >> "$scratch/wrong"
  done
}
