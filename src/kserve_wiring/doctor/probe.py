# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Send a request to each model through its gateways, and say which hop answered."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from kserve_wiring.cluster.made_pods import MODEL_LABEL
from kserve_wiring.doctor.hops import INSIDE, Hops, Request
from kserve_wiring.doctor.messages import Message
from kserve_wiring.doctor.transport import NoWayError, Transport
from kserve_wiring.manifests.objects import KubeObject

_AT_ONCE = 8
_SHOWN_BODY = 200
_BEHIND = "x-envoy-upstream-service-time"
"""Envoy adds this header to an answer that it got from elsewhere, not to its own (docs: http_filters/router_filter)."""
_SHOWN = ("server", _BEHIND, "x-envoy-overloaded", "location", "www-authenticate")
_OF_MODELS = (MODEL_LABEL, "app.kubernetes.io/name")
"""Labels with the name of the model, of the Pods of InferenceServices and LLMInferenceServices."""
_NOT_THE_PATH = (400, 404, 405, 415, 422, 501)
"""What a model server answers that does not know the path. With text of its own, the request has arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. headers: with small letters."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: str

    @property
    def is_of_a_gateway(self) -> bool:
        """Envoy made it itself."""
        return "envoy" in self.headers.get("server", "") and _BEHIND not in self.headers

    @property
    def has_arrived(self) -> bool:
        """The model answered, or its path redirects or asks for a login."""
        if self.status < 400:
            return self.status not in (302, 303)
        if self.status in (401, 403):
            return not self.is_of_a_gateway and "RBAC: access denied" not in self.body
        return self.status in _NOT_THE_PATH and bool(self.body.strip()) and not self.is_of_a_gateway

    def __str__(self) -> str:
        """The parts that name the hop, as curl prints them."""
        shown = [f"{name}: {self.headers[name]}" for name in _SHOWN if name in self.headers]
        body = " ".join(self.body.split())[:_SHOWN_BODY]
        return ", ".join([f"HTTP/1.1 {self.status} {self.reason}", *shown, body or "no body"])


@dataclass(slots=True)
class Probe:
    """Sends the requests. sent, arrived: how many. unseen: the requests that could not be sent."""

    hops: Hops
    transport: Transport
    timeout: float
    sent: int = 0
    arrived: int = 0
    unseen: dict[str, None] = field(default_factory=dict)

    def __call__(self, models: Iterable[KubeObject]) -> Iterator[Message]:
        """What is wrong with the answers, of each model the first that explains the others."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for messages in pool.map(self._ask_all, models):
                yield from messages

    def _ask_all(self, model: KubeObject) -> list[Message]:
        """Messages about one model, from its predictor outwards: if that does not answer, nothing before it can.

        A request that arrives through a gateway has reached the Pods of the model, so these are asked only without one:
        kubectl starts once for each Pod that is asked.
        """
        requests: list[Request] = []
        for request in self.hops.requests(model):
            if isinstance(request, Request):
                requests.append(request)
            else:
                self.unseen[str(request)] = None
        own = [request for request in requests if _reaches_a_pod_of(model, request)]
        wrong, arrived = self._ask_in_turn(model, [request for request in requests if request not in own])
        if wrong or not arrived:
            wrong = [*self._ask_in_turn(model, own)[0], *wrong]
        return wrong[:1] if wrong and _is_predictor(wrong[0], model) else wrong

    def _ask_in_turn(self, model: KubeObject, requests: Iterable[Request]) -> tuple[list[Message], bool]:
        """What is wrong, up to a predictor that does not answer, and whether some request arrived."""
        wrong, arrived = list[Message](), False
        for request in requests:
            text = self._ask(request)
            arrived = arrived or text == ""
            if text:
                wrong.append(Message(model, f"request from {request.side}", text))
                if _is_predictor(wrong[0], model):
                    break
        return wrong, arrived

    def _ask(self, request: Request) -> str | None:
        """What is wrong with the answer; "" if the request arrives, None if it cannot be sent."""
        try:
            answer = self._answer(request)
        except NoWayError as error:
            self.unseen[str(error)] = None
            return None
        self.sent += 1
        if isinstance(answer, Answer) and answer.has_arrived:
            self.arrived += 1
            return ""
        return f"GET {request.url.geturl()} from {request.side}: {_by(answer, request)}{answer}"

    def _answer(self, request: Request) -> Answer | str:
        """The response, or the error as curl words it. Raises NoWayError."""
        pod, port = request.entry.pod, request.entry.port
        if pod is None:
            return request.entry.why
        where = f"port {port} of Pod {pod.namespace}/{pod.name}"
        try:
            return self._exchange(request, pod)
        except ssl.SSLError as error:
            return f"{where}: [SSL: {error.reason}] {getattr(error, 'verify_message', '') or error.strerror}"
        except TimeoutError:
            return f"{where}: no answer in {self.timeout:g} s"
        except ConnectionRefusedError:
            return f"Failed to connect to {request.url.hostname} port {port}: Connection refused by {where}"
        except (OSError, http.client.HTTPException) as error:
            if self.transport.is_refused(pod, port):
                return f"Failed to connect to {request.url.hostname} port {port}: Connection refused by {where}"
            text = "Empty reply from server" if isinstance(error, http.client.HTTPException) else str(error)
            return f"{where}: {text}"

    def _exchange(self, request: Request, pod: KubeObject) -> Answer:
        host = str(request.url.hostname)
        connection = http.client.HTTPConnection(host, timeout=self.timeout)
        connection.sock = self.transport.connect(pod, request.entry.port, self.timeout)
        try:
            if request.url.scheme == "https":
                connection.sock = self._encrypted(connection.sock, request, pod)
            headers = {"Host": request.url.netloc, "User-Agent": "kserve-wiring", "Connection": "close"}
            connection.request("GET", request.url.path, headers=headers)
            got = connection.getresponse()
            body = got.read(4096).decode(errors="replace")
            return Answer(got.status, got.reason, {name.lower(): value for name, value in got.getheaders()}, body)
        finally:
            connection.close()

    def _encrypted(self, plain: socket.socket, request: Request, pod: KubeObject) -> socket.socket:
        """TLS with a certificate that is valid now and for the host. Any CA will do: this machine may not have it."""
        host = str(request.url.hostname)
        with _context(None).wrap_socket(plain, server_hostname=host) as first:
            certificate = first.getpeercert(binary_form=True) or b""
        again = self.transport.connect(pod, request.entry.port, self.timeout)
        return _context(certificate).wrap_socket(again, server_hostname=host)


def _context(trusted: bytes | None) -> ssl.SSLContext:
    """A context that trusts exactly one certificate; without one, any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trusted is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    else:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=trusted)
    return context


def _by(answer: Answer | str, request: Request) -> str:
    """Which hop answered."""
    pod = request.entry.pod
    if isinstance(answer, str) or pod is None:
        return ""
    name = f"Pod {pod.namespace}/{pod.name}"
    if answer.is_of_a_gateway:
        return f"{name} answers itself: "
    return f"a hop behind {name} answers: " if _BEHIND in answer.headers else f"{name} answers: "


def _reaches_a_pod_of(model: KubeObject, request: Request) -> bool:
    """Whether a request goes to a Pod of the model itself, as it does in Standard mode."""
    pod = request.entry.pod
    return pod is not None and pod.namespace == model.namespace and model.name in map(pod.labels.get, _OF_MODELS)


def _is_predictor(message: Message, model: KubeObject) -> bool:
    return message.where == f"request from {INSIDE}" and f"//{model.name}-predictor." in message.text
