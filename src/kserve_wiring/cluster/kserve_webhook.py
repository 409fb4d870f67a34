# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What KServe's webhook refuses in an InferenceService although its schema allows it.

kserve pkg/apis/serving/v1beta1/inference_service_validation.go, component.go and predictor_*.go. tests/upstream
compares the answers with upstream's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from kserve_wiring.cluster.pods import CONTAINER_LISTS, ISVC_COMPONENTS
from kserve_wiring.cluster.refusals import Refusal, integer
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, dig, mappings_of

FRAMEWORKS = (
    *("xgboost", "pytorch", "triton", "sklearn", "tensorflow", "onnx", "pmml", "lightgbm", "paddle", "huggingface"),
    "model",
)
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_CONTAINER, _TRANSFORMER = "kserve-container", "transformer-container"
_STANDARD = ("Standard", "RawDeployment")
_MODE, _AUTOSCALER = "serving.kserve.io/deploymentMode", "serving.kserve.io/autoscalerClass"
_CLASS, _HPA = "autoscaling.knative.dev/class", "hpa.autoscaling.knative.dev"
_PARALLEL_VARIABLES = {"PIPELINE_PARALLEL_SIZE": "pipelineParallelSize", "TENSOR_PARALLEL_SIZE": "tensorParallelSize"}
"""Before v0.16 the second, since then the first."""
_OTHER_MAPPINGS = (
    *("affinity", "annotations", "autoScaling", "batcher", "deploymentStrategy", "dnsConfig", "labels", "logger"),
    *("nodeSelector", "os", "overhead", "securityContext", "workerSpec"),
)
"""The mappings of a component that are no model."""
_ONE_MODEL = "a component has one model or one own container"


def refused_by_kserve(obj: KubeObject) -> Iterator[Refusal]:
    """The fields of an InferenceService that the webhook answers with an error."""
    if not _NAME.fullmatch(obj.name):
        reason = (
            "the name of an InferenceService begins with a letter, and has only lower case letters, digits, hyphens"
        )
        yield Refusal(("metadata", "name"), reason, "rename it")
    for component in ISVC_COMPONENTS:
        spec = obj.get("spec", component)
        if isinstance(spec, MAPPING):
            path: KeyPath = ("spec", component)
            yield from _implementations(path, spec)
            yield from _variables(path, spec)
            yield from _sources(path, spec)
            yield from _scaling(obj, path, spec)
            if component == "predictor":
                yield from _predictor(path, spec)
    yield from _multi_node(obj)
    yield from _canaries(obj)


def _implementations(path: KeyPath, spec: Mapping[str, Any]) -> Iterator[Refusal]:
    """validateExactlyOneImplementation; a predictor with other containers only has its model besides them."""
    given = [name for name in (*FRAMEWORKS, "art") if isinstance(spec.get(name), MAPPING)]
    containers = [str(item.get("name")) for _, item in mappings_of(spec.get("containers"))]
    own = containers.count(_CONTAINER) if path[1] == "predictor" else 1 if containers else 0
    if not given and containers and not own:
        own = 1
    if len(given) + own == 1:
        return
    if not given and not own:
        others = [key for key, value in spec.items() if isinstance(value, MAPPING) and key not in _OTHER_MAPPINGS]
        if not others:  # an unknown field is what the schema reports
            yield Refusal(path, f"{_ONE_MODEL}, and this has none", f"add {_example(path)}")
        return
    extra = given[-1] if len(given) > 1 or not own else "containers"
    both = " and ".join([*given, *["containers"] * bool(own)])
    yield Refusal((*path, extra), f"{_ONE_MODEL}, and this has {both}", f"remove {'.'.join(map(str, path))}.{extra}")


def _example(path: KeyPath) -> str:
    return "spec.predictor.model" if path[1] == "predictor" else f"{'.'.join(map(str, path))}.containers"


def _variables(path: KeyPath, spec: Mapping[str, Any]) -> Iterator[Refusal]:
    """validateBlockedEnvVars."""
    places = [
        ((*path, name, index), item) for name in CONTAINER_LISTS[:2] for index, item in mappings_of(spec.get(name))
    ]
    places += [((*path, name), spec[name]) for name in FRAMEWORKS if isinstance(spec.get(name), MAPPING)]
    for where, container in places:
        for index, variable in mappings_of(container.get("env")):
            if variable.get("name") == "PYTHONPATH":
                reason = "KServe lets no container replace PYTHONPATH"
                yield Refusal((*where, "env", index, "name"), reason, "set the path in the image")


