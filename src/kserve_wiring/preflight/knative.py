# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Knative that others run: its ConfigMaps and its controller, key by key, against what the environment needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.config_istio import GatewayConfig
from kserve_wiring.cluster.existing_knative import asked_config_maps
from kserve_wiring.cluster.knative import DEFAULT_NAMESPACE, Knative, controller_environment, skip_list
from kserve_wiring.cluster.knative_features import VOLUME_FLAGS
from kserve_wiring.grammar.values import parse_duration
from kserve_wiring.manifests.environment import OWN_RELEASE
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, Source
from kserve_wiring.preflight.environment import Environment
from kserve_wiring.preflight.owners import application
from kserve_wiring.preflight.reader import Reader

_ASK = "ask the owner of Knative for what make knative prints"
_SERVING = ObjectRef("operator.knative.dev/v1beta1", "KnativeServing", DEFAULT_NAMESPACE, "knative-serving")
_RELEASE = "meta.helm.sh/release-name"
_KEPT = ("helm.sh/resource-policy", "keep")
_UNPRUNED = ("argocd.argoproj.io/sync-options", "Prune=false")
_ANEW = "start over with make uninstall of the earlier answers"
# What to do about a KnativeServing that would be deleted, by the answer.
_ADVICE = {
    "existing": "annotate it with {key}={keep}",
    "yaml": f"set knative_install to operator, or {_ANEW}",
    "none": f"annotate it with {{key}}={{keep}}, or {_ANEW}",
}
_CONTROLLERS = ("controller", "net-istio-controller")
_VERSION = "app.kubernetes.io/version"
# What Knative does without the key: knative/serving pkg/deployment/config.go, knative/networking pkg/config/config.go.
_DEFAULTS = {
    ("deployment", "digest-resolution-timeout"): "10s",
    ("network", "ingress-class"): "istio.ingress.networking.knative.dev",
    ("network", "default-external-scheme"): "http",
}
_STRICT_FLAGS = {f"kubernetes.{flag}" for flag in VOLUME_FLAGS.values()}
_SKIPPED, _TIMEOUT = "registries-skipping-tag-resolving", "digest-resolution-timeout"


def existing_knative(environment: Environment, reader: Reader) -> Iterator[str]:
    """A line for each part of Knative that is not there, and for each key that differs."""
    asked = environment.facts.existing_knative
    if not asked:
        return
    wanted = Knative(config_maps=_by_name(asked_config_maps(asked, Source())))
    before = len(reader.unseen)
    there = reader.named(obj.ref for obj in wanted.config_maps.values())
    if len(reader.unseen) == before and not there:
        yield f"Knative Serving is not in namespace {DEFAULT_NAMESPACE}: install it, or set knative_install to operator"
        return
    live = Knative(config_maps=_by_name(there.values()))
    for name, obj in wanted.config_maps.items():
        if name in live.config_maps:
            yield from _differences(name, wanted, live)
        elif len(reader.unseen) == before:
            yield f"{obj.ref} does not exist: {_ASK}"
    yield from _controllers(environment, reader)


def removed_knative(environment: Environment, reader: Reader) -> Iterator[str]:
    """A line if a KnativeServing of earlier answers would be deleted, or would undo what the environment patches.

    helm and Argo CD delete what a release no longer has, and the operator then removes Knative.
    """
    install = environment.value("knative", "install")
    if install not in _ADVICE:
        return
    server = reader.named([_SERVING]).get(_SERVING.identity)
    if server is None:
        return
    owner, key, keep = _deleter(server, environment)
    if owner:
        advice = _ADVICE[install].format(key=key, keep=keep)
        yield f"{server.ref} is of {owner}, which would delete it, and Knative with it: {advice}"
    elif install == "yaml":
        reason = "its operator resets the ConfigMaps that knative_install: yaml patches"
        yield f"{server.ref} is there, and {reason}: set knative_install to existing"


def _deleter(server: KubeObject, environment: Environment) -> tuple[str, str, str]:
    """Who would delete it, and the annotation that prevents it; "" if nobody would."""
    key, keep = _KEPT
    if server.annotations.get(_RELEASE) == OWN_RELEASE and server.annotations.get(key) != keep:
        return f"release {OWN_RELEASE}", key, keep
    key, keep = _UNPRUNED
    own, options = f"{environment.name}-{OWN_RELEASE}", str(server.annotations.get(key) or "").split(",")
    if application(server) == own and keep not in (option.strip() for option in options):
        return f"Argo CD application {own}", key, keep
    return "", "", ""


def _by_name(objects: Any) -> dict[str, KubeObject]:
    return {obj.name.removeprefix("config-"): obj for obj in objects}


