"""Envoy's bootstrap for a gateway Pod, as Istio's pilot-agent writes it, but without a certificate of its own.

Envoy connects to istiod as a router with the Pod's labels, so that the selectors of Gateways match; over TLS and with
the Pod's ServiceAccount token, because istiod sends a `credentialName` only to a proxy whose identity it has verified
(istio pilot/pkg/xds/sds.go, Generate) and whose ServiceAccount may read the Secret.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.live.bed.api import Object

ADMIN_PORT = 15000
ISTIOD = "istiod.istio-system.svc"
# Mount paths of Istio's injection webhook (istio manifests/charts/istio-control/istio-discovery/files).
TOKEN = "var/run/secrets/tokens/istio-token"  # noqa: S105 - a path
ROOT_CERTIFICATE = "/var/run/secrets/istio/root-cert.pem"


def bootstrap(pod: Object, cluster_domain: str, token: str) -> Object:
    """The bootstrap of one gateway Pod."""
    meta, address = pod["metadata"], pod["status"]["podIP"]
    namespace = meta["namespace"]
    return {
        "node": {
            "id": f"router~{address}~{meta['name']}.{namespace}~{namespace}.svc.{cluster_domain}",
            "cluster": meta["labels"].get("app", meta["name"]),
            "metadata": {
                "NAME": meta["name"],
                "NAMESPACE": namespace,
                "LABELS": meta["labels"],
                "INSTANCE_IPS": address,
                "CLUSTER_ID": "Kubernetes",
                "SERVICE_ACCOUNT": pod["spec"].get("serviceAccountName", "default"),
                "ISTIO_VERSION": pod["spec"]["containers"][0]["image"].rpartition(":")[2],
                "UNPRIVILEGED_POD": "false",
            },
        },
        "admin": {"address": _address("0.0.0.0", ADMIN_PORT)},  # noqa: S104 - the namespace has no outside
        "dynamic_resources": {
            "lds_config": {"ads": {}, "resource_api_version": "V3"},
            "cds_config": {"ads": {}, "resource_api_version": "V3"},
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "grpc_services": [
                    {
                        "envoy_grpc": {"cluster_name": "istiod"},
                        "initial_metadata": [{"key": "authorization", "value": f"Bearer {token}"}],
                    }
                ],
            },
        },
        "static_resources": {"clusters": [_istiod(cluster_domain)]},
    }


def _istiod(cluster_domain: str) -> Object:
    """By name, because another Pod of istiod has another address."""
    endpoint = {"endpoint": {"address": _address(f"{ISTIOD}.{cluster_domain}", 15012)}}
    options: Object = {"explicit_http_config": {"http2_protocol_options": {}}}
    return {
        "name": "istiod",
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_ONLY",
        "connect_timeout": "1s",
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": _tls()},
        "load_assignment": {"cluster_name": "istiod", "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                **options,
            }
        },
    }


def _tls() -> Object:
    alternative = [{"san_type": "DNS", "matcher": {"exact": ISTIOD}}]
    return {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "sni": ISTIOD,
        "common_tls_context": {
            "alpn_protocols": ["h2"],
            "validation_context": {
                "trusted_ca": {"filename": ROOT_CERTIFICATE},
                "match_typed_subject_alt_names": alternative,
            },
        },
    }


def _address(address: str, port: int) -> Object:
    return {"socket_address": {"address": address, "port_value": port}}


def write(path: Path, config: Object) -> None:
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
