# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW409-KW411: the ingress gateway, its domain, and the cluster's domain (wires W10, W11)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kserve_wiring.cluster import gateway_chain as chain_of
from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateway_chain import gateway_setting, service_setting
from kserve_wiring.cluster.ingress_class import ISTIO, configured_class, ingress_controllers, why_unserved
from kserve_wiring.cluster.injector import injector_value
from kserve_wiring.manifests.objects import Setting, dig, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, against, at, pair, set_to, single

_S3_ENDPOINT = "serving.kserve.io/s3-endpoint"
_DEFAULT_DOMAIN = "example.com"
_SERVICE_HOST = re.compile(r"(?<![a-z0-9.*-])(?:\*|[a-z0-9-]+)\.[a-z0-9-]+\.svc\.([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)")
_ANY_SERVICE = re.compile(r"^\*\.svc\.([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)$")


@rule("KW409")
def ingress_gateways_differ(cluster: Cluster) -> Iterator[Draft]:
    """KServe and Knative publish one service through different ingress gateways."""
    if not cluster.routes_through_istio or cluster.isvc_config is None:
        return
    yield from _other_ingress_class(cluster)
    entry = cluster.knative_entry("ingress")
    setting = cluster.isvc_config.setting("ingress", "ingressGateway")
    if entry is None or setting is None or setting.text() == entry.gateway:
        return
    if chain_of.gateway_is_missing(cluster, entry.gateway) and setting.text() in cluster.gateways:
        return  # KW402 reports which of the two is wrong
    works = setting.text() in cluster.gateways and not cluster.facts.complete
    yield pair(setting, gateway_setting(entry), level="warning" if works else "")


def _other_ingress_class(cluster: Cluster) -> Iterator[Draft]:
    config = cluster.isvc_config
    server = cluster.knative.server
    if server is not None and config is not None and not cluster.knative.uses_istio:
        used = config.place("ingress", "disableIstioVirtualHost", "false")
        enabled = at(server, "spec", "ingress", "istio", "enabled")
        yield pair(enabled, used, fix=set_to(used, True, elsewhere=True))
        return
    setting = configured_class(cluster)
    if setting is None or config is None or setting.text() == ISTIO or why_unserved(cluster, setting.text()):
        return  # KW418 reports a class that nothing serves
    used = config.place("ingress", "disableIstioVirtualHost", "false")
    fix: Advice = set_to(used, True, elsewhere=True)
    if "istio" in ingress_controllers(cluster):
        fix = f"{fix}, or {setting.key} to {ISTIO}"
    yield pair(setting, used, fix=fix)


@rule("KW410")
def domains_differ(cluster: Cluster) -> Iterator[Draft]:
    """KServe takes the external host from Knative's domain; without a domain nothing is published outside.

    https://github.com/kserve/kserve/issues/2596: since Knative 1.8 the default is the cluster's own domain.
    """
    config = cluster.isvc_config
    if config is None or not cluster.routes_through_istio:
        return
    if config.is_read:
        yield from _template(cluster)
    setting = config.setting("ingress", "ingressDomain")
    holder = cluster.knative.holder("domain")
    if setting is None or holder is None or not cluster.knative.known("domain"):
        return
    domains = cluster.knative.settings("domain")
    everyones = [key for key, domain in domains.items() if not domain.text().strip()]
    if setting.text() in everyones or (setting.text() in domains and everyones):
        return
    if setting.text() == _DEFAULT_DOMAIN and not domains:
        return  # both are at their defaults: no external host is wanted
    if setting.text() in domains:
        chosen = domains[setting.text()]
        other = Setting("a selector", chosen.obj, chosen.path)
        yield pair(setting, other, fix=f'set {other.key} to "", so that the domain applies to every service')
        return
    shown = Setting(", ".join(everyones or domains) or None, holder[0], holder[1])
    fix = f"add {setting.text()} to {shown.key}" if shown.value is None else ""
    yield pair(setting, shown, fix=fix)


def _template(cluster: Cluster) -> Iterator[Draft]:
    """A domain template without the name or the namespace gives several services the same host."""
    config = cluster.isvc_config
    if config is None:
        return
    ours = config.setting("ingress", "domainTemplate")
    if ours is not None and not config.text("ingress", "pathTemplate"):
        yield from _incomplete(ours, (".Name", ".Namespace", ".IngressDomain"))
    theirs = cluster.knative.setting("network", "domain-template")
    if theirs is not None:
        yield from _incomplete(theirs, (".Name", ".Namespace", ".Domain"))


