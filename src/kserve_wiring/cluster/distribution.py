# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Distributions whose Knative and Istio differ from upstream's."""

from __future__ import annotations

from collections.abc import Iterable

from kserve_wiring.manifests.objects import KubeObject

# Objects that only an OpenShift cluster has: by API group, and by the prefix of a label or annotation.
_GROUPS = ("maistra.io", "route.openshift.io", "config.openshift.io", "security.openshift.io", "project.openshift.io")
_OPENSHIFT_KEYS = ("serverless.openshift.io/", "maistra.io/", "security.openshift.io/", "openshift.io/")
_OPENDATAHUB = ("opendatahub.io", "datasciencecluster.opendatahub.io", "dscinitialization.opendatahub.io")
_IMAGES = "registry.redhat.io/openshift-serverless-1/"


def is_openshift(objects: Iterable[KubeObject]) -> bool:
    """True if the objects are for OpenShift, with Red Hat's builds of Knative and Istio.

    OpenShift Serverless does not install net-istio's Gateways; its guide has the user create them.
    """
    return any(_shows_openshift(obj) for obj in objects)


def _shows_openshift(obj: KubeObject) -> bool:
    group = obj.group
    if group and (group in _OPENDATAHUB or group.endswith(_GROUPS)):
        return True
    if obj.kind == "Subscription" and group == "operators.coreos.com":
        return str(obj.get("spec", "name")).startswith(("serverless-operator", "servicemeshoperator", "rhods-operator"))
    keys = (*obj.annotations, *obj.labels)
    return any(isinstance(key, str) and key.startswith(_OPENSHIFT_KEYS) for key in keys) or _IMAGES in obj.source.text
