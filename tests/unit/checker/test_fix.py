"""Which of the changes that fixes name are made."""

from __future__ import annotations

from kserve_wiring import Options
from kserve_wiring.checker.fix import fix
from kserve_wiring.manifests.load import load_text

# The name of the runtime is one letter off. The label is one letter off, too, but the right one is there already.
TEXT = """\
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {name: sklearn-server, namespace: models}
spec:
  supportedModelFormats: [{name: sklearn, version: "1"}]
  containers: [{name: kserve-container, image: "corp/sklearn:1"}]
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: iris
  namespace: models
  annotations:
    serving.kserve.io/autoscalerClas: none # not read
    serving.kserve.io/autoscalerClass: none
spec:
  predictor:
    model:
      runtime: sklearn-servr # the runtime of the team
      modelFormat: {name: sklearn}
      storageUri: s3://models/iris
"""


def test_what_helps_is_changed_and_nothing_else() -> None:
    fixed = fix(load_text(TEXT, "m.yaml"), Options())
    assert [(one.code, one.path) for one in fixed.findings] == [("KW519", "spec.predictor.model.runtime")]
    before, after = fixed.texts["m.yaml"][7]
    assert list(fixed.texts["m.yaml"]) == [7]
    assert before in TEXT
    assert after == before.replace("sklearn-servr #", "sklearn-server #")
    again = fix(load_text(TEXT.replace(before, after), "m.yaml"), Options())
    assert again.findings == []
    assert again.texts == {}
