"""A simulated External Secrets Operator with its real CustomResourceDefinition: a Secret for every ExternalSecret.

Supports only what the environment uses: `data` with keys of a store, and the type in `target.template`.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import threading

import yaml

from tests.live.bed import binaries
from tests.live.bed.api import Api, ApiError, Object, until

KIND = "external-secrets.io/v1/ExternalSecret"
CRD = "external-secrets.io_externalsecrets.yaml"


def definition() -> Object:
    """The CustomResourceDefinition of ExternalSecret."""
    found: Object = yaml.safe_load((binaries.files("external-secrets") / CRD).read_text(encoding="utf-8"))
    return found


class ExternalSecrets:
    """store: content of the ClusterSecretStore, {key: content}."""

    def __init__(self, api: Api) -> None:
        self.store: dict[str, bytes] = {}
        self._api = api
        self._stopping = threading.Event()

    def start(self) -> None:
        """Install the kind, and create Secrets from then on."""
        self._api.apply(definition())
        until("CRD of ExternalSecret", lambda: self._api.path(KIND), 20)
        threading.Thread(target=self._loop, name="external-secrets", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def _loop(self) -> None:
        while not self._stopping.wait(0.3):
            with contextlib.suppress(ApiError, OSError, http.client.HTTPException, KeyError, ValueError):
                for found in self._api.list(KIND):
                    self._make(found)

    def _make(self, found: Object) -> None:
        meta, spec = found["metadata"], found["spec"]
        target = spec["target"]
        if self._api.find("v1/Secret", target["name"], meta["namespace"]):
            return
        data = {
            item["secretKey"]: base64.b64encode(self.store[item["remoteRef"]["key"]]).decode() for item in spec["data"]
        }
        named = {"name": target["name"], "namespace": meta["namespace"]}
        kind = target["template"]["type"]
        self._api.create({"apiVersion": "v1", "kind": "Secret", "metadata": named, "type": kind, "data": data})
