"""A KnativeServing with keys of config-deployment, for tests that need some finding."""

from __future__ import annotations

_HEAD = """\
apiVersion: operator.knative.dev/v1beta1
kind: KnativeServing
metadata:
  name: knative-serving
  namespace: knative-serving
spec:
  config:
    deployment:
"""
BAD_TIMEOUT = 'digest-resolution-timeout: "30"'
"""KW103, an error."""
WITHOUT_DEFAULTS = "registries-skipping-tag-resolving: nvcr.io"
"""KW104, a warning."""


def serving(*settings: str) -> str:
    """The manifest as text. settings: lines of YAML, from line 9 on."""
    return _HEAD + "".join(f"      {setting}\n" for setting in settings)
