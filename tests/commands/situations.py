"""The answers with which the commands of an environment are executed against real registries."""

from __future__ import annotations

from typing import Any

import yaml

from tools.console import ROOT

CA: str = yaml.safe_load((ROOT / "examples" / "offline-harbor.yaml").read_text(encoding="utf-8"))["registry_ca_bundle"]
PRIVATE = {"registry_host": "localhost:5000", "registry_project": "kserve", "ingress_domain": "ml.corp.local"}
SECRETS = {"s3_secret": "s3-keys", "hf_secret": "hub-token", "oci_secret": "images-pull"}
TENANTS = [{"name": "models"}, {"name": "vision", "service_account": "inference", **SECRETS}]

# A registry with TLS by a private CA and with a password is the case unless the answers say otherwise.
SITUATIONS: dict[str, dict[str, Any]] = {
    "private-ca": PRIVATE | {"registry_ca_source": "bundle", "registry_ca_bundle": CA, "pull_secret": "harbor-pull"},
    "plain-http": PRIVATE | {"registry_plain_http": True, "tenants": TENANTS},
    "own-ca": PRIVATE | {"registry_ca_source": "configmap", "pull_secret": "harbor-pull", "tenants": TENANTS},
    "online": {},
    "argocd": PRIVATE
    | {"registry_ca_source": "bundle", "registry_ca_bundle": CA, "pull_secret": "harbor-pull", "gitops": "argocd"}
    | {"argocd_repo_url": "https://git.corp.local/clusters.git", "argocd_path": "."},
    "synced-secret": PRIVATE
    | {"registry_ca_source": "bundle", "registry_ca_bundle": CA, "pull_secret": "harbor-pull", "offline": False}
    | {"pull_secret_source": "external-secret", "external_secret_store": "vault", "external_secret_key": "kserve/pull"}
    | {"knative_install": "yaml", "ingress_tls_secret": "models-tls"},
}

# The environment whose commands are executed on the control plane of tests/live. Its charts come from a registry there.
LIVE: dict[str, Any] = {
    "environment_name": "documents",
    "kube_context": "bed",  # of tests/live
    "registry_host": "harbor.corp.local:8443",
    "registry_ca_source": "configmap",
    "pull_secret": "harbor-pull",
    "chart_repository": "oci://localhost:5000/charts",
    "ingress_domain": "ml.corp.local",
    "ingress_tls_secret": "ml-tls",
    "tenants": TENANTS,
}

# The same environment, installed by the Argo CD of tests/live. Its repository is on a git server there.
LIVE_ARGOCD: dict[str, Any] = LIVE | {"environment_name": "delivered", "gitops": "argocd", "argocd_path": "clusters/ml"}
