# shellcheck shell=bash disable=SC2154 # mirror.sh sets the variables
# The bundle, an OCI image layout: index.json has one line per image, and images share their blobs. Sourced by images/mirror.sh,
# which sets $bundle, its folder.

media_type() { # MANIFEST
  if is_index "$1"; then
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

# Whether the bundle has this digest of an image, with all manifests that are chosen.
is_bundled() { # SOURCE DIGEST
  local child
  test "$(bundled "$1")" = "$2" || return 1
  for child in $(bundled_children "$2"); do
    test -f "$bundle/blobs/sha256/${child#sha256:}" || return 1
  done
}

# Prints the chosen manifests of an index in the bundle.
bundled_children() { # DIGEST
  ! is_index "$bundle/blobs/sha256/${1#sha256:}" || chosen "$bundle/blobs/sha256/${1#sha256:}"
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

# Moves the files that skopeo wrote to a `dir:` folder into the layout, manifests last: what a manifest in the layout refers to
# is there.
keep() { # FOLDER DIGEST
  local file name
  mkdir -p "$bundle/blobs/sha256" || full
  for file in "$1"/*[0-9a-f] "$1"/*.manifest.json "$1"/manifest.json; do
    test -f "$file" || continue
    name=$(basename "$file" .manifest.json)
    case $name in signature-*) continue ;; manifest.json) name=${2#sha256:} ;; esac
    mv "$file" "$bundle/blobs/sha256/$name" || full
  done
}

bundle_one() { # SOURCE FROM TO KIND
  if test "$4" = own; then echo "$where: your own image, not bundled"; return; fi
  if test "$4" = cached; then echo "$where: cached by $(host_of "$3"), not bundled"; return; fi
  if test -n "$dry_run"; then echo "$where: would be added to $bundle"; return; fi
  local want
  wanted "$2"; want=$digest
  bundle_referrers "$2" "$want"
  if is_bundled "$1" "$want"; then echo "$where: already present"; return; fi
  sparse_index "$2" "$want"
  bundle_signatures "$2" "$want"
  if test -f "$scratch/index"; then fetch_platforms "$2" "$want"; else fetch "$2" "$want"; fi
  enter "$1" "$want"
  awk -v source="$1" '$1 == source {print $2, $3}' "$scratch/blobs" > "$scratch/descriptors"
  echo "$where: added$(pace)"
}

fetch() { # FROM DIGEST
  local partial=$bundle/.partial
  rm -rf "$partial"
  mkdir -p "$partial" || full
  transfer "docker://$1" "dir:$partial" "$1"
  keep "$partial" "$2"
  rm -rf "$partial"
}

fetch_platforms() { # FROM DIGEST
  local repository child
  repository=$(repository_of "$1")
  for child in $(chosen "$scratch/index"); do
    test -f "$bundle/blobs/sha256/${child#sha256:}" || fetch "$repository@$child" "$child"
  done
  lists=--multi-arch=index-only fetch "$repository@$2" "$2"
}

# Makes a `dir:` folder for skopeo, with links into the layout.
unfold() { # DIGEST FOLDER
  local blobs=$bundle/blobs/sha256 name
  rm -rf "$2"
  mkdir -p "$2"
  echo "Directory Transport Version: 1.1" > "$2/version"
  ln -s "$blobs/${1#sha256:}" "$2/manifest.json"
  if is_index "$2/manifest.json"; then
    for name in $(hashes "$2/manifest.json"); do
      test -f "$blobs/$name" || continue # of another platform
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

# Loads nothing from a bundle that lacks an image.
check_bundled() { # SOURCE FROM TO KIND
  case $4 in own | cached) return ;; esac
  local has
  has=$(bundled "$1")
  test -n "$has" || die "$1 is not in $bundle: run make bundle again, in this environment"
  case $2 in *@"$has") ;; *@*) die "$1 in $bundle is $has, but ${2#*@} is pinned: run make bundle again" ;; esac
  is_bundled "$1" "$has" || die "$1 in $bundle lacks ${PLATFORMS:-some platforms}: set PLATFORMS as it was for make bundle, or run that again"
}

unbundle_one() { # SOURCE FROM TO KIND
  if test "$4" = own; then echo "$where: your own image, not bundled"; return; fi
  if test "$4" = cached; then echo "$where: cached by $(host_of "$3"), not bundled"; return; fi
  local has
  has=$(bundled "$1")
  if test -n "$dry_run"; then echo "$where: would copy to $3"; return; fi
  unbundle_signatures "$2" "$3" "$has"
  load "$1" "$has" "$3"
  test "$loaded" != copied || loaded="copied$(pace "$3")"
  echo "$where: $loaded"
  unbundle_referrers "$2" "$3" "$has"
}

# Copies an image from the bundle, and sets $loaded to what was done.
load() { # SOURCE DIGEST TO
  loaded="already present"
  if ! is_present "$3" "$2"; then
    if test -n "$PLATFORMS"; then load_platforms "$2" "$3"; else push "$2" "$3"; fi
    loaded=copied
  fi
  remember "$1" "$2"
}

load_platforms() { # DIGEST TO
  local child
  for child in $(bundled_children "$1"); do
    push "$child" "$(repository_of "$2")@$child"
  done
  lists=--multi-arch=index-only push "$1" "$2"
}

push() { # DIGEST TO
  unfold "$1" "$scratch/image"
  # shellcheck disable=SC2046
  transfer "dir:$scratch/image" "docker://$2" "$2" $(flags "$2" dest-)
}
