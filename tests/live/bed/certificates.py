"""A simulated cert-manager: its commands are Go modules of their own, which the module proxy does not have.

It does what the environment needs: a Secret for every Certificate, the CA in annotated objects, and a webhook that
allows everything of cert-manager.io.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.live.bed.api import Api, ApiError, Object
from tests.live.bed.control_plane import issue

PORT = 10250
INJECTED = (
    "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration",
    "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration",
)
CRD = "apiextensions.k8s.io/v1/CustomResourceDefinition"
ANNOTATIONS = ("cert-manager.io/inject-ca-from", "cert-manager.io/inject-ca-from-secret")


class Certificates:
    """Issues from the bed's own CA, <keys>/ca.crt."""

    def __init__(self, api: Api, keys: Path) -> None:
        self._api, self._keys = api, keys
        self._bundle = base64.b64encode((keys / "ca.crt").read_bytes()).decode()
        self._stopping = threading.Event()

    def start(self) -> None:
        _webhook(self._keys)
        threading.Thread(target=self._loop, name="certificates", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def _loop(self) -> None:
        while not self._stopping.wait(0.3):
            with contextlib.suppress(ApiError, OSError, http.client.HTTPException, KeyError, ValueError):
                self._issue_all()
                self._inject_all()

    def _issue_all(self) -> None:
        for certificate in self._api.list("cert-manager.io/v1/Certificate"):
            meta, spec = certificate["metadata"], certificate["spec"]
            if "conditions" not in certificate.get("status", {}):
                # Before the Secret, without which the Pod of the webhook does not start.
                self._inject_crds(f"{meta['namespace']}/{meta['name']}")
                self._inject_all()
            if self._api.find("v1/Secret", spec["secretName"], meta["namespace"]) is None:
                self._api.create(self._secret(certificate))
            self._ready("cert-manager.io/v1/Certificate", certificate)
        for issuer in self._api.list("cert-manager.io/v1/Issuer"):
            self._ready("cert-manager.io/v1/Issuer", issuer)

    def _ready(self, kind: str, found: Object) -> None:
        if "conditions" in found.get("status", {}):
            return
        meta, stamp = found["metadata"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": stamp}
        self._api.patch(kind, meta["name"], meta["namespace"], {"status": {"conditions": [ready]}}, "status")

    def _secret(self, certificate: Object) -> Object:
        """It goes with the Certificate, as with `--enable-certificate-owner-ref` of cert-manager."""
        namespace, spec = certificate["metadata"]["namespace"], certificate["spec"]
        name = f"{namespace}-{spec['secretName']}"
        issue(self._keys, name, *spec["dnsNames"])
        files = {"tls.crt": f"{name}.crt", "tls.key": f"{name}.key", "ca.crt": "ca.crt"}
        data = {key: base64.b64encode((self._keys / file).read_bytes()).decode() for key, file in files.items()}
        owner = {key: certificate[key] for key in ("apiVersion", "kind")}
        owner |= {key: certificate["metadata"][key] for key in ("name", "uid")}
        meta = {"name": spec["secretName"], "namespace": namespace, "ownerReferences": [owner]}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "kubernetes.io/tls", "data": data}

    def _inject_all(self) -> None:
        for kind in INJECTED:
            for found in self._api.list(kind):
                if any(key in found["metadata"].get("annotations", {}) for key in ANNOTATIONS):
                    self._inject(kind, found)

    def _inject_crds(self, certificate: str) -> None:
        """Once for a new Certificate: the charts have their CRDs before it."""
        patch = [{"op": "add", "path": "/spec/conversion/webhook/clientConfig/caBundle", "value": self._bundle}]
        for found in self._api.metadata(CRD):
            if found.get("annotations", {}).get(ANNOTATIONS[0]) == certificate:
                self._api.patch(CRD, found["name"], "", patch)

    def _inject(self, kind: str, found: Object) -> None:
        patch = [
            {"op": "add", "path": f"/webhooks/{number}/clientConfig/caBundle", "value": self._bundle}
            for number, webhook in enumerate(found["webhooks"])
            if webhook["clientConfig"].get("caBundle") != self._bundle
        ]
        if patch:
            self._api.patch(kind, found["metadata"]["name"], "", patch)


class _Allow(BaseHTTPRequestHandler):
    """Allows every AdmissionReview."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        response = {"uid": review["request"]["uid"], "allowed": True}
        body = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Log nothing."""


def _webhook(keys: Path) -> None:
    hosts = ("cert-manager-webhook.cert-manager.svc", "pki-cert-manager-webhook.platform-pki.svc")
    issue(keys, "cert-manager-webhook", *hosts)
    server = ThreadingHTTPServer(("0.0.0.0", PORT), _Allow)  # noqa: S104 - the namespace has no outside
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "cert-manager-webhook.crt", keys / "cert-manager-webhook.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, name="cert-manager-webhook", daemon=True).start()
