"""net-istio is not on the Go module proxy: give its binaries by path, or the bed only simulates its Pods.

A simulated net-istio does not answer its webhooks, which would block every Deployment and config-istio. So the bed
removes them whenever the operator writes them. Then no Knative Service gets a route, and tests that need one skip.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import threading

from tests.live.bed.api import Api, ApiError

VARIABLES = ("NET_ISTIO_CONTROLLER", "NET_ISTIO_WEBHOOK")
WEBHOOKS = (
    ("admissionregistration.k8s.io/v1/MutatingWebhookConfiguration", "webhook.istio.networking.internal.knative.dev"),
    (
        "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration",
        "config.webhook.istio.networking.internal.knative.dev",
    ),
)


def missing() -> list[str]:
    """The variables that do not name a binary."""
    return [name for name in VARIABLES if not os.environ.get(name)]


class WithoutNetIstio:
    """Removes the webhooks, from `start` to `stop`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._stopping = threading.Event()

    def start(self) -> None:
        for kind, name in WEBHOOKS:
            threading.Thread(target=self._watch, args=(kind, name), name=name, daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def _watch(self, kind: str, name: str) -> None:
        while not self._stopping.wait(0.2):
            with contextlib.suppress(ApiError, OSError, http.client.HTTPException, ValueError):
                for event, found in self._api.watch(kind):
                    if event != "DELETED" and found.get("metadata", {}).get("name") == name:
                        self._api.delete(kind, name)
