# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The keys of Secrets and ConfigMaps that controllers make of other objects.

external-secrets pkg/controllers/externalsecret (template.go: a template with data replaces what is fetched, unless its
mergePolicy is Merge); cert-manager pkg/apis/certmanager/v1/types_certificate.go; sealed-secrets pkg/apis; trust-manager
pkg/apis/trust/v1alpha1/types_bundle.go, whose targets have the name of the Bundle in every namespace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.manifests.objects import KubeObject, dig, mappings_of

_OF_CERTIFICATES = ("tls.crt", "tls.key", "ca.crt")
_OF_KEYSTORES = {"jks": ("keystore.jks", "truststore.jks"), "pkcs12": ("keystore.p12", "truststore.p12")}
_OF_FORMATS = {"DER": "key.der", "CombinedPEM": "tls-combined.pem"}
_EVERYWHERE = ""
Keys = set[str] | None
Made = dict[tuple[str, str, str], tuple[KubeObject, frozenset[str]]]


def made_keys(cluster: Cluster) -> Made:
    """By kind, namespace and name: the only object that makes it, and all keys that it gives it."""
    makers: dict[tuple[str, str, str], list[tuple[KubeObject, Keys]]] = {}
    for obj in cluster.of_kind("ExternalSecret", "SealedSecret", "Certificate"):
        name, keys = _READERS[obj.kind](obj)
        makers.setdefault(("Secret", obj.namespace, name), []).append((obj, keys if obj.source.whole else None))
    for obj in cluster.of_kind("Bundle"):
        for kind, keys in _bundle(obj):
            makers.setdefault((kind, _EVERYWHERE, obj.name), []).append((obj, keys if obj.source.whole else None))
    return {
        place: (found[0][0], frozenset(found[0][1]))
        for place, found in makers.items()
        if len(found) == 1 and found[0][1] and not cluster.find(*place)
    }


def maker_of(made: Made, kind: str, namespace: str, name: str) -> tuple[KubeObject, frozenset[str]] | None:
    """The object that makes a Secret or ConfigMap, and the keys; None if nothing does, or its keys are not known."""
    return made.get((kind, namespace, name)) or made.get((kind, _EVERYWHERE, name))


def _external(obj: KubeObject) -> tuple[str, Keys]:
    target = obj.mapping("spec", "target")
    name = str(target.get("name") or obj.name)
    if obj.get("spec", "dataFrom") or target.get("creationPolicy") in ("Merge", "None"):
        return name, None
    fetched = {str(item["secretKey"]) for _, item in mappings_of(obj.get("spec", "data")) if item.get("secretKey")}
    template = target.get("template")
    if not isinstance(template, Mapping):
        return name, fetched
    if template.get("templateFrom"):
        return name, None
    data = template.get("data")
    written = {str(key) for key in data} if isinstance(data, Mapping) else set()
    return name, written | fetched if template.get("mergePolicy") == "Merge" or not written else written


def _sealed(obj: KubeObject) -> tuple[str, Keys]:
    name = dig(obj.body, "spec", "template", "metadata", "name") or obj.name
    keys = {*obj.mapping("spec", "encryptedData"), *obj.mapping("spec", "template", "data")}
    return str(name), {str(key) for key in keys}


def _certificate(obj: KubeObject) -> tuple[str, Keys]:
    return str(obj.get("spec", "secretName")), {*_OF_CERTIFICATES, *_more(obj)}


def _more(obj: KubeObject) -> Iterator[str]:
    for kind in obj.mapping("spec", "keystores"):
        yield from _OF_KEYSTORES.get(str(kind), ())
    for _, item in mappings_of(obj.get("spec", "additionalOutputFormats")):
        yield _OF_FORMATS.get(str(item.get("type")), "")


def _bundle(obj: KubeObject) -> Iterator[tuple[str, Keys]]:
    target = obj.mapping("spec", "target")
    formats = target.get("additionalFormats")
    more = {str(dig(item, "key")) for item in (formats.values() if isinstance(formats, Mapping) else ())}
    for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        key = dig(target, field, "key")
        if isinstance(key, str):
            yield kind, {key, *more}


_READERS: dict[str, Any] = {"ExternalSecret": _external, "SealedSecret": _sealed, "Certificate": _certificate}
