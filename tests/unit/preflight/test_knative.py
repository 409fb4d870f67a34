"""Knative of others, key by key against what the environment needs."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.unit.preflight.test_run import Object, environment, problems, there

ASK = "ask the owner of Knative for what make knative prints"
GATEWAY = "- {name: %s, namespace: ml, service: %s.ml.svc.cluster.local}\n"
ASKED: dict[str, Any] = {
    "config": {
        "deployment": {
            "registries-skipping-tag-resolving": "kind.local,ko.local,dev.local,r.example",
            "digest-resolution-timeout": "30s",
        },
        "domain": {"ml.corp.example": ""},
        "features": {
            "kubernetes.podspec-init-containers": "enabled",
            "kubernetes.podspec-persistent-volume-claim": "enabled",
        },
        "istio": {"local-gateways": GATEWAY % ("local", "local"), "external-gateways": GATEWAY % ("edge", "edge")},
        "network": {"ingress-class": "istio.ingress.networking.knative.dev", "default-external-scheme": "http"},
    },
    "controller-custom-certs": {"type": "ConfigMap", "name": "ca"},
    "workloads": [
        {
            "name": "controller",
            "env": [{"container": "controller", "envVars": [{"name": "NO_PROXY", "value": ".svc,r.example"}]}],
        }
    ],
}
# As owners write it: other keys, other order, defaults left out.
GOOD: dict[str, dict[str, str]] = {
    "deployment": {
        "queue-sidecar-image": "q:1",
        "registries-skipping-tag-resolving": "other.example,dev.local,kind.local,ko.local,r.example",
        "digest-resolution-timeout": "1m",
    },
    "domain": {"ml.corp.example": "", "shop.example": "selector: {app: shop}"},
    "features": {
        "kubernetes.podspec-init-containers": "Allowed",
        "kubernetes.podspec-persistent-volume-claim": "Enabled",
    },
    "istio": {
        "local-gateways": GATEWAY % ("local", "local"),
        "external-gateways": GATEWAY % ("edge", "edge")
        + "- {name: shop, namespace: shop, service: s.shop.svc.cluster.local, labelSelector: {matchLabels: {a: b}}}",
    },
    "network": {"domain-template": "{{.Name}}"},
}
ENV = [{"name": "SSL_CERT_DIR", "value": "/certs"}, {"name": "NO_PROXY", "value": "r.example,.svc,10.0.0.0/8"}]


def deployment(name: str = "controller", env: Any = ENV, ready: int = 1, version: str = "1.20.1") -> Object:
    pod = {"spec": {"containers": [{"name": "controller", "image": "a/b:1", "env": env}]}}
    meta = {"labels": {"app.kubernetes.io/version": version}}
    status = {"readyReplicas": ready}
    more: Object = {"metadata": meta, "spec": {"template": pod}, "status": status}
    return there("Deployment", name, "knative-serving", "apps/v1", **more)


def config(name: str, data: dict[str, str]) -> Object:
    return there("ConfigMap", f"config-{name}", "knative-serving", data=data)


def found(*, policy: str = "resolve", leave: tuple[str, ...] = (), **changed: Any) -> list[str]:
    """The problems with a Knative in which some ConfigMaps or Deployments differ."""
    maps = {name: changed.get(name, data) for name, data in deepcopy(GOOD).items() if name not in leave}
    objects = [config(name, data) for name, data in maps.items()]
    objects += changed.get("deployments", [deployment(), deployment("net-istio-controller")])
    made = environment(existing_knative=ASKED, digest_policy=policy)
    made.values["versions"] = {"knative": "1.20.1"}  # type: ignore[index]
    return problems(made, *objects)


def test_what_the_owner_has_may_be_more() -> None:
    assert found() == []


# A ConfigMap of others, and the line without its end.
WRONG: dict[str, tuple[str, dict[str, str], str]] = {
    "registry": (
        "deployment",
        GOOD["deployment"] | {"registries-skipping-tag-resolving": "r.example:8443,dev.local,kind.local,ko.local"},
        "config-deployment has no r.example in registries-skipping-tag-resolving",
    ),
    "no registry": (
        "deployment",
        {"digestResolutionTimeout": "30s"},
        "config-deployment has no r.example in registries-skipping-tag-resolving",
    ),
    "timeout": (
        "deployment",
        GOOD["deployment"] | {"digest-resolution-timeout": "29s"},
        "config-deployment has digest-resolution-timeout: 29s, not 30s",
    ),
    "malformed timeout": (
        "deployment",
        GOOD["deployment"] | {"digest-resolution-timeout": "soon"},
        "config-deployment has digest-resolution-timeout: soon, not 30s",
    ),
    "default timeout": (
        "deployment",
        {"registries-skipping-tag-resolving": GOOD["deployment"]["registries-skipping-tag-resolving"]},
        "config-deployment has digest-resolution-timeout: 10s, not 30s",
    ),
    "domain": ("domain", {}, "config-domain has no key ml.corp.example without a selector"),
    "domain of some": (
        "domain",
        {"ml.corp.example": "selector: {a: b}"},
        "config-domain has no key ml.corp.example without a selector",
    ),
    "second domain": (
        "domain",
        {"ml.corp.example": "", "shop.example": " "},
        "config-domain has shop.example without a selector, too: Knative may use it for the models",
    ),
    "feature": (
        "features",
        {"kubernetes.podspec-persistent-volume-claim": "enabled"},
        "config-features has kubernetes.podspec-init-containers: nothing, not enabled",
    ),
    "feature that must be enabled": (
        "features",
        {"kubernetes.podspec-init-containers": "enabled", "kubernetes.podspec-persistent-volume-claim": "allowed"},
        "config-features has kubernetes.podspec-persistent-volume-claim: allowed, not enabled",
    ),
    "class": (
        "network",
        {"ingress-class": "kourier.ingress.networking.knative.dev"},
        "config-network has ingress-class: kourier.ingress.networking.knative.dev, not "
        "istio.ingress.networking.knative.dev",
    ),
    "scheme": (
        "network",
        {"default-external-scheme": "https"},
        "config-network has default-external-scheme: https, not http",
    ),
    "local gateway": (
        "istio",
        GOOD["istio"] | {"local-gateways": GATEWAY % ("other", "local")},
        "config-istio has ml/other with Service local.ml.svc.cluster.local without labelSelector in local-gateways, "
        "not ml/local with Service local.ml.svc.cluster.local",
    ),
    "service": (
        "istio",
        GOOD["istio"] | {"external-gateways": GATEWAY % ("edge", "other")},
        "config-istio has ml/edge with Service other.ml.svc.cluster.local without labelSelector in external-gateways, "
        "not ml/edge with Service edge.ml.svc.cluster.local",
    ),
    "default gateways": (
        "istio",
        {"external-gateways": GATEWAY % ("edge", "edge")},
        "config-istio has knative-serving/knative-local-gateway with Service "
        "knative-local-gateway.istio-system.svc.cluster.local without labelSelector in local-gateways, not ml/local "
        "with Service local.ml.svc.cluster.local",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_key_that_differs(case: str) -> None:
    name, data, line = WRONG[case]
    changed: Any = {name: data}
    separator = "; " if "may use" in line else ": "
    assert found(**changed) == [f"ConfigMap knative-serving/{line}{separator}{ASK}"]


def test_a_config_istio_that_net_istio_refuses() -> None:
    (line,) = found(istio={"local-gateways": "[a", "external-gateways": GOOD["istio"]["external-gateways"]})
    assert line.startswith(
        'ConfigMap knative-serving/config-istio: net-istio refuses it: failed to parse "local-gateways"'
    )


def test_the_keys_may_have_their_old_spelling() -> None:
    old = {
        "registriesSkippingTagResolving": GOOD["deployment"]["registries-skipping-tag-resolving"],
        "digestResolutionTimeout": "30s",
    }
    assert found(deployment=old) == []


def test_a_config_map_that_is_not_there() -> None:
    assert found(leave=("domain",)) == [f"ConfigMap knative-serving/config-domain does not exist: {ASK}"]


def test_no_knative_at_all() -> None:
    assert found(leave=tuple(GOOD), deployments=[]) == [
        "Knative Serving is not in namespace knative-serving: install it, or set knative_install to operator"
    ]


CONTROLLER = "Deployment knative-serving/controller"
NET_ISTIO = deployment("net-istio-controller")


@pytest.mark.parametrize(
    ("policy", "deployments", "expected"),
    [
        (
            "resolve",
            [deployment()],
            ["Deployment knative-serving/net-istio-controller does not exist: install net-istio"],
        ),
        ("resolve", [NET_ISTIO], [f"{CONTROLLER} does not exist: install Knative Serving"]),
        ("resolve", [deployment(ready=0), NET_ISTIO], [f"{CONTROLLER} has no ready Pod"]),
        (
            "resolve",
            [deployment(version="1.21.0"), NET_ISTIO],
            [f"{CONTROLLER} has version 1.21.0: set knative_version to it, not 1.20.1"],
        ),
        ("resolve", [deployment(version="devel"), NET_ISTIO], []),
        (
            "resolve",
            [deployment(env=[]), NET_ISTIO],
            [
                f"{CONTROLLER} has no SSL_CERT_DIR, so it does not trust the CA of the registry: {ASK}",
                f"{CONTROLLER} has NO_PROXY: nothing, not .svc,r.example: {ASK}",
            ],
        ),
        ("skip", [deployment(env=[]), NET_ISTIO], []),
    ],
)
def test_the_controllers(policy: str, deployments: list[Object], expected: list[str]) -> None:
    assert found(policy=policy, deployments=deployments) == expected


SERVER = "KnativeServing knative-serving/knative-serving"
DELETED = ", which would delete it, and Knative with it: "
HELM = {"meta.helm.sh/release-name": "kserve-environment"}
ARGOCD = {"argocd.argoproj.io/tracking-id": "prod-kserve-environment:operator.knative.dev/KnativeServing:x/y"}
UNPRUNED = {"argocd.argoproj.io/sync-options": "ServerSideApply=true, Prune=false"}
BY_HELM, BY_ARGOCD = "release kserve-environment", "Argo CD application prod-kserve-environment"
ANEW = "start over with make uninstall of the earlier answers"
RESET = f"{SERVER} is there, and its operator resets the ConfigMaps that knative_install: yaml patches: "


# The answer knative_install (none: of Standard mode), the annotations of the KnativeServing, and the line.
@pytest.mark.parametrize(
    ("install", "notes", "line"),
    [
        ("operator", HELM, ""),
        ("existing", HELM, f"{SERVER} is of {BY_HELM}{DELETED}annotate it with helm.sh/resource-policy=keep"),
        ("existing", HELM | {"helm.sh/resource-policy": "keep"}, ""),
        ("existing", {"meta.helm.sh/release-name": "platform"}, ""),
        (
            "existing",
            ARGOCD,
            f"{SERVER} is of {BY_ARGOCD}{DELETED}annotate it with argocd.argoproj.io/sync-options=Prune=false",
        ),
        ("existing", ARGOCD | UNPRUNED, ""),
        ("yaml", HELM, f"{SERVER} is of {BY_HELM}{DELETED}set knative_install to operator, or {ANEW}"),
        ("yaml", ARGOCD, f"{SERVER} is of {BY_ARGOCD}{DELETED}set knative_install to operator, or {ANEW}"),
        ("yaml", {}, f"{RESET}set knative_install to existing"),
        ("yaml", HELM | {"helm.sh/resource-policy": "keep"}, f"{RESET}set knative_install to existing"),
        ("none", HELM, f"{SERVER} is of {BY_HELM}{DELETED}annotate it with helm.sh/resource-policy=keep, or {ANEW}"),
        ("none", {}, ""),
    ],
)
def test_a_knative_serving_of_earlier_answers(install: str, notes: dict[str, str], line: str) -> None:
    version, metadata = "operator.knative.dev/v1beta1", {"annotations": notes}
    server = there("KnativeServing", "knative-serving", "knative-serving", version, metadata=metadata)
    made = environment()
    made.values["knative"] = {"install": install}  # type: ignore[index]
    assert problems(made, server) == ([line] if line else [])
    assert problems(made) == []


def test_no_answer_is_not_missing() -> None:
    made = environment(existing_knative=ASKED)
    assert problems(made, error=("ConfigMap", "Error from server (Forbidden): configmaps is forbidden")) == [
        "Deployment knative-serving/controller does not exist: install Knative Serving",
        "Deployment knative-serving/net-istio-controller does not exist: install net-istio",
    ]
