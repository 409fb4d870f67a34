#!/usr/bin/env bash
# Prints the manifests that the chart extra/ applies, one a line; nothing if there are none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
test ! -d extra || find -L extra -name '.?*' -prune -o -path extra/templates -prune -o -path extra/Chart.yaml -prune -o \
  -type f \( -name '*.yaml' -o -name '*.yml' -o -name '*.json' \) -print | sort
