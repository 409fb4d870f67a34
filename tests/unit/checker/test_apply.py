"""The checker takes twice as long for twice as many objects, however they are spread over namespaces."""

from __future__ import annotations

import cProfile
import pstats

import pytest

from kserve_wiring.checker.inspect import inspect
from kserve_wiring.manifests.load import load_text

FEW = 40
MOST = 2.3  # rounds, because some work grows with the logarithm

GROUP = """\
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {{name: model-{n}, namespace: {space}}}
spec:
  predictor:
    serviceAccountName: account-{n}
    model:
      modelFormat: {{name: format-{n}}}
      storageUri: s3://models/{n}
---
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {{name: runtime-{n}, namespace: {space}}}
spec:
  supportedModelFormats: [{{name: format-{n}, version: "1", autoSelect: true}}]
  containers: [{{name: kserve-container, image: harbor.corp.local/runtimes/one:v{n}}}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: account-{n}, namespace: {space}}}
secrets: [{{name: keys-{n}}}]
imagePullSecrets: [{{name: harbor}}]
---
apiVersion: v1
kind: Secret
metadata:
  name: keys-{n}
  namespace: {space}
  annotations: {{serving.kserve.io/s3-endpoint: "minio.corp.local:9000"}}
stringData: {{AWS_SECRET_ACCESS_KEY: a, AWS_ACCESS_KEY_ID: b}}
---
apiVersion: v1
kind: LimitRange
metadata: {{name: limits-{n}, namespace: limited-{n}}}
spec: {{limits: [{{type: Container, default: {{cpu: "1"}}}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app-{n}, namespace: {space}}}
spec:
  selector: {{matchLabels: {{app: app-{n}}}}}
  template:
    metadata: {{labels: {{app: app-{n}}}}}
    spec:
      imagePullSecrets: [{{name: harbor}}]
      containers:
        - name: app
          image: harbor.corp.local/apps/{n}:v1
          envFrom: [{{secretRef: {{name: keys-{n}}}}}, {{configMapRef: {{name: lost-{n}}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: app-{n}, namespace: {space}}}
spec: {{selector: {{app: app-{n}}}, ports: [{{name: http, port: 80}}]}}
"""


def calls(groups: int, space: str) -> int:
    """The number of calls of a check, which no load on the machine changes."""
    text = "".join(GROUP.format(n=number, space=space.format(n=number)) for number in range(groups))
    loaded = load_text(text, "all.yaml")
    profile = cProfile.Profile()
    profile.enable()
    inspect(loaded)
    profile.disable()
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.parametrize("space", ["models", "team-{n}"])
def test_twice_as_many_objects_take_twice_as_many_calls(space: str) -> None:
    calls(2, space)  # imports the rules, and reads the schemas
    few, many = calls(FEW, space), calls(2 * FEW, space)
    assert many / few < MOST, f"{few} calls for {FEW} groups of objects, {many} for twice as many"