def _incomplete(setting: Setting, parts: tuple[str, str, str]) -> Iterator[Draft]:
    text = setting.text().strip()
    missing = [part for part in parts if not re.search(rf"\{{\{{[^}}]*{re.escape(part)}\b", text)]
    if missing:
        args = {"other_key": "the required content", "other": f"{parts[0]}, {parts[1]} and {parts[2]}"}
        yield single(setting, **args, fix=f"add {', '.join(missing)} to {setting.key}")
    elif not re.search(rf"\{{\{{-?\s*{re.escape(parts[2])}\s*-?\}}\}}$", text):
        args = {"other_key": "the required end", "other": parts[2]}
        yield single(setting, **args, level="warning", fix=f"end {setting.key} with {{{{ {parts[2]} }}}}")


@rule("KW411")
def cluster_domains_differ(cluster: Cluster) -> Iterator[Draft]:
    """Every host below svc. must end with the cluster's domain."""
    found = list(_domain_settings(cluster))
    reference = next(
        (setting for setting, _ in found if setting.path[-1] == "clusterDomain"), found[0][0] if found else None
    )
    domains = {id(setting): domain for setting, domain in found}
    for setting, domain in found:
        if cluster.facts.cluster_domain:
            if domain != cluster.facts.cluster_domain:
                yield against(
                    setting, cluster.facts, "cluster_domain", fix=_domain_fix(setting, cluster.facts.cluster_domain)
                )
        elif reference is not None and domain != domains[id(reference)]:
            wanted = domains[id(reference)]
            yield pair(setting, reference, fix=_domain_fix(setting, wanted))


def _domain_fix(setting: Setting, domain: str) -> Advice:
    whole = setting.path[-1] == "clusterDomain" or ".svc." not in setting.text()
    return set_to(setting, domain) if whole else f"end it with .svc.{domain}"


def _domain_settings(cluster: Cluster) -> Iterator[tuple[Setting, str]]:
    """Settings that contain a cluster domain, and that domain."""
    yield from _istio_domain(cluster)
    config = cluster.config_istio
    for entry in (*config.local, *config.ingress) if config else ():
        if not entry.builtin:
            yield from _hosts_in(service_setting(entry))
    if cluster.isvc_config is not None:
        for key in ("localGatewayService", "knativeLocalGatewayService"):
            setting = cluster.isvc_config.setting("ingress", key)
            if setting is not None:
                yield from _hosts_in(setting)
    for gateway in cluster.gateways.values():
        if not gateway.operator_made:
            for server in gw.servers(gateway):
                for index, host in enumerate(server.hosts):
                    yield from _hosts_in(Setting(host, gateway, (*server.path, "hosts", index)))
    yield from _pod_domains(cluster)
    yield from _storage_domains(cluster)


def _storage_domains(cluster: Cluster) -> Iterator[tuple[Setting, str]]:
    for secret in cluster.of_kind("Secret"):
        yield from _hosts_in(at(secret, "metadata", "annotations", _S3_ENDPOINT))


def _hosts_in(setting: Setting) -> Iterator[tuple[Setting, str]]:
    text = setting.text()
    if ".svc." not in text:
        return
    match = _ANY_SERVICE.match(text.rpartition("/")[2]) or _SERVICE_HOST.search(text)
    if match is not None:
        yield setting, match.group(1)


def _istio_domain(cluster: Cluster) -> Iterator[tuple[Setting, str]]:
    for obj in cluster.of_kind("ConfigMap"):
        domain = injector_value(obj, "global", "proxy", "clusterDomain")
        if domain and domain.value and isinstance(domain.value, str):
            yield domain, domain.value


def _pod_domains(cluster: Cluster) -> Iterator[tuple[Setting, str]]:
    for pod in cluster.pods:
        for path, container in pod.containers():
            for name in ("args", "command"):
                arguments = strings_of(container.get(name))
                for index, text in enumerate(arguments):
                    setting = Setting(text, pod.obj, (*path, name, index))
                    if index and arguments[index - 1] == "--domain" and "istio" in pod.obj.name:
                        yield setting, text.partition(".svc.")[2] or text
                    elif len(text) < 512:
                        yield from _hosts_in(setting)
            for index, variable in mappings_of(container.get("env")):
                value = dig(variable, "value")
                if not isinstance(value, str):
                    continue
                setting = Setting(value, pod.obj, (*path, "env", index, "value"))
                if dig(variable, "name") == "CLUSTER_DOMAIN" and value:
                    yield setting, value
                else:
                    yield from _hosts_in(setting)
