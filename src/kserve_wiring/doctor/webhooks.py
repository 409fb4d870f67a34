# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The webhooks of the platform, called as the API server does: by Service, with the CA of their configuration.

k8s.io/apiserver pkg/util/webhook/client.go: the server name is ``service.namespace.svc``.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.hops import Entry, Hops
from kserve_wiring.doctor.messages import Message
from kserve_wiring.doctor.transport import NoWayError, Transport
from kserve_wiring.manifests.objects import KubeObject, dig

KINDS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_AT_ONCE = 4
_PLATFORM = re.compile(r"knative|kserve|istio|cert-manager")
_PORT = 443
"""Of a webhook that names none (k8s.io/api admissionregistration/v1, ServiceReference)."""
_SELF_SIGNED = 18
"""X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT. Knative's webhooks have certificates with the name of their CA and no key
identifier (knative.dev/pkg webhook/certificates/resources/certs.go). The API server finds the CA all the same, OpenSSL
does not look for it, so this error says nothing."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook that stops requests if it fails. bundle: its caBundle."""

    configuration: KubeObject
    name: str
    service: str
    namespace: str
    port: int
    path: str
    bundle: str

    @property
    def ca(self) -> str:
        """The certificates of its caBundle as PEM; "" if it is none."""
        try:
            return base64.b64decode(self.bundle).decode("ascii")
        except (ValueError, binascii.Error):
            return ""

    @property
    def key(self) -> str:
        """The same for webhooks that are called alike."""
        return f"{self.configuration.kind}/{self.configuration.name}/{self.name}"

    def failed(self, why: str) -> str:
        """What the API server prints."""
        url = f"https://{self.service}.{self.namespace}.svc:{self.port}{self.path}"
        return f'failed calling webhook "{self.name}": failed to call webhook: Post "{url}": {why}'


def webhooks(objects: Iterable[KubeObject]) -> Iterator[Webhook]:
    """One of those with the same Service and CA."""
    seen = set()
    for obj in objects:
        for item in obj.mappings("webhooks") if obj.kind in KINDS else ():
            found = _webhook(obj, item)
            if found and (found.service, found.namespace, found.port, found.bundle) not in seen:
                seen.add((found.service, found.namespace, found.port, found.bundle))
                yield found


def _webhook(obj: KubeObject, item: object) -> Webhook | None:
    name, service = str(dig(item, "name") or ""), dig(item, "clientConfig", "service")
    if dig(item, "failurePolicy") == "Ignore" or not isinstance(service, dict) or not _PLATFORM.search(obj.name + name):
        return None
    port = service.get("port")
    place = (str(service.get("name")), str(service.get("namespace")))
    bundle = str(dig(item, "clientConfig", "caBundle") or "")
    return Webhook(obj, name, *place, port if isinstance(port, int) else _PORT, str(service.get("path") or ""), bundle)


def add_answers(collected: Collected, hops: Hops, transport: Transport, timeout: float) -> None:
    """Add what is wrong with each webhook that has a Pod, "" if nothing is; or why it cannot be called."""
    entries = [(one, hops.of_service(one.namespace, one.service, one.port)) for one in webhooks(collected.objects)]
    entries = [(one, entry) for one, entry in entries if entry.pod is not None]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(lambda item: _call(item[0], item[1], transport, timeout), entries)
        for (one, _), (answered, text) in zip(entries, answers, strict=True):
            if answered:
                collected.webhooks[one.key] = text
            else:
                collected.unseen.append(f'webhook "{one.name}": {text}')


def _call(webhook: Webhook, entry: Entry, transport: Transport, timeout: float) -> tuple[bool, str]:
    """Whether it could be called, and what is wrong. Only the handshake: a review would need an object."""
    assert entry.pod is not None  # the caller has asked
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as Go trusts each certificate of its pool
    try:
        if webhook.ca.strip():
            context.load_verify_locations(cadata=webhook.ca)
        with transport.connect(entry.pod, entry.port, timeout) as plain:
            context.wrap_socket(plain, server_hostname=f"{webhook.service}.{webhook.namespace}.svc").close()
    except NoWayError as error:
        return False, str(error)
    except ssl.SSLCertVerificationError as error:
        if webhook.ca.strip() and error.verify_code == _SELF_SIGNED:
            return True, ""
        return True, webhook.failed(f"tls: failed to verify certificate: x509: {error.verify_message}")
    except ssl.SSLError as error:
        if "EOF" in str(error) and transport.is_refused(entry.pod, entry.port):
            return True, webhook.failed("connect: connection refused")
        return True, webhook.failed(f"x509: {error.reason}")
    except TimeoutError:
        return True, webhook.failed("context deadline exceeded")
    except OSError as error:
        refused = isinstance(error, ConnectionRefusedError) or transport.is_refused(entry.pod, entry.port)
        return True, webhook.failed("connect: connection refused" if refused else f"connect failed: {error.strerror}")
    return True, ""


def failing(collected: Collected, hops: Hops) -> Iterator[Message]:
    """The webhooks that have no Service or no ready Pod, or whose answer is wrong."""
    whole = hops.sees_all_namespaces
    for one in webhooks(collected.objects):
        why = hops.of_service(one.namespace, one.service, one.port).why if whole else ""
        text = one.failed(why) if why else collected.webhooks.get(one.key, "")
        if text:
            yield Message(one.configuration, f"webhook {one.name}", text)