def _sources(path: KeyPath, spec: Mapping[str, Any]) -> Iterator[Refusal]:
    """validateMultipleStorageURIs."""
    uris = list(mappings_of(spec.get("storageUris")))
    if not uris:
        return
    single = _single_source(path, spec)
    if single:
        reason = "a component has either storageUri or storageUris"
        yield Refusal(single, reason, f"move the address to {'.'.join(map(str, path))}.storageUris")
    downloads: list[PurePosixPath] = []
    for index, item in uris:
        mount = item.get("mountPath", "/mnt/models")
        if not isinstance(mount, str) or mount == "/" or not mount.startswith("/") or ".." in mount:
            reason = "the path is absolute, not the root and without .."
            yield Refusal((*path, "storageUris", index, "mountPath"), reason, "write a path such as /mnt/models/base")
        elif not str(item.get("uri")).startswith("pvc://"):
            downloads.append(PurePosixPath(mount.strip("/")))
    if len({mount.parts[:1] for mount in downloads}) > 1:
        reason = "the paths of several downloads share a parent folder, because one volume holds them"
        yield Refusal((*path, "storageUris"), reason, "put each path below /mnt/models")


def _single_source(path: KeyPath, spec: Mapping[str, Any]) -> KeyPath:
    for name in FRAMEWORKS:
        if dig(spec, name, "storageUri") is not None:
            return (*path, name, "storageUri")
    return ()


def _predictor(path: KeyPath, spec: Mapping[str, Any]) -> Iterator[Refusal]:
    """validatePredictor, validateCollocationStorageURI and the validation of single frameworks."""
    for name in FRAMEWORKS:
        if dig(spec, name, "name"):
            reason = "KServe names the container of a model itself"
            yield Refusal((*path, name, "name"), reason, "remove it; the name of the model is that of the object")
    for number, container in mappings_of(spec.get("containers")):
        for index, variable in mappings_of(container.get("env")):
            where: KeyPath = (*path, "containers", number, "env", index)
            if variable.get("name") == "STORAGE_URI" and container.get("name") == _TRANSFORMER:
                reason = "only the container of the model has a model to download"
                yield Refusal((*where, "name"), reason, f"move the variable to the container {_CONTAINER}")
            elif variable.get("name") == "PROTOCOL" and number == 0 and variable.get("value") not in ("v1", "v2"):
                yield Refusal((*where, "value"), "the protocol of a container is v1 or v2", "write v1 or v2")
    uri = dig(spec, "onnx", "storageUri")
    if isinstance(uri, str) and PurePosixPath(uri).suffix not in ("", ".onnx"):
        yield Refusal((*path, "onnx", "storageUri"), "the file of a model for onnx ends with .onnx", "name that file")


def _scaling(obj: KubeObject, path: KeyPath, spec: Mapping[str, Any]) -> Iterator[Refusal]:
    """ComponentExtensionSpec.Validate and validateAutoScalingCompExtension."""
    for key in ("containerConcurrency", "minReplicas", "maxReplicas"):
        number = integer(obj, *path, key)
        if number is not None and number < 0:
            yield Refusal((*path, key), "it is not negative", "write 0 or more")
    kept = dig(spec, "logger", "storage")
    if isinstance(kept, MAPPING) and not all(kept.get(key) for key in ("path", "parameters", "key")):
        reason = "a logger that stores its records needs path, parameters and key"
        yield Refusal((*path, "logger", "storage"), reason, "set the three")
    standard, autoscaler = obj.annotations.get(_MODE) in _STANDARD, obj.annotations.get(_AUTOSCALER)
    if standard and autoscaler == "keda":
        yield from _keda(path, spec)
    elif (standard and autoscaler == "hpa") or (not standard and obj.annotations.get(_CLASS) == _HPA):
        yield from _hpa(obj, path, spec)
    elif not standard and obj.annotations.get(_MODE) != "ModelMesh":
        yield from _kpa(obj, path, spec)


