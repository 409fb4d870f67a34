# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KServe's ConfigMap ``inferenceservice-config``, as its controller parses it.

kserve v0.20.0: pkg/apis/serving/v1beta1/configmap.go and the files named at each schema below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from kserve_wiring.cluster.final import is_template
from kserve_wiring.grammar import go_json as config_map_json
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting

NAME = "inferenceservice-config"

_RESOURCES = {"cpuRequest": "string", "cpuLimit": "string", "memoryRequest": "string", "memoryLimit": "string"}
_S3 = [
    "s3AccessKeyIDName",
    "s3SecretAccessKeyName",
    "s3Endpoint",
    "s3UseHttps",
    "s3Region",
    "s3VerifySSL",
    "s3UseVirtualBucket",
    "s3UseAccelerate",
    "s3UseAnonymousCredential",
    "s3CABundleConfigMap",
    "s3CABundle",
]

# Field -> type, by data key. "strings" is a list of strings, "integer" a number without fraction or exponent.
SCHEMAS: dict[str, dict[str, Any]] = {
    "explainers": {"art": {"image": "string", "defaultImageVersion": "string"}},
    "inferenceService": {
        "serviceAnnotationDisallowedList": "strings",
        "serviceLabelDisallowedList": "strings",
        "resource": _RESOURCES,
    },
    "ingress": {
        "ingressGateway": "string",
        "ingressService": "string",
        "localGateway": "string",
        "localGatewayService": "string",
        "knativeLocalGatewayService": "string",
        "enableGatewayApi": "boolean",
        "kserveIngressGateway": "string",
        "ingressDomain": "string",
        "ingressClassName": "string",
        "additionalIngressDomains": "strings",
        "domainTemplate": "string",
        "pathTemplate": "string",
        "urlScheme": "string",
        "disableIstioVirtualHost": "boolean",
        "disableIngressCreation": "boolean",
        "disableHTTPRouteTimeout": "boolean",
        "enableLLMInferenceServiceTLS": "boolean",
        "modelBasedRoutingHeaderName": "string",
        "modelBasedRoutingMode": "string",
    },
    "deploy": {
        "defaultDeploymentMode": "string",
        "deploymentRolloutStrategy": {"defaultRollout": {"maxSurge": "string", "maxUnavailable": "string"}},
    },
    "localModel": {
        "enabled": "boolean",
        "jobNamespace": "string",
        "defaultJobImage": "string",
        "fsGroup": "integer",
        "jobTTLSecondsAfterFinished": "integer",
        "reconcilationFrequencyInSecs": "integer",
        "disableVolumeManagement": "boolean",
    },
    "security": {"autoMountServiceAccountToken": "boolean"},
    "service": {"serviceClusterIPNone": "boolean"},
    "multiNode": {"customGPUResourceTypeList": "strings"},
    "opentelemetryCollector": {
        "scrapeInterval": "string",
        "metricReceiverEndpoint": "string",
        "metricScalerEndpoint": "string",
        "resource": _RESOURCES,
    },
    "autoscaler": {"scaleUpStabilizationWindowSeconds": "string", "scaleDownStabilizationWindowSeconds": "string"},
    # pkg/types/config.go; enableDirectPvcVolumeMount is of v0.13-v0.15
    "storageInitializer": {
        **_RESOURCES,
        "image": "string",
        "cpuModelcar": "string",
        "memoryModelcar": "string",
        "caBundleConfigMapName": "string",
        "caBundleVolumeMountPath": "string",
        "enableModelcar": "boolean",
        "uidModelcar": "integer",
        "enableOciModelSupport": "boolean",
        "ociModelMode": "string",
        "enableDirectPvcVolumeMount": "boolean",
    },
    # pkg/webhook/admission/pod/{agent,batcher,metrics_aggregate}_injector.go
    "agent": {"image": "string", **_RESOURCES},
    "logger": {
        "image": "string",
        **_RESOURCES,
        "defaultUrl": "string",
        "caBundle": "string",
        "caCertFile": "string",
        "tlsSkipVerify": "boolean",
        "storage": "any",
        "marshallerUrl": "string",
        "batchSize": "integer",
        "batchInterval": "string",
    },
    "batcher": {"image": "string", **_RESOURCES, "maxBatchSize": "string", "maxLatency": "string"},
    "metricsAggregator": {"enableMetricAggregation": "string", "enablePrometheusScraping": "string"},
    # pkg/controller/v1alpha1/inferencegraph/controller.go
    "router": {
        "image": "string",
        **_RESOURCES,
        "headers": "any",
        "imagePullPolicy": "string",
        "imagePullSecrets": "strings",
    },
    # pkg/credentials
    "credentials": {
        "storageSpecSecretName": "string",
        "storageSecretNameAnnotation": "string",
        "gcs": {"gcsCredentialFileName": "string"},
        "s3": dict.fromkeys(_S3, "string"),
    },
}

