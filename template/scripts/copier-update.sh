#!/usr/bin/env bash
# Updates this environment with other answers. The tree must be clean, because copier update merges into it.
#
#   copier-update.sh check         can the update run? Nothing is written before it can
#   copier-update.sh update FILE   run it with the answers in FILE
#
# Environment: COPIER
set -euo pipefail

die() {
  echo "error: $1" >&2
  exit 2
}

case ${1:-} in
  check)
    command -v "$COPIER" > /dev/null || die "$COPIER is not on PATH: install it with pipx install copier, or set COPIER"
    changes=$(git status --porcelain 2> /dev/null) || die "this folder is in no git repository: commit it first, copier update needs one"
    test -z "$changes" || die "commit your changes first: copier update needs a clean git tree"
    ;;
  update) "$COPIER" update --defaults --skip-answered --vcs-ref=:current: --data-file "$2" ;;
  *) die "usage: copier-update.sh check | update FILE" ;;
esac