def _kpa(obj: KubeObject, path: KeyPath, spec: Mapping[str, Any]) -> Iterator[Refusal]:
    if spec.get("deploymentStrategy") is not None:
        reason = "only mode Standard has a strategy of Deployments"
        yield Refusal((*path, "deploymentStrategy"), reason, f"remove it, or set the annotation {_MODE} to Standard")
    metric = spec.get("scaleMetric", "concurrency")
    if metric not in ("concurrency", "rps"):
        reason = "Knative's autoscaler scales by concurrency or rps, and only mode Standard by cpu or memory"
        yield Refusal((*path, "scaleMetric"), reason, "write concurrency or rps")
    target = integer(obj, *path, "scaleTarget")
    if metric == "rps" and target is not None and target < 1:
        yield Refusal((*path, "scaleTarget"), "a target for rps is at least 1", "write 1 or more")


def _hpa(obj: KubeObject, path: KeyPath, spec: Mapping[str, Any]) -> Iterator[Refusal]:
    metric = spec.get("scaleMetric", "cpu")
    if metric not in ("cpu", "memory"):
        reason = "a HorizontalPodAutoscaler scales by cpu or memory, and only Knative's by concurrency or rps"
        yield Refusal((*path, "scaleMetric"), reason, "write cpu or memory")
    target = integer(obj, *path, "scaleTarget")
    if target is not None and (target > 100 or (target < 1 and metric in ("cpu", "memory"))):
        yield Refusal((*path, "scaleTarget"), "the target is a percentage from 1 to 100", "write 1 to 100")
    for index, item in mappings_of(dig(spec, "autoScaling", "metrics")):
        where: KeyPath = (*path, "autoScaling", "metrics", index)
        if item.get("type") != "Resource":
            reason = "a HorizontalPodAutoscaler of KServe reads only metrics of type Resource"
            yield Refusal((*where, "type"), reason, f"set the annotation {_AUTOSCALER} to keda")
        elif item.get("resource") is None:
            yield Refusal((*where, "resource"), "a metric of type Resource has it", "name cpu or memory and a target")


def _keda(path: KeyPath, spec: Mapping[str, Any]) -> Iterator[Refusal]:
    if spec.get("scaleMetric") is not None:
        reason = "with KEDA the metrics are in autoScaling.metrics"
        yield Refusal((*path, "scaleMetric"), reason, "remove it, and describe the metric in autoScaling.metrics")
    for index, item in mappings_of(dig(spec, "autoScaling", "metrics")):
        where: KeyPath = (*path, "autoScaling", "metrics", index)
        key = {"Resource": "resource", "External": "external", "PodMetric": "podmetric"}.get(str(item.get("type")), "")
        source = item.get(key)
        if not isinstance(source, MAPPING):
            yield Refusal((*where, key), f"a metric of type {item.get('type')} has it", f"describe the metric in {key}")
        elif key == "resource":
            yield from _resource(where, source)
        elif not dig(source, "metric", "query"):
            yield Refusal((*where, key, "metric", "query"), "a metric needs a query", "write the query")
        elif dig(source, "target", "value") is None:
            yield Refusal((*where, key, "target", "value"), "KEDA compares the metric with it", "write the threshold")
        else:
            yield from _target((*where, key, "target"), source.get("target"))


def _resource(where: KeyPath, source: Mapping[str, Any]) -> Iterator[Refusal]:
    kinds = {"cpu": ("Utilization",), "memory": ("AverageValue", "Utilization")}.get(str(source.get("name")), ())
    type_ = dig(source, "target", "type")
    if kinds and type_ not in kinds:
        reason = f"the target for {source.get('name')} has another type"
        yield Refusal((*where, "resource", "target", "type"), reason, f"write {' or '.join(kinds)}")
    elif kinds:
        yield from _target((*where, "resource", "target"), source.get("target"))


def _target(path: KeyPath, target: Any) -> Iterator[Refusal]:
    """validateScaleTarget: the value that the type names is there."""
    key = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}
    wanted = key.get(str(dig(target, "type")), "")
    number = dig(target, wanted) if wanted else 1
    if number is None:
        yield Refusal((*path, wanted), f"a target of type {dig(target, 'type')} has it", f"set {wanted}")
    elif wanted == "averageUtilization" and isinstance(number, int) and not 1 <= number <= 100:
        yield Refusal((*path, wanted), "it is a percentage from 1 to 100", "write 1 to 100")


