#!/usr/bin/env bash
# Reads the registry and the cluster before the first write. Prints a line for each problem, and exits with 2 if there is one.
#
#   preflight.sh WORD...
#
# The words follow `kserve-wiring preflight .`. Environment: KUBECTL, and that of reach-registry.sh (without REGISTRY, it is
# not asked).
set -uo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
status=0
test -z "${REGISTRY:-}" || bash "$here/reach-registry.sh" || status=2
if command -v kserve-wiring > /dev/null; then
  kserve-wiring preflight . --kubectl "$KUBECTL" "$@" || status=2
else
  echo "note: kserve-wiring is not installed, so the cluster is not compared with this environment"
fi
exit $status
