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
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.hops import Entry, Hops
from kserve_wiring.doctor.messages import Message
from kserve_wiring.doctor.transport import NoWayError, Transport
from kserve_wiring.manifests.objects import KubeObject, dig

KINDS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
CRD = "CustomResourceDefinition"
_AT_ONCE = 4
_PLATFORM = re.compile(r"knative|kserve|istio|cert-manager")
_PORT = 443
"""Of a webhook that names none (k8s.io/api admissionregistration/v1, ServiceReference)."""
_SELF_SIGNED = 18
"""X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT. Knative's webhooks have certificates with the name of their CA and no key
identifier (knative.dev/pkg webhook/certificates/resources/certs.go). The API server finds the CA all the same, OpenSSL
does not look for it, so this error says nothing."""
_DATES = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""
_CERTIFICATES = {"tls.crt", "server-cert.pem"}
"""Keys of a Secret (k8s.io/api core/v1 TLSCertKey; knative.dev/pkg webhook/certificates/resources ServerCert)."""
_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME, which Python's ssl does not name."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook that stops requests if it fails. configuration: a CRD if it converts. bundle: its caBundle."""

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
        if self.configuration.kind == CRD:
            return f'conversion webhook for {self.name} failed: Post "{url}": {why}'
        return f'failed calling webhook "{self.name}": failed to call webhook: Post "{url}": {why}'


def webhooks(objects: Iterable[KubeObject]) -> Iterator[Webhook]:
    """One of those with the same Service and CA. Of those that convert, the ones with something to convert."""
    objects = list(objects)
    kinds = {(obj.group, obj.kind) for obj in objects}
    seen = set()
    for obj in objects:
        if obj.kind == CRD and (str(obj.get("spec", "group")), str(obj.get("spec", "names", "kind"))) not in kinds:
            continue
        for found in _all(obj):
            if (found.service, found.namespace, found.port, found.bundle) not in seen:
                seen.add((found.service, found.namespace, found.port, found.bundle))
                yield found


def _all(obj: KubeObject) -> Iterator[Webhook]:
    if obj.kind in KINDS:
        for item in obj.mappings("webhooks"):
            name = str(dig(item, "name") or "")
            if dig(item, "failurePolicy") != "Ignore" and _PLATFORM.search(obj.name + name):
                yield from _webhook(obj, name, dig(item, "clientConfig"))
    elif obj.kind == CRD and _PLATFORM.search(obj.name):
        yield from _webhook(obj, _conversion(obj), obj.get("spec", "conversion", "webhook", "clientConfig"))


def _conversion(crd: KubeObject) -> str:
    """The kind as the API server names it when it converts. Between versions it does, so a single one needs none."""
    served = [str(one.get("name")) for one in crd.mappings("spec", "versions") if one.get("served")]
    if len(served) < 2:
        return ""
    return f"{crd.get('spec', 'group')}/{served[0]}, Kind={crd.get('spec', 'names', 'kind')}"


def _webhook(obj: KubeObject, name: str, client: object) -> Iterator[Webhook]:
    service = dig(client, "service")
    if name and isinstance(service, dict):
        port = service.get("port")
        place = (str(service.get("name")), str(service.get("namespace")))
        bundle, path = str(dig(client, "caBundle") or ""), str(service.get("path") or "")
        yield Webhook(obj, name, *place, port if isinstance(port, int) else _PORT, path, bundle)


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
    try:
        _handshake(webhook, entry, transport, timeout)
    except NoWayError as error:
        return False, str(error)
    except ssl.SSLCertVerificationError as error:
        if webhook.ca.strip() and error.verify_code == _SELF_SIGNED:
            return True, ""
        why = error.verify_message
        if error.verify_code in _DATES:
            why = _date(webhook, entry, transport, timeout) or why
        return True, webhook.failed(f"tls: failed to verify certificate: x509: {why}")
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


def _handshake(webhook: Webhook, entry: Entry, transport: Transport, timeout: float, flags: int = 0) -> list[Any]:
    """Do it as the API server does, and return the certificates that it needs: of the server and of the CAs."""
    assert entry.pod is not None  # the caller has asked
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Go trusts each certificate of its pool.
    context.verify_flags = ssl.VerifyFlags(context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN | flags)
    if webhook.ca.strip():
        context.load_verify_locations(cadata=webhook.ca)
    host = f"{webhook.service}.{webhook.namespace}.svc"
    with (
        transport.connect(entry.pod, entry.port, timeout) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        return [connection.getpeercert(), *context.get_ca_certs()]


def _date(webhook: Webhook, entry: Entry, transport: Transport, timeout: float) -> str:
    """What Go says of a certificate out of its time, which OpenSSL does not name; "" if it is none now."""
    try:
        certificates = _handshake(webhook, entry, transport, timeout, _NO_CHECK_TIME)
    except (NoWayError, OSError):
        return ""
    now = time.time()
    ends = min(ssl.cert_time_to_seconds(one["notAfter"]) for one in certificates)
    begins = max(ssl.cert_time_to_seconds(one["notBefore"]) for one in certificates)
    order = f"after {_time(ends)}" if ends < now else f"before {_time(begins)}"
    return f"certificate has expired or is not yet valid: current time {_time(now)} is {order}"


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def failing(collected: Collected, hops: Hops) -> Iterator[Message]:
    """The webhooks that have no Service or no ready Pod, or whose answer is wrong."""
    whole = hops.sees_all_namespaces
    for one in webhooks(collected.objects):
        entry = hops.of_service(one.namespace, one.service, one.port)
        text = one.failed(entry.why) if whole and entry.why else collected.webhooks.get(one.key, "")
        if text:
            secret = _secret(one, entry, collected.objects) if "x509" in text else ""
            yield Message(one.configuration, f"webhook {one.name}{secret}", text)


def _secret(webhook: Webhook, entry: Entry, objects: Iterable[KubeObject]) -> str:
    """Where its certificate is: in a Secret that its Pod mounts, or that it writes itself, as Knative's do."""
    volumes = entry.pod.mappings("spec", "volumes") if entry.pod else ()
    mounted = {str(dig(volume, "secret", "secretName")) for volume in volumes}
    named = mounted | {f"{webhook.service}-certs", f"{webhook.service}-ca"}
    there = (obj for obj in objects if obj.kind == "Secret" and obj.namespace == webhook.namespace)
    found = next((obj for obj in there if obj.name in named and obj.mapping("data").keys() & _CERTIFICATES), None)
    return f", certificate of {found.ref}," if found else ""