def _multi_node(obj: KubeObject) -> Iterator[Refusal]:
    """validateMultiNodeVariables."""
    path: KeyPath = ("spec", "predictor")
    worker, model = obj.get(*path, "workerSpec"), obj.get(*path, "model")
    if not isinstance(worker, MAPPING):
        return
    if len(obj.items(*path, "workerSpec", "containers")) > 1:
        yield Refusal((*path, "workerSpec", "containers"), "a worker has one container", "leave one container")
    for key in _PARALLEL_VARIABLES.values():
        number = integer(obj, *path, "workerSpec", key)
        if number is not None and number < 1:
            yield Refusal((*path, "workerSpec", key), "it is at least 1", "write 1 or more")
    if isinstance(model, MAPPING):
        yield from _model_of_several_nodes(obj, (*path, "model"), model)


def _model_of_several_nodes(obj: KubeObject, path: KeyPath, model: Mapping[str, Any]) -> Iterator[Refusal]:
    for index, variable in mappings_of(model.get("env")):
        field = _PARALLEL_VARIABLES.get(str(variable.get("name")))
        if field:
            reason = "with workerSpec KServe sets this variable itself"
            yield Refusal((*path, "env", index, "name"), reason, f"set spec.predictor.workerSpec.{field} instead")
    uri = model.get("storageUri")
    if uri is None or (isinstance(uri, str) and uri.split("://")[0] not in ("pvc", "oci")):
        reason = "all nodes of a model mount the same volume or image"
        yield Refusal((*path, "storageUri"), reason, "name a volume with pvc://, or an image with oci://")
    if obj.annotations.get(_AUTOSCALER) != "none":
        reason = "KServe does not scale a model with workerSpec"
        yield Refusal(("metadata", "annotations", _AUTOSCALER), reason, f"set the annotation {_AUTOSCALER} to none")


def _canaries(obj: KubeObject) -> Iterator[Refusal]:
    """validateCanarySpecs."""
    canaries = list(mappings_of(obj.get("spec", "canary")))
    if not canaries:
        return
    if obj.annotations.get(_MODE) != "Standard":
        reason = "only mode Standard has canaries; Knative splits traffic by canaryTrafficPercent of the predictor"
        yield Refusal(("spec", "canary"), reason, f"set the annotation {_MODE} to Standard")
    shares = [item.get("trafficPercent", 0) for _, item in canaries]
    if all(isinstance(share, int) for share in shares) and sum(shares) > 100:
        reason = f"together the canaries have {sum(shares)} percent"
        yield Refusal(("spec", "canary"), reason, "lower a trafficPercent, to at most 100 together")
    names = Counter([str(obj.get("spec", "predictor", "name") or "")])
    for index, item in canaries:
        yield from _canary(obj, ("spec", "canary", index), item, names)


def _canary(obj: KubeObject, path: KeyPath, item: Mapping[str, Any], names: Counter[str]) -> Iterator[Refusal]:
    share, name = item.get("trafficPercent", 0), str(dig(item, "predictor", "name") or "")
    if isinstance(share, int) and not 0 <= share <= 100:
        yield Refusal((*path, "trafficPercent"), "it is a percentage from 0 to 100", "write 0 to 100")
    if not name or names[name]:
        reason = "each canary has a name, and no other predictor has the same"
        yield Refusal((*path, "predictor", "name"), reason, "give the predictor a name of its own")
    names[name] += 1
    for key in ("maxReplicas", "scaleTarget", "scaleMetric", "autoScaling", "workerSpec"):
        if dig(item, "predictor", key):
            yield Refusal((*path, "predictor", key), "a canary has fixed replicas on one node", "remove it")
    least, stable = dig(item, "predictor", "minReplicas"), obj.get("spec", "predictor", "minReplicas")
    stable = 1 if stable is None else stable
    if isinstance(least, int) and isinstance(stable, int) and least > stable:
        reason = f"the predictor has {stable}, and a canary takes its replicas from these"
        yield Refusal((*path, "predictor", "minReplicas"), reason, f"write at most {stable}")