def _differences(name: str, wanted: Knative, live: Knative) -> Iterator[str]:
    """The keys of a ConfigMap that are not as they must be."""
    if name == "istio":
        yield from _gateways(wanted, live)
        return
    ref = live.config_maps[name].ref
    for key, setting in wanted.settings(name).items():
        found = live.setting(name, key)
        have = found.text() if found is not None else _DEFAULTS.get((name, key), "")
        if key == _SKIPPED:
            yield from _not_skipped(wanted, live)
        elif name == "domain":
            if found is None or have.strip():
                yield f"{ref} has no key {key} without a selector: {_ASK}"
        elif not _serves(name, key, have, setting.text()):
            yield f"{ref} has {key}: {have or 'nothing'}, not {setting.text()}: {_ASK}"
    if name == "domain":
        yield from _rival_domains(wanted, live)


def _serves(name: str, key: str, have: str, want: str) -> bool:
    """Whether a value does what the other one does."""
    if name == "features":
        return have.lower() == want.lower() or (have.lower() == "allowed" and key not in _STRICT_FLAGS)
    if key == _TIMEOUT:
        try:
            return parse_duration(have) >= parse_duration(want)
        except ValueError:
            return False
    return have == want


def _not_skipped(wanted: Knative, live: Knative) -> Iterator[str]:
    """The registries whose tags Knative would resolve. The owner may list others, too."""
    ours, theirs = skip_list(wanted), skip_list(live)
    missing = sorted(ours[0] - theirs[0]) if ours and theirs else []
    if missing:
        yield f"{live.config_maps['deployment'].ref} has no {', '.join(missing)} in {_SKIPPED}: {_ASK}"


def _rival_domains(wanted: Knative, live: Knative) -> Iterator[str]:
    """Knative may use any of several domains without a selector."""
    for key, setting in live.settings("domain").items():
        if key not in wanted.settings("domain") and not setting.text().strip():
            ref = live.config_maps["domain"].ref
            yield f"{ref} has {key} without a selector, too: Knative may use it for the models; {_ASK}"


def _gateways(wanted: Knative, live: Knative) -> Iterator[str]:
    """The Gateways of Routes without special labels. The owner may have others with a labelSelector."""
    ours, theirs, ref = wanted.gateways(), live.gateways(), live.config_maps["istio"].ref
    for problem in theirs.problems if theirs else ():
        yield f"{ref}: net-istio refuses it: {problem.reason}"
    for role, key in (("local", "local-gateways"), ("ingress", "external-gateways")):
        need, have = _default(ours, role), _default(theirs, role)
        if have and have != need:
            yield f"{ref} has {have} without labelSelector in {key}, not {need}: {_ASK}"


def _default(config: GatewayConfig | None, role: str) -> str:
    entry = config.default(role) if config else None
    return f"{entry.gateway} with Service {entry.service.removesuffix('.')}" if entry else ""


def _controllers(environment: Environment, reader: Reader) -> Iterator[str]:
    """Knative's own controller and that of net-istio, with the version of the former and what its resolver needs."""
    refs = [ObjectRef("apps/v1", "Deployment", DEFAULT_NAMESPACE, name) for name in _CONTROLLERS]
    before = len(reader.unseen)
    there = reader.named(refs)
    if len(reader.unseen) > before:
        return
    for ref in refs:
        obj = there.get(ref.identity)
        if obj is None:
            yield f"{ref} does not exist: install {'Knative Serving' if ref.name == 'controller' else 'net-istio'}"
        elif not obj.get("status", "readyReplicas"):
            yield f"{ref} has no ready Pod"
    controller = there.get(refs[0].identity)
    if controller is not None:
        yield from _version(controller, str(environment.value("versions", "knative")))
        yield from _resolver(controller, environment)


def _version(controller: KubeObject, wanted: str) -> Iterator[str]:
    found = str(controller.labels.get(_VERSION) or "").removeprefix("v")
    if found[:1].isdigit() and found != wanted:
        yield f"{controller.ref} has version {found}: set knative_version to it, not {wanted}"


def _resolver(controller: KubeObject, environment: Environment) -> Iterator[str]:
    """Where the controller resolves tags: the CA of the registry, and the variables that it needs."""
    if environment.facts.digest_policy != "resolve":
        return
    asked = environment.facts.existing_knative
    have = controller_environment(Knative(config_maps={"": controller}), [controller])
    certs = asked.get("controller-custom-certs")
    if isinstance(certs, Mapping) and "SSL_CERT_DIR" not in have:
        yield f"{controller.ref} has no SSL_CERT_DIR, so it does not trust the CA of the registry: {_ASK}"
    for name, text in _variables(asked):
        found = have[name].text() if name in have else ""
        if not set(text.split(",")) <= set(found.split(",")):
            yield f"{controller.ref} has {name}: {found or 'nothing'}, not {text}: {_ASK}"


def _variables(asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    server = KubeObject(ObjectRef("v1", "KnativeServing", DEFAULT_NAMESPACE, ""), {"spec": dict(asked)}, Source())
    for name, setting in controller_environment(Knative(server=server), ()).items():
        yield name, setting.text()
