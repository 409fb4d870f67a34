# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The arguments of every command that reads manifests. Each start imports this module, so it stays light."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

FILE = ".kserve-wiring.yaml"
LEVELS = ("error", "warning", "info")
FACTS = {
    "registry": "HOST[:PORT] of the private registry",
    "pull-secret": "name of the pull Secret",
    "registry-ca": "ConfigMap/NAME or Secret/NAME with the registry's CA",
    "cluster-domain": "DNS domain of the cluster",
    "knative-version": "version of Knative Serving",
    "kserve-version": "version of KServe",
    "istio-version": "version of Istio",
    "argocd-version": "version of Argo CD",
}


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """The arguments of every command that reads manifests."""
    paths = "file, directory, environment folder, or - for standard input"
    parser.add_argument("paths", nargs="+", metavar="PATH", help=paths)
    parser.add_argument("--config", metavar="FILE", help=f"configuration file (default: {FILE}, if it is there)")
    parser.add_argument("--context", metavar="FILE", help="YAML file with what manifests cannot say")
    for name, text in FACTS.items():
        parser.add_argument(f"--{name}", metavar="TEXT", help=text)
    parser.add_argument("--offline", action="store_const", const=True, help="the cluster has no way to the internet")
    parser.add_argument("--registry-insecure", action="store_const", const=True, help="the registry speaks plain http")
    for name, text in (("select", "only these rules (or their beginning)"), ("ignore", "not these rules")):
        parser.add_argument(f"--{name}", nargs="+", action="extend", default=[], metavar="CODE", help=text)
    parser.add_argument("--level", choices=LEVELS, help="mildest level that counts (default: warning)")
    parser.add_argument("--charts", metavar="DIR", help="upstream charts, for an environment folder ($KSERVE_CHARTS)")
    parser.add_argument("--helm", metavar="PATH", default="helm", help="the helm program")
