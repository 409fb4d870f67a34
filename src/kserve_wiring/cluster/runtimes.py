# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The runtime that KServe chooses for a predictor.

kserve pkg/controller/v1beta1/inferenceservice/components/predictor.go and pkg/apis/serving/v1beta1/predictor_model.go.
"""

from __future__ import annotations

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.manifests.objects import MAPPING, KubeObject

# Fields of a predictor that KServe rewrites to `model`, with the name of the format.
FRAMEWORKS = (
    "sklearn",
    "xgboost",
    "tensorflow",
    "pytorch",
    "triton",
    "onnx",
    "huggingface",
    "pmml",
    "lightgbm",
    "paddle",
)
_FIELDS = ("model", *FRAMEWORKS)
RUNTIMES = ("ServingRuntime", "ClusterServingRuntime")


def predictor_model(pod: PodUse) -> str:
    """The field of a predictor that names a model: ``model`` or a framework; "" for containers of its own."""
    return next((name for name in _FIELDS if name in pod.spec and isinstance(pod.spec[name], MAPPING)), "")


def runtimes_named(cluster: Cluster, namespace: str, name: str) -> list[KubeObject]:
    """The runtime of a name: one of the namespace wins over one of the cluster."""
    own = cluster.find("ServingRuntime", namespace, name)
    return own or cluster.named("ClusterServingRuntime", name)


def runtime_of(cluster: Cluster, obj: KubeObject) -> KubeObject | None:
    """The runtime of an InferenceService's predictor; None if it is unknown or several may be chosen."""
    predictor = obj.mapping("spec", "predictor")
    named = obj.get("spec", "predictor", "model", "runtime")
    if isinstance(named, str) and named:
        found = runtimes_named(cluster, obj.namespace, named)
    else:
        formats = [name for name in FRAMEWORKS if name in predictor and isinstance(predictor[name], MAPPING)]
        wanted = obj.get("spec", "predictor", "model", "modelFormat", "name") or (formats[0] if formats else "")
        found = [
            runtime
            for namespace in sorted({"", obj.namespace})
            for runtime in cluster.runtimes_of_format.get((namespace, str(wanted)), ())
        ]
    return found[0] if len(found) == 1 else None