# Blocks whose four quantities KServe requires. It parses them for every pod (mutator.go).
QUANTITY_BLOCKS = ("storageInitializer", "agent", "logger", "batcher", "router")


@dataclass(slots=True)
class IsvcConfig:
    """The parsed ConfigMap. values: by data key, those that parse. errors: message by data key, for the others.

    places: where a field is written, if not in the ConfigMap. namespace: of the ConfigMap.
    """

    obj: KubeObject
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    places: dict[KeyPath, Setting] = field(default_factory=dict)
    namespace: str = ""

    @property
    def is_read(self) -> bool:
        """True for the ConfigMap itself; False if a chart renders it from values that an object passes."""
        return self.obj.kind == "ConfigMap"

    def setting(self, *path: str) -> Setting | None:
        """A field such as ``("ingress", "localGateway")``; None if it is absent, null or an empty string."""
        value: Any = self.values
        for step in path:
            value = config_map_json.field(value, step)
        if value is None or value == "":
            return None
        return self.place(*path, value)

    def place(self, *path: Any) -> Setting:
        """Where a field is set or would be set; the last argument is the value to show."""
        *steps, value = path
        written = self.places.get(tuple(steps))
        return Setting(value, written.obj, written.path) if written else Setting(value, self.obj, ("data", *steps))

    def text(self, *path: str) -> str:
        """A string field; "" if it is absent or not a string."""
        setting = self.setting(*path)
        return setting.value if setting is not None and isinstance(setting.value, str) else ""

    def is_true(self, *path: str) -> bool:
        """True if a boolean field is set."""
        setting = self.setting(*path)
        return setting is not None and setting.value is True


def parse_isvc_config(obj: KubeObject) -> IsvcConfig:
    """Parse the keys that KServe reads. It ignores all others; a template has its values later."""
    config = IsvcConfig(obj, namespace=obj.namespace)
    for key, text in obj.mapping("data").items():
        if key not in SCHEMAS or (isinstance(text, str) and is_template(text)):
            continue
        try:
            value = config_map_json.parse_json(text) if isinstance(text, str) else None
        except ValueError as error:
            config.errors[key] = str(error)
            continue
        if isinstance(value, Mapping):
            config.values[key] = value
        else:
            config.errors[key] = "it is not a JSON object"
    return config


def type_problems(value: Any, schema: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, Any, str]]:
    """Path, value and expected type of the fields that encoding/json cannot decode into KServe's struct."""
    for name, wanted in schema.items():
        item = config_map_json.field(value, name)
        if item is None:
            continue
        if isinstance(wanted, Mapping):
            if isinstance(item, Mapping):
                yield from type_problems(item, wanted, (*path, name))
            else:
                yield (*path, name), item, "an object"
        elif not _fits(item, wanted):
            yield (*path, name), item, _TYPE_NAMES[wanted]


_TYPE_NAMES = {
    "string": "a string",
    "strings": "a list of strings",
    "boolean": "true or false without quotes",
    "integer": "an integer without exponent",
}


def _fits(value: Any, wanted: str) -> bool:
    if wanted == "string":
        return isinstance(value, str)
    if wanted == "strings":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if wanted == "boolean":
        return isinstance(value, bool)
    if wanted == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return True


def unknown_fields(value: Any, schema: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Path and closest valid name of the fields that KServe ignores, if one is close."""
    if not isinstance(value, Mapping):
        return
    known = {name.lower() for name in schema}
    for key, item in value.items():
        if not isinstance(key, str):
            continue
        if key.lower() not in known:
            near = get_close_matches(key, list(schema), n=1, cutoff=0.8)
            if near:
                yield (*path, key), near[0]
        elif isinstance(schema.get(key), Mapping):
            yield from unknown_fields(item, schema[key], (*path, key))
