# shellcheck shell=bash disable=SC2154 # mirror.sh sets the variables
# The bundle, an OCI image layout: index.json has one line per image, and images share their blobs. Sourced by images/mirror.sh,
# which sets $bundle, its folder.

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
  if test "$4" = cached; then echo "$where: cached by $(host_of "$3"), not bundled"; return; fi
  if test -n "$dry_run"; then echo "$where: would be added to $bundle"; return; fi
  local want
  wanted "$2"; want=$digest
  if test "$(bundled "$1")" = "$want"; then echo "$where: already present"; return; fi
  bundle_signatures "$2" "$want"
  add_to_bundle "$1" "$2" "$want"
  echo "$where: added"
}

add_to_bundle() { # SOURCE FROM DIGEST
  local partial=$bundle/.partial
  rm -rf "$partial"
  mkdir -p "$partial" || full
  transfer "docker://$2" "dir:$partial" "$2"
  keep "$partial" "$3"
  rm -rf "$partial"
  enter "$1" "$3"
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

# Loads nothing from a bundle that lacks an image.
check_bundled() { # SOURCE FROM TO KIND
  case $4 in own | cached) return ;; esac
  local has
  has=$(bundled "$1")
  test -n "$has" || die "$1 is not in $bundle: run make bundle again, in this environment"
  case $2 in *@"$has") ;; *@*) die "$1 in $bundle is $has, but ${2#*@} is pinned: run make bundle again" ;; esac
}

unbundle_one() { # SOURCE FROM TO KIND
  if test "$4" = own; then echo "$where: your own image, not bundled"; return; fi
  if test "$4" = cached; then echo "$where: cached by $(host_of "$3"), not bundled"; return; fi
  local has
  has=$(bundled "$1")
  if test -n "$dry_run"; then echo "$where: would copy to $3"; return; fi
  unbundle_signatures "$2" "$3" "$has"
  load "$1" "$has" "$3"
  echo "$where: $loaded"
}

# Copies an image from the bundle, and sets $loaded to what was done.
load() { # SOURCE DIGEST TO
  loaded="already present"
  digest "$3"
  if test "$digest" != "$2"; then
    unfold "$2" "$scratch/image"
    # shellcheck disable=SC2046
    transfer "dir:$scratch/image" "docker://$3" "$3" $(flags "$3" dest-)
    loaded=copied
  fi
  remember "$1" "$2"
}
