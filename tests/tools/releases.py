"""The names of the releases, in the order of installation."""

from __future__ import annotations

import yaml

from tools import stacks

_RELEASES = yaml.safe_load((stacks.STACKS / "common" / "releases.yaml").read_text(encoding="utf-8"))
ALL_RELEASES = [release["name"] for release in _RELEASES]
# Those that cannot be rendered where there is no upstream chart.
UPSTREAM_RELEASES = [release["name"] for release in _RELEASES if "repository" in release["chart"]]
