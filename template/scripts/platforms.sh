# shellcheck shell=bash disable=SC2154 # mirror.sh sets the variables
# Copies only the platforms in $PLATFORMS, such as linux/amd64,linux/arm64. Sourced by images/mirror.sh.
#
# The index of an image stays as upstream has it, without the manifests of the other platforms: a sparse index. So digests, pins
# and signatures do not change. A registry that checks each index refuses it.

require_platforms() {
  local platform
  for platform in $(tr ',' ' ' <<< "$PLATFORMS"); do
    case $platform in
      linux/386 | linux/amd64 | linux/arm | linux/arm/v[5-8] | linux/arm64 | linux/arm64/v[89] | linux/loong64) ;;
      linux/mips64le | linux/ppc64le | linux/riscv64 | linux/s390x) ;;
      *) die "PLATFORMS has $platform: write platforms such as linux/amd64 or linux/amd64,linux/arm64" ;;
    esac
  done
  case $PLATFORMS in *[!a-z0-9/,]* | ,* | *, | *,,*) die "PLATFORMS is '$PLATFORMS': write linux/amd64 or linux/amd64,linux/arm64" ;; esac
}

is_index() { # MANIFEST
  grep -q '"manifests"' "$1"
}

# Prints DIGEST PLATFORM OF for each manifest of an index. OF is the digest of the manifest that an attestation describes, or `-`.
# https://docs.docker.com/build/metadata/attestations/attestation-storage/
children() { # INDEX
  tr -d '\n' < "$1" | awk '
    function text(key) {
      if (!match(entry, "\"" key "\"[ \t]*:[ \t]*\"[^\"]*\"")) return ""
      split(substr(entry, RSTART, RLENGTH), part, "\""); return part[4]
    }
    {start = index($0, "\"manifests\""); rest = substr($0, start + 11)
     for (i = 1; i <= length(rest); i++) {
       c = substr(rest, i, 1)
       if (c == "{" && depth++ == 0) from = i
       if (c == "}" && --depth == 0) {
         entry = substr(rest, from, i - from + 1)
         platform = text("os") "/" text("architecture"); variant = text("variant")
         if (variant != "") platform = platform "/" variant
         of = text("vnd.docker.reference.digest")
         print text("digest"), platform, of == "" ? "-" : of
       }
       if (c == "]" && depth == 0) exit
     }}'
}

# Prints the digests of those manifests of an index that are copied: all without $PLATFORMS, or those of the platforms, their
# attestations, and what has no platform.
chosen() { # INDEX
  children "$1" | awk -v wanted="$PLATFORMS" '
    {digest[NR] = $1; platform[NR] = $2; of[NR] = $3}
    END {count = split(wanted, name, ",")
      for (i = 1; i <= NR; i++) {
        if (count == 0 || platform[i] == "/") take[digest[i]]
        for (n = 1; n <= count; n++) if (index(platform[i] "/", name[n] "/") == 1) take[digest[i]]
      }
      for (i = 1; i <= NR; i++) if (digest[i] in take || of[i] in take) print digest[i]}'
}

# Prints the platforms of the image in $scratch/manifest, of an index those that are chosen: `linux/amd64, linux/arm64`.
platforms() { # REFERENCE
  if ! is_index "$scratch/manifest"; then
    configuration "$1" |
      awk -F '"' '$2 == "Architecture" {cpu = $4} $2 == "Os" {os = $4} END {if (cpu) print os "/" cpu}'
    return
  fi
  { chosen "$scratch/manifest"; echo; children "$scratch/manifest"; } | awk '
    NF == 1 {take[$1]}
    NF > 1 && $1 in take && $2 != "/" && $2 !~ /^unknown/ {split($2, part, "/"); print part[1] "/" part[2]}' |
    sort -u | awk '{printf "%s%s", sep, $0; sep = ", "}'
}

# Fails if the index in $scratch/manifest has none of $PLATFORMS.
require_offer() { # REFERENCE
  is_index "$scratch/manifest" && test -z "$(chosen "$scratch/manifest")" || return 0
  fail "$1 has no $PLATFORMS, only $(PLATFORMS='' platforms "$1")"
}

# Writes the index of which only $PLATFORMS are copied to $scratch/index; nothing if the image is copied as it is.
sparse_index() { # REFERENCE DIGEST
  rm -f "$scratch/index"
  test -n "$PLATFORMS" || return 0
  digest "$(repository_of "$1")@$2"
  require_offer "$1"
  ! is_index "$scratch/manifest" || cp "$scratch/manifest" "$scratch/index"
}

# Prints the platform of a manifest of an index.
platform_of() { # INDEX DIGEST
  children "$1" | awk -v digest="$2" '$1 == digest {print $2; exit}'
}

# Sets $absent to those chosen manifests that the registry lacks, as DIGEST=PLATFORM. The index is in $scratch/manifest.
look_for_platforms() { # REFERENCE
  local child
  absent=
  is_index "$scratch/manifest" || return 0
  cp "$scratch/manifest" "$scratch/held"
  for child in $(chosen "$scratch/held"); do
    digest "$(repository_of "$1")@$child"
    test -n "$digest" || absent="$absent $child=$(platform_of "$scratch/held" "$child")"
  done
}

# Whether the registry has this digest, with all manifests that are chosen.
is_present() { # REFERENCE DIGEST
  digest "$1"
  test "$digest" = "$2" || return 1
  look_for_platforms "$1"
  test -z "$absent"
}

# Copies an image, of the index that sparse_index has written only the chosen manifests.
copy_image() { # FROM TO DIGEST
  local from to child
  from=$(repository_of "$1") to=$(repository_of "$2")
  # shellcheck disable=SC2046
  if test ! -f "$scratch/index"; then
    transfer "docker://$1" "docker://$2" "$2" $(flags "$2" dest-)
  else
    for child in $(chosen "$scratch/index"); do
      transfer "docker://$from@$child" "docker://$to@$child" "$2" $(flags "$2" dest-)
    done
    lists=--multi-arch=index-only transfer "docker://$from@$3" "docker://$2" "$2" $(flags "$2" dest-)
  fi
}
