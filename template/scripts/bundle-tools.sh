#!/usr/bin/env bash
# Adds to a bundle what the far side of an air gap needs besides images and charts: the template, copier and kserve-wiring with
# all that they need, helm, and oras if it is on PATH. Called by `make bundle-tools`.
#
#   bundle-tools.sh ANSWERS FOLDER
#
# ANSWERS is the answers file of copier. Environment: HELM, ORAS, PYTHON (python3; wheels are for its version and this machine's platform).
set -uo pipefail
HELM=${HELM:-helm} ORAS=${ORAS:-oras} PYTHON=${PYTHON:-python3}

die() {
  echo "error: $*" >&2
  exit 2
}

answer() { # NAME
  sed -n "s/^$1: *//p" "$answers" | tr -d "\"'"
}

# The repository in the form that git reads. https://copier.readthedocs.io/en/stable/generating/ has the short forms.
url_of() { # SOURCE
  case $1 in
    gh:*) echo "https://github.com/${1#gh:}" ;;
    gl:*) echo "https://gitlab.com/${1#gl:}" ;;
    *) echo "${1#git+}" ;;
  esac
}

# The template with all its versions. kserve-wiring is built from the version that made the environment.
add_template() {
  git clone --quiet --mirror "$url" "$scratch/template.git" 2> "$scratch/log" ||
    die "the template $url cannot be cloned: $(tail -n 1 "$scratch/log")"
  git -C "$scratch/template.git" bundle create --quiet "$folder/template.bundle" --all 2> "$scratch/log" ||
    die "cannot write $folder/template.bundle: $(tail -n 1 "$scratch/log")"
  { git clone --quiet "$scratch/template.git" "$scratch/template" &&
    git -C "$scratch/template" checkout --quiet --detach "$version"; } 2> "$scratch/log" ||
    die "the template $url has no version $version: commit and push it first"
}

add_wheels() {
  "$PYTHON" -m pip wheel --quiet --wheel-dir "$folder/wheels" copier "$scratch/template" 2> "$scratch/log" ||
    die "pip cannot fetch or build the wheels: $(grep '^ERROR' "$scratch/log" | tail -n 1)"
}

add_helm() {
  local found
  found=$(command -v "$HELM") || die "$HELM is not on PATH: install helm, or set HELM"
  mkdir -p "$folder/bin"
  cp -L "$found" "$folder/bin/helm" || die "cannot write $folder/bin/helm: is the disk full?"
}

# For referrers. Not needed where images have none.
add_oras() {
  local found
  found=$(command -v "$ORAS") || return 0
  cp -L "$found" "$folder/bin/oras" || die "cannot write $folder/bin/oras: is the disk full?"
  echo "oras: added"
}

# The commands of the far side.
write_readme() {
  cat > "$folder/README.txt" << EOF
This folder needs nothing from the internet. Carry it and the folder of the environment across, then type, in this folder, with
$("$PYTHON" --version) on $(uname -sm), git, make and skopeo:

    sha256sum --check --quiet SHA256SUMS
    python3 -m venv tools
    tools/bin/pip install --no-index --find-links wheels copier kserve-wiring
    export PATH="\$PWD/tools/bin:\$PWD/bin:\$PATH" BUNDLE="\$PWD" CHARTS="\$PWD/charts"
    git clone --quiet --mirror template.bundle template.git
    git config --global url."\$PWD/template.git".insteadOf $url

The last line lets copier find the template of $url here. Then type, in the folder of the environment:

    make login
    make unbundle
    make check
    copier update --skip-answered

Of the template, the environment was made from version $version.
EOF
}

# Not of tools/ and template.git, which the far side makes.
write_checksums() {
  (cd "$folder" && { find README.txt template.bundle wheels bin charts blobs index.json oci-layout -type f; find . -maxdepth 1 -name referrers; } | sed 's#^[.]/##' | sort |
    tr '\n' '\0' | xargs -0 sha256sum > "$scratch/sums" && mv "$scratch/sums" SHA256SUMS) || die "cannot write $folder/SHA256SUMS: is the disk full?"
}

answers=$1
mkdir -p "$2" || die "cannot create the folder $2"
folder=$(cd "$2" && pwd)
scratch=$(mktemp -d) || die "cannot create a temporary folder"
trap 'rm -rf "$scratch"' EXIT
url=$(url_of "$(answer _src_path)") version=$(answer _commit)
test -n "$url" && test -n "$version" || die "$answers names no version of a template: the template must be a git repository"
for part in template wheels helm; do
  "add_$part"
  echo "$part: added"
done
add_oras
write_readme
write_checksums
echo "$folder/README.txt has the commands of the far side."
