# shellcheck shell=bash disable=SC2154 # mirror.sh sets the variables
# What cosign attaches to an image: signatures, attestations and SBOMs, in tags of its repository that follow from its digest.
# Sourced by images/mirror.sh. They are copied before the image, so that an image that is present has them.

signature_tags() { # DIGEST
  local kind
  for kind in sig att sbom; do echo "${1/:/-}.$kind"; done
}

copy_signatures() { # FROM TO DIGEST
  local tag from to want
  for tag in $(signature_tags "$3"); do
    from=$(repository_of "$1"):$tag to=$(repository_of "$2"):$tag
    digest "$from"
    test -n "$digest" || continue
    want=$digest
    digest "$to"
    # shellcheck disable=SC2046
    test "$digest" = "$want" || transfer "docker://$from" "docker://$to" "$to" $(flags "$to" dest-)
    echo "$where: signature copied: $tag"
    remember "$from" "$want"
  done
}

bundle_signatures() { # FROM DIGEST
  local tag from want
  for tag in $(signature_tags "$2"); do
    from=$(repository_of "$1"):$tag
    digest "$from"
    test -n "$digest" || continue
    want=$digest
    fetch "$from" "$want"
    enter "$from" "$want"
    echo "$where: signature added: $tag"
  done
}

unbundle_signatures() { # FROM TO DIGEST
  local tag from has
  for tag in $(signature_tags "$3"); do
    from=$(repository_of "$1"):$tag
    has=$(bundled "$from")
    test -n "$has" || continue
    load "$from" "$has" "$(repository_of "$2"):$tag"
    echo "$where: signature copied: $tag"
  done
}

# Compares the signatures that were copied with what the registry has.
verify_signatures() { # FROM TO DIGEST
  local tag want
  for tag in $(signature_tags "$3"); do
    want=$(remembered "$(repository_of "$1"):$tag")
    test -n "$want" || continue
    digest "$(repository_of "$2"):$tag"
    test "$digest" = "$want" || { echo "$where: SIGNATURE MISSING: $(repository_of "$2"):$tag"; echo "$tag" >> "$scratch/wrong"; }
  done
}
