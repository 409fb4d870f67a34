# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Objects and logs without credentials. A Secret keeps its type, its keys, and the hosts of a pull Secret."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from kserve_wiring.doctor.pasted import without_secrets

GONE = "REDACTED"
_NAMES = re.compile(r"(?i)passw|passphrase|secret|token|api_?key|access_?key|private_?key|credentials?_")
# The value is the name of a Secret, which the rules compare.
_NAME_OF_A_SECRET = re.compile(r"(?i)(?:pull_?secrets?|secret_?name)$")
_NOISE = ("managedFields",)
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_PULL = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}


def redacted(body: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an object without credentials."""
    copy: dict[str, Any] = _value(body, "")
    metadata = copy.get("metadata")
    if isinstance(metadata, dict):
        for key in _NOISE:
            metadata.pop(key, None)
        if isinstance(metadata.get("annotations"), dict):
            metadata["annotations"].pop(_APPLIED, None)
    if body.get("kind") == "Secret":
        copy.pop("stringData", None)
        copy["data"] = _secret(body)
    return copy


def _value(value: Any, name: str) -> Any:
    """A value without credentials. name: of the environment variable, or of the key of a ConfigMap, "" for others."""
    if isinstance(value, Mapping):
        env = str(value.get("name", "")) if isinstance(value.get("value"), str) else ""
        copy = {key: _value(item, env if key == "value" else "") for key, item in value.items()}
        if value.get("caBundle"):
            # A certificate is no credential, but its text is in Secrets, too. Its hash tells one from another.
            copy["caBundle"] = f"sha256:{hashlib.sha256(str(value['caBundle']).encode()).hexdigest()}"
        return copy | _data(value) if value.get("kind") == "ConfigMap" else copy
    if isinstance(value, list):
        return [_value(item, "") for item in value]
    if isinstance(value, str):
        is_credential = _NAMES.search(name) and not _NAME_OF_A_SECRET.search(name)
        return GONE if value and is_credential else without_secrets(value)
    return value


def _data(value: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a ConfigMap, whose keys name what they hold."""
    data = value.get("data")
    if not isinstance(data, Mapping):
        return {}
    return {"data": {key: _value(item, str(key)) for key, item in data.items()}}


def _secret(body: Mapping[str, Any]) -> dict[str, str]:
    data = {**_mapping(body, "stringData"), **_mapping(body, "data")}
    kept = {str(key): "" for key in data}
    key = _PULL.get(str(body.get("type")), "")
    if key in data:
        kept[key] = base64.b64encode(json.dumps(_hosts(body, key)).encode()).decode()
    return kept


def _mapping(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = body.get(key)
    return value if isinstance(value, Mapping) else {}


def _hosts(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The registries of a pull Secret, without an account."""
    empty: dict[str, Any] = {}
    try:
        text = _mapping(body, "stringData").get(key) or base64.b64decode(_mapping(body, "data")[key])
        content = json.loads(text)
        hosts = content.get("auths", {}) if key == ".dockerconfigjson" else content
        empty = {str(host): {} for host in hosts}
    except (ValueError, TypeError, AttributeError, KeyError):
        pass  # not a pull Secret that a program could read either
    return {"auths": empty} if key == ".dockerconfigjson" else empty
