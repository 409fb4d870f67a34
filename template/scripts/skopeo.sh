# shellcheck shell=bash disable=SC2154 # mirror.sh sets the variables
# The calls of skopeo, and of oras, for one image. Sourced by images/mirror.sh, which sets $scratch, $RETRIES and how to reach the registries.
#
# Each image runs in a subshell: `fail` ends only that image, `die` ends the run.

# Ends the image; each_image records the cause. With a host, the cause concerns every image of that host.
fail() { # CAUSE [HOST]
  echo "$1" > "$scratch/cause"
  echo "${2:-}" > "$scratch/host"
  exit 3
}

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

is_private() { # HOST
  case " $REGISTRY " in *" $1 "*) ;; *) return 1 ;; esac
}

require_skopeo() {
  command -v "$SKOPEO" > /dev/null || die "$SKOPEO is not on PATH: install skopeo, or set SKOPEO"
}

# Calls ------------------------------------------------------------------------------------------

# The TLS flags for the private registry; nothing for other registries. `skopeo copy` requires the prefix src- or dest-.
flags() { # REFERENCE PREFIX
  is_private "$(host_of "$1")" || return 0
  test -z "$CERTS" || echo "--$2cert-dir=$CERTS"
  test "$PLAIN_HTTP" != true || echo "--$2tls-verify=false"
}

# Runs skopeo with its output in $scratch/out and its error in $message.
attempt() { # LIMIT ARGUMENT...
  local limit=$1
  shift
  repeated "$SKOPEO" --debug --command-timeout "$limit" "$@"
}

# Runs a program with its output in $scratch/out and its error in $message. After a fault that may pass, it waits and tries again.
repeated() { # COMMAND...
  local left=$RETRIES pause=2
  until message=$(echo "${BASHPID:-}" > "$scratch/pid"; exec "$@" 2>&1 > "$scratch/out"); do
    message=$(without_debug "$message")
    may_pass "$message" && test "$left" -gt 0 || return 1
    clear_line
    echo "$where: trying again in $pause s: $(tail -n 1 <<< "$message" | cut -c 1-200)"
    sleep "$pause"
    left=$((left - 1)) pause=$((pause * 2))
  done
}

# Ends the image with an explanation of $message, or the run if nothing else could succeed.
give_up() { # REFERENCE
  local host cause
  host=$(host_of "$1")
  cause=$(explain_registry_error "$host" "$1" "$message")
  case $message in *"no space left on device"*) die "$cause" ;; esac
  concerns_host "$message" || { is_private "$host" && rejects_login "$message"; } || fail "$cause"
  fail "$cause" "$host"
}

# Fails if an earlier image has shown that its host cannot be used.
usable() { # REFERENCE
  local cause
  test -f "$scratch/unusable" || return 0
  cause=$(awk -v host="$(host_of "$1")" '$1 == host {sub("^[^ ]* ", ""); print; exit}' "$scratch/unusable")
  test -z "$cause" || fail "$cause"
}

# Writes the manifest to $scratch/manifest and sets $digest; both are empty if the image does not exist.
digest() { # REFERENCE
  usable "$1"
  digest=
  # shellcheck disable=SC2046
  if attempt "$REGISTRY_TIMEOUT" inspect --raw $(flags "$1" "") "docker://$1"; then
    mv "$scratch/out" "$scratch/manifest"
    is_manifest "$scratch/manifest" || fail "$(explain_no_manifest "$(host_of "$1")" "$1")" "$(host_of "$1")"
    digest=$("$SKOPEO" manifest-digest "$scratch/manifest")
    return
  fi
  : > "$scratch/manifest"
  case $message in *"manifest unknown"* | *"name unknown"* | *"StatusCode: 404"*) return ;; esac
  give_up "$1"
}

# Prints the configuration of an image that is no index; nothing if it cannot be read.
configuration() { # REFERENCE
  # shellcheck disable=SC2046
  "$SKOPEO" --command-timeout "$REGISTRY_TIMEOUT" inspect --no-tags $(flags "$1" "") "docker://$1" 2> /dev/null
}

# Sets $digest to the digest of the source, which must exist. A tag is looked up once.
wanted() { # FROM
  case $1 in *@*) digest=${1#*@}; return ;; esac
  digest=$(awk -v from="$1" '$1 == from {print $2}' "$scratch/sources" 2> /dev/null)
  test -z "$digest" || return 0
  digest "$1"
  test -n "$digest" || fail "$1 does not exist"
  echo "$1 $digest" >> "$scratch/sources"
}

# Copies all manifests of an index, or what $lists says.
transfer() { # FROM TO REFERENCE-FOR-MESSAGES FLAG...
  local from=$1 to=$2 named=$3
  shift 3
  usable "${from#docker://}"
  with_progress attempt "$COPY_TIMEOUT" copy --quiet "${lists:---all}" --preserve-digests "$@" "$from" "$to" && return
  case $message in
    *"initializing source"* | *"reading manifest"* | *"determining manifest"* | *"reading blob"*) named=${from#docker://} ;;
    *"until the time ran out"*) ;;
    *"list must be converted"*)
      test -z "${lists:-}" || fail "$(host_of "$named") refuses an index without its other platforms: leave out PLATFORMS" "$(host_of "$named")" ;;
    *"deadline exceeded"*) fail "the copy to $named takes longer than $COPY_TIMEOUT: set COPY_TIMEOUT to more" ;;
  esac
  give_up "$named"
}
