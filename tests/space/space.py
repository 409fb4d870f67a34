"""The space of answers: every choice that the questions offer, as factors, and answers that cover all pairs of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import yaml
from covertable import make

from tools import stacks
from tools.console import ROOT

Answers = dict[str, Any]
Choice = dict[str, str]
"""The level of each factor, by the name of the factor."""

CA = yaml.safe_load((ROOT / "examples" / "everything.yaml").read_text("utf-8"))["registry_ca_bundle"]
HOST = "harbor.corp.local:8443"

FACTORS: dict[str, dict[str, Answers]] = {
    "stack": {name: {"stack": name} for name in stacks.names()},
    "mode": {
        "Knative": {},
        "Standard": {"deployment_mode": "standard"},
        "Standard, CRDs of others": {"deployment_mode": "standard", "gateway_api_crds": "existing"},
        "Standard, Ingresses": {"deployment_mode": "standard", "standard_ingress": "ingress"},
        "Standard, Ingresses of others": {
            "deployment_mode": "standard",
            "standard_ingress": "ingress",
            "ingress_class": "nginx",
        },
        "Standard, no routes": {"deployment_mode": "standard", "standard_ingress": "none"},
        "Standard, LLMInferenceServices": {"deployment_mode": "standard", "llm": True},
    },
    "knative": {
        "operator": {},
        "yaml": {"knative_install": "yaml"},
        "existing": {"knative_install": "existing", "knative_version": "1.21.2"},
    },
    "size": {"small": {}, "ha": {"size": "ha"}},
    "namespaces": {"create": {}, "tenants": {"namespaces": "tenants"}, "existing": {"namespaces": "existing"}},
    "cert-manager": {"install": {}, "existing": {"cert_manager": "existing", "cert_manager_namespace": "kube-system"}},
    "istio": {"install": {}, "existing": {"istio": "existing", "istio_version": "1.26.3", "istio_namespace": "mesh"}},
    "registry": {
        "none": {},
        "keep": {"registry_host": HOST},
        "keep in a project": {"registry_host": HOST, "registry_project": "ml/kserve"},
        "flatten": {"registry_host": "nexus.corp.local", "registry_project": "kserve", "registry_layout": "flatten"},
        "caches": {
            "registry_host": HOST,
            "registry_project": "kserve",
            "registry_map": {
                "docker.io": f"{HOST}/hub",
                "gcr.io": "gcr.corp.local",
                "nvcr.io": "mirror",
                "quay.io": f"{HOST}/team/quay",
                "registry.istio.io": f"{HOST}/istio",
            },
        },
        "prefix": {"registry_host": "10.0.0.5:5000", "registry_layout": "prefix"},
    },
    "offline": {"no": {}, "yes": {"offline": True}},
    "transport": {
        "public CA": {"registry_ca_source": "none"},
        "plain http": {"registry_plain_http": True},
        "CA given here": {"registry_ca_source": "bundle", "registry_ca_bundle": CA},
        "CA in a ConfigMap": {"registry_ca_source": "configmap", "registry_ca_name": "corp-ca"},
        "CA in a Secret": {"registry_ca_source": "secret"},
    },
    "pull Secret": {
        "none": {},
        "existing": {"pull_secret": "harbor-pull"},
        "external": {
            "pull_secret": "harbor-pull",
            "pull_secret_source": "external-secret",
            "external_secret_store": "vault",
            "external_secret_key": "kserve/registry",
        },
    },
    "digests": {
        "default": {},
        "resolve": {"digest_policy": "resolve", "digest_timeout": "45s"},
        "skip": {"digest_policy": "skip", "skip_registries": ["ghcr.io"]},
        "pinned": {"digest_policy": "pinned"},
    },
    "resolver TLS": {
        "default": {},
        "1.2": {"resolver_tls_min_version": "1.2"},
        "1.3": {"resolver_tls_min_version": "1.3"},
    },
    "charts": {"upstream": {"chart_source": "upstream"}, "oci": {"chart_source": "oci"}},
    "gitops": {
        "none": {},
        "argocd": {"gitops": "argocd", "argocd_repo_url": "https://git.corp.local/c.git", "argocd_path": "clusters/x"},
    },
    "gateways": {
        "default": {},
        "own from outside": {"ingress_gateway_name": "ml-ingress", "ingress_gateway_namespace": "ml-ingress"},
        "own": {
            "local_gateway_name": "ml-local",
            "local_gateway_namespace": "ml-gateways",
            "ingress_gateway_name": "ml-ingress",
            "ingress_gateway_namespace": "ml-ingress",
        },
    },
    "local gateway": {
        "install": {},
        "existing": {
            "local_gateway": "existing",
            "local_gateway_labels": {"istio": "internal"},
            "local_gateway_service": "internal",
            "local_gateway_ports": {80: 8080},
        },
    },
    "ingress gateway": {
        "install": {},
        "existing": {
            "ingress_gateway": "existing",
            "ingress_gateway_labels": {"istio": "ingressgateway", "app": "edge"},
            "ingress_gateway_service": "istio-ingressgateway",
            "ingress_gateway_ports": {80: 8080, 443: 8443},
            "ingress_gateway_servers": [{"gateway": "shop/web", "port": 443, "protocol": "HTTPS", "hosts": ["*"]}],
        },
    },
    "ingress TLS": {"none": {}, "secret": {"ingress_tls_secret": "ml-tls"}},
    "tenants": {
        "one": {},
        "several": {
            "tenants": [
                {"name": "team-a", "service_account": "inference", "s3_secret": "minio", "oci_secret": "models"},
                {"name": "team-b", "create_namespace": False, "s3_secret": "minio"},
                {"name": "team-c", "hf_secret": "hub", "external_secrets": {"store": "vault", "key": "kserve/team-c"}},
            ]
        },
        "none": {"tenants": []},
    },
    "storage": {
        "default": {},
        "s3": {"s3_endpoint": "minio.corp.local:9000", "s3_region": "eu-central-1", "s3_use_https": False},
        "mirror of Hugging Face": {"hf_endpoint": "https://nexus.corp.local/repository/hf"},
        "own": {"storage_containers": [{"name": "own", "prefixes": ["own://"], "env": {"A": "b"}}]},
    },
    "runtimes": {
        "default": {},
        "one": {"serving_runtimes": ["vllmserver"]},
        "with GPU": {"serving_runtimes": ["huggingfaceserver", "sklearnserver"]},
        "rare": {
            "serving_runtimes": [
                "pmmlserver",
                "predictiveserver",
                "paddleserver",
                "autogluonserver",
                "tensorflow",
                "torchserve",
            ]
        },
    },
    "context": {"current": {}, "named": {"kube_context": "admin@prod"}},
    "domain": {"default": {}, "own": {"cluster_domain": "k8s.corp", "ingress_domain": "ml.corp.local"}},
}


# Of these, Standard mode has only one level.
KNATIVES: list[Choice] = [
    *({"knative": level} for level in FACTORS["knative"] if level != "operator"),
    *({"digests": level} for level in FACTORS["digests"] if level not in ("default", "pinned")),
    *({"resolver TLS": level} for level in FACTORS["resolver TLS"] if level != "default"),
    {"transport": "CA in a Secret"},
    {"gateways": "own"},
    {"local gateway": "existing"},
    {"ingress gateway": "existing"},
]
# Without a gateway of Istio, nothing of it is an answer.
ISTIOS: list[Choice] = [{"istio": "existing"}, {"gateways": "own from outside"}]
WITHOUT_ISTIO = ("Standard, Ingresses of others", "Standard, no routes")
WITHOUT_TLS = ("Standard, Ingresses", *WITHOUT_ISTIO)
# What the questions refuse: choices that have all levels of one of these.
REFUSED: list[Choice] = [
    *({"mode": mode, **levels} for mode in FACTORS["mode"] if mode != "Knative" for levels in KNATIVES),
    *({"mode": mode, **levels} for mode in WITHOUT_ISTIO for levels in ISTIOS),
    {"mode": "Standard, Ingresses", "istio": "existing", "gateways": "own from outside"},
    *({"mode": mode, "ingress TLS": "secret"} for mode in FACTORS["mode"] if mode in WITHOUT_TLS),
    {"mode": "Standard, LLMInferenceServices", "gitops": "argocd"},  # which would apply a CRD from two charts
    {"registry": "none", "offline": "yes"},
    *({"registry": "none", "transport": level} for level in FACTORS["transport"] if level != "public CA"),
    *({"registry": "none", "pull Secret": level} for level in FACTORS["pull Secret"] if level != "none"),
    *({"registry": "none", "resolver TLS": level} for level in FACTORS["resolver TLS"] if level != "default"),
    *({"digests": "skip", "resolver TLS": level} for level in FACTORS["resolver TLS"] if level != "default"),
    *(
        {**skipping, "digests": "default", "resolver TLS": level}  # which is to skip
        for skipping in ({"offline": "yes"}, {"transport": "plain http"})
        for level in FACTORS["resolver TLS"]
        if level != "default"
    ),
    {"registry": "none", "charts": "oci"},  # no registry that has them is named
    {"offline": "yes", "digests": "resolve"},
    {"offline": "yes", "gitops": "argocd", "charts": "upstream"},
    *({"istio": "install", f"{role} gateway": "existing"} for role in ("local", "ingress")),  # of another istiod
    {"digests": "pinned", "runtimes": "with GPU"},  # KServe's chart appends -gpu to a digest
]


def is_refused(choice: Mapping[str, str]) -> bool:
    """Whether the questions refuse a choice. Levels may be missing."""
    return any(levels.items() <= choice.items() for levels in REFUSED)


def pairs() -> list[Choice]:
    """Choices in which each pair of levels that the questions accept occurs at least once."""
    constraints = [
        {
            "operator": "or",
            "conditions": [{"operator": "ne", "left": key, "value": level} for key, level in levels.items()],
        }
        for levels in REFUSED
    ]
    rows = make({name: list(levels) for name, levels in FACTORS.items()}, constraints=constraints)
    return [{name: row[name] for name in FACTORS} for row in rows]


def answers(choice: Mapping[str, str]) -> Answers:
    """The answers of a choice. Pinned images get digests that no registry has, but of the right shape."""
    found: Answers = {"environment_name": "space"}
    for factor, level in choice.items():
        found |= FACTORS[factor][level]
    if "registry_host" in found:
        found.setdefault("offline", False)
        found.setdefault("ingress_domain", "ml.corp.local")
    if found.get("digest_policy") == "pinned":
        found["image_digests"] = dict(_digests(found.get("stack", stacks.DEFAULT)))
    return found


def _digests(stack: str) -> Iterator[tuple[str, str]]:
    for image in stacks.images(stack).values():
        if "@" not in image:
            yield image, f"sha256:{sha256(image.encode()).hexdigest()}"


def title(choice: Mapping[str, str]) -> str:
    """The levels that are not the first of their factor, for a person."""
    return ", ".join(f"{factor} {level}" for factor, level in choice.items() if level != next(iter(FACTORS[factor])))
