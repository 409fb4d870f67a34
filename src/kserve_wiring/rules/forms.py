# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW532: hosts, URLs, paths, tags and digests where another one of them is read (wire W10)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from kserve_wiring.cluster.argocd import sources
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.forms import PLACES, FormRow
from kserve_wiring.cluster.paths import POD, Place
from kserve_wiring.grammar import forms
from kserve_wiring.grammar.forms import Form
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, because, set_to

_NO_HOST = "KServe and Knative build host names from it"
_INGRESS = {
    "ingressDomain": (forms.HOST, _NO_HOST),
    "localGatewayService": (forms.HOST, "KServe routes to it by name"),
    "knativeLocalGatewayService": (forms.HOST, "KServe routes to it by name"),
    "ingressService": (forms.HOST, "KServe routes to it by name"),
    "urlScheme": (forms.SCHEME, "KServe puts it before ://"),
}


@rule("KW532", skips_open=True)
def other_forms(cluster: Cluster) -> Iterator[Draft]:
    """What reads such a text compares it, or builds a longer one from it, and reports no error."""
    for obj in cluster.objects:
        if obj.kind == "Secret" and not obj.group:
            yield from _endpoints(obj)
        elif obj.kind != POD:
            yield from _at_places(obj, obj.kind)
            yield from _tags(obj)
    for pod in cluster.pods:
        yield from _at_places(pod.obj, POD, pod.path)
    config = cluster.isvc_config
    for key, (form, effect) in _INGRESS.items() if config is not None else ():
        setting = config.setting("ingress", key) if config is not None else None
        if setting is not None and setting.text():
            yield from _other(setting, form, effect)
    for domain, setting in cluster.knative.settings("domain").items():
        yield from _domain(domain, setting)


def _at_places(obj: KubeObject, kind: str, start: KeyPath = ()) -> Iterator[Draft]:
    for place in PLACES.texts(obj, kind, start):
        if _is_of(place, obj):
            setting = Setting(place.text, obj, place.path)
            yield from _other(setting, place.row.form, place.row.effect, place.row.level)


def _is_of(place: Place[FormRow], obj: KubeObject) -> bool:
    group, named = place.row.group, place.row.named
    if group and obj.group != ("" if group == "core" else group):
        return False
    return not named or place.holder.get("name") == named


def _other(setting: Setting, form: Form, effect: str, level: str = "") -> Iterator[Draft]:
    text = setting.text()
    better = form.write(text)
    if better != text:
        suggestion = set_to(setting, better) if better else f"write {form.wanted}"
        yield because(setting, f"it must be {form.wanted}; {effect}", suggestion, level=level)


def _tags(obj: KubeObject) -> Iterator[Draft]:
    """Values of charts: nearly every chart writes a tag behind a colon."""
    if obj.kind == "HelmRelease":
        yield from _tags_in(obj, ("spec", "values"))
    for path, _ in sources(obj) if obj.kind in ("Application", "ApplicationSet") else ():
        yield from _tags_in(obj, (*path, "helm", "valuesObject"))


def _tags_in(obj: KubeObject, path: KeyPath) -> Iterator[Draft]:
    for key, value in obj.mapping(*path).items():
        if isinstance(value, Mapping):
            yield from _tags_in(obj, (*path, str(key)))
        elif key in ("tag", "imageTag") and isinstance(value, str) and value.startswith("sha256:"):
            yield from _other(Setting(value, obj, (*path, str(key))), forms.TAG, "charts write it behind a colon")


def _domain(domain: str, setting: Setting) -> Iterator[Draft]:
    """A key of config-domain, which is the domain itself."""
    better = forms.bare_host(domain).removeprefix("*.")
    if better != domain and better and not domain.startswith("_"):
        place = Setting(domain, setting.obj, setting.path)
        yield because(place, f"it must be {forms.HOST.wanted}; {_NO_HOST}", f"rename the key to {better}")


def _endpoints(secret: KubeObject) -> Iterator[Draft]:
    """The endpoints in a Secret for ``storage.key``, which boto3 reads (kserve_storage.py)."""
    for key, text in secret.mapping("stringData").items():
        if isinstance(text, str) and '"endpoint_url"' in text:
            try:
                value = json.loads(text)
            except ValueError:
                continue
            endpoint = value.get("endpoint_url") if isinstance(value, Mapping) else None
            if isinstance(endpoint, str) and endpoint:
                path: KeyPath = ("stringData", str(key), "endpoint_url")
                yield from _other(Setting(endpoint, secret, path), forms.URL, "boto3 refuses another endpoint")
