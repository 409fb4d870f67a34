"""The names of the releases in Knative mode, in the order of installation, and of their charts."""

from __future__ import annotations

import yaml

from tools import stacks

_OF_STANDARD_MODE = ("gateway-api-crds", "kserve-llmisvc-crd", "kserve-llmisvc-resources", "kserve-llm-presets")
_FOUND = yaml.safe_load((stacks.STACKS / "common" / "releases.yaml").read_text(encoding="utf-8"))
_RELEASES = [release for release in _FOUND if release["name"] not in _OF_STANDARD_MODE]
ALL_RELEASES = [release["name"] for release in _RELEASES]
# Those that cannot be rendered where there is no upstream chart.
UPSTREAM_CHARTS = {release["chart"]["name"] for release in _RELEASES if "repository" in release["chart"]}
UPSTREAM_RELEASES = [release["name"] for release in _RELEASES if "repository" in release["chart"]]
