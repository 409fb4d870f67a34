# shellcheck shell=bash disable=SC2154 # mirror.sh sets the variables
# How much space the images that a bundle lacks need, from their manifests. Sourced by images/mirror.sh.

# Prints DIGEST SIZE of everything that a manifest or an index refers to. Each of them has one digest and one size.
descriptors() { # MANIFEST
  tr -d '\n' < "$1" | grep -oE '"(digest|size)"[[:space:]]*:[[:space:]]*("sha256:[0-9a-f]{64}"|[0-9]+)' |
    awk -F '[[:space:]]*:[[:space:]]*' '
      $1 == "\"size\"" {size = $2}
      $1 == "\"digest\"" {digest = "sha256:" substr($3, 1, 64)}
      digest != "" && size != "" {print digest, size; digest = size = ""}'
}

# Adds the blobs of an image that the bundle lacks to $scratch/blobs, as SOURCE DIGEST SIZE.
measure_one() { # SOURCE FROM TO KIND
  case $4 in own | cached) return ;; esac
  wanted "$2"
  ! is_bundled "$1" "$digest" || return 0
  case $2 in *@*) digest "$2"; test -n "$digest" || fail "$2 does not exist" ;; esac
  require_offer "$2"
  describe "$2"
  sed "s|^|$1 |" "$scratch/descriptors" >> "$scratch/blobs"
}

# Writes DIGEST SIZE of everything that an image has to $scratch/descriptors. Its manifest or index is in $scratch/manifest.
describe() { # REFERENCE
  local child
  descriptors "$scratch/manifest" > "$scratch/descriptors"
  if is_index "$scratch/manifest"; then
    chosen "$scratch/manifest" > "$scratch/children"
    cp "$scratch/descriptors" "$scratch/all"
    awk 'FILENAME == ARGV[1] {take[$1]; next} $1 in take' "$scratch/children" "$scratch/all" > "$scratch/descriptors"
    while read -r child; do
      digest "$(repository_of "$1")@$child"
      descriptors "$scratch/manifest" >> "$scratch/descriptors"
    done < "$scratch/children"
  fi
}

# Prints the bytes that the blobs need, each once. The copy of an image also needs, for a while, those of its blobs that are
# there already: the largest sum counts.
needed() {
  local image blob size there
  while read -r image blob size; do
    there=0
    test ! -f "$bundle/blobs/sha256/${blob#sha256:}" || there=1
    echo "$image $blob $size $there"
  done < "$scratch/blobs" | awk '
    {if ($4 || $2 in seen) again[$1] += $3; else need += $3; seen[$2]}
    END {for (image in again) if (again[image] > most) most = again[image]; printf "%.0f\n", need + most}'
}

human() { # BYTES
  awk -v n="$1" 'BEGIN {split("B kB MB GB TB", unit, " "); i = 1
    while (n >= 1000 && i < 5) {n /= 1000; i++}
    printf (i == 1 || n >= 100 ? "%.0f %s\n" : "%.1f %s\n"), n, unit[i]}'
}

# Says how much space the images need, and ends the run if the disk has less.
require_space() {
  local need free
  : > "$scratch/blobs"
  each_image measure_one
  need=$(needed)
  test "$need" != 0 || return 0
  free=$(df -Pk "$bundle" | awk 'END {printf "%.0f\n", $(NF - 2) * 1024}')
  test "$free" -ge "$need" ||
    die "the images need $(human "$need"), but $bundle has $(human "$free") free: free some space, or set BUNDLE to a folder on another disk"
  echo "The images need $(human "$need") in $bundle, which has $(human "$free") free."
}
