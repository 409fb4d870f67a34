# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""inferenceservice-config as KServe's chart renders it from the values that an Application or HelmRelease passes.

kserve charts/kserve-resources/files/common/configmap-patch.yaml and values.yaml, v0.13 to v0.20.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kserve_wiring.cluster.argocd import spec_of
from kserve_wiring.cluster.charts import ChartUse, chart_uses, is_published
from kserve_wiring.cluster.isvc_config import IsvcConfig
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.manifests.objects import KubeObject, Setting

_CHARTS = ("kserve", "kserve-resources")
_MODE_RENAMED = (0, 16)
_GATEWAY = "kserve.controller.gateway"
# Data key and field -> value of the chart, and its default. Fields of newer releases are absent in older ones.
_FIELDS: dict[tuple[str, str], tuple[str, Any]] = {
    ("deploy", "defaultDeploymentMode"): ("kserve.controller.deploymentMode", "Knative"),
    ("ingress", "ingressGateway"): (f"{_GATEWAY}.ingressGateway.gateway", "knative-serving/knative-ingress-gateway"),
    ("ingress", "enableGatewayApi"): (f"{_GATEWAY}.ingressGateway.enableGatewayApi", False),
    ("ingress", "kserveIngressGateway"): (f"{_GATEWAY}.ingressGateway.kserveGateway", "kserve/kserve-ingress-gateway"),
    ("ingress", "localGateway"): (f"{_GATEWAY}.localGateway.gateway", "knative-serving/knative-local-gateway"),
    ("ingress", "localGatewayService"): (
        f"{_GATEWAY}.localGateway.gatewayService",
        "knative-local-gateway.istio-system.svc.cluster.local",
    ),
    ("ingress", "knativeLocalGatewayService"): (f"{_GATEWAY}.localGateway.knativeGatewayService", ""),
    ("ingress", "ingressDomain"): (f"{_GATEWAY}.domain", "example.com"),
    ("ingress", "ingressClassName"): (f"{_GATEWAY}.ingressGateway.className", "istio"),
    ("ingress", "domainTemplate"): (f"{_GATEWAY}.domainTemplate", ""),
    ("ingress", "urlScheme"): (f"{_GATEWAY}.urlScheme", "http"),
    ("ingress", "disableIstioVirtualHost"): (f"{_GATEWAY}.disableIstioVirtualHost", False),
    ("ingress", "disableIngressCreation"): (f"{_GATEWAY}.disableIngressCreation", False),
}


def config_of_charts(objects: Sequence[KubeObject]) -> IsvcConfig | None:
    """What the only chart of KServe's controller renders; None if there are none or several, or values are unseen."""
    uses = [use for use in chart_uses(objects) if use.name in _CHARTS and _release(use)]
    return _rendered(uses[0]) if len(uses) == 1 and not uses[0].unseen else None


def _release(use: ChartUse) -> tuple[int, ...] | None:
    version = version_tuple(use.version)
    return version if version is not None and is_published(use.name, version) else None


def _rendered(use: ChartUse) -> IsvcConfig:
    config = IsvcConfig(use.name_at.obj, namespace=_namespace(use))
    version = _release(use) or ()
    for (key, field), (value, default) in _FIELDS.items():
        if field == "defaultDeploymentMode" and version[:2] < _MODE_RENAMED:
            default = "Serverless"
        content = use.given.get(value, default)
        written = use.values.get(value)
        where = written.path if written else (*use.values_at, *value.split("."))
        config.places[key, field] = Setting(content, use.name_at.obj, where)
        config.values.setdefault(key, {})[field] = content
    return config


def _namespace(use: ChartUse) -> str:
    obj = use.name_at.obj
    paths = ((*spec_of(obj), "destination", "namespace"), ("spec", "targetNamespace"))
    return next((text for path in paths if isinstance(text := obj.get(*path), str)), obj.namespace)
