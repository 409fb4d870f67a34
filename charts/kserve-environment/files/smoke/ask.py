"""Request $URL until it returns 200, for at most $SECONDS seconds, and print every change of the outcome.

$HOST is the host of the request if it is not that of the URL: in Standard mode, the host of the model from outside.
Without it, a URL of a predictor leads past all gateways.

Exit with 0 on success. Otherwise exit with 1 and print a hint: the outcome of the request shows which setting is wrong,
but for most wrong settings the conditions of the InferenceService stay true.
"""

import os
import socket
import sys
import time
import urllib.error
import urllib.request

HINTS = {
    "no such host": "KServe's localGatewayService names a Service that does not exist",
    "connection refused": "no gateway Pod listens: compare the Gateway's selector and port with the gateway's Service",
    "404": "the gateway has no route: KServe's localGateway and Knative's local-gateways must name the same Gateway",
    "503": "the route has no healthy backend: check knativeLocalGatewayService and the model's Pods",
    "timed out": "a gateway or a model is not ready, or a NetworkPolicy drops the request",
}
STRAIGHT = {
    "no such host": "the model has no Service: look at the conditions of the InferenceService",
    "connection refused": "no Pod of the model listens: look at its Pods",
    "404": "the model has no such path",
    "503": "the model is not ready: look at its Pods",
    "timed out": "the model is not ready, or a NetworkPolicy drops the request",
}
OUTSIDE = HINTS | {
    "no such host": "the Service of the ingress gateway does not exist",
    "404": "the gateway has no route: compare host and namespace of the model's HTTPRoute with the Gateway's listeners"
    " or, with an Ingress, the label istio of the gateway's Pods with ingressSelector of istiod",
    "503": "the route has no healthy backend: check the model's Pods",
}


def seen(url: str, host: str = "") -> tuple[str, str]:
    """Send one request; return the outcome in plain words, and the body."""
    try:
        request = urllib.request.Request(url, headers={"Host": host} if host else {})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the chart wrote the URL
            return str(answer.status), answer.read(200).decode(errors="replace").strip()
    except urllib.error.HTTPError as error:
        return str(error.code), error.read(200).decode(errors="replace").strip()
    except (urllib.error.URLError, OSError) as error:
        return reason(error), ""


def reason(error: OSError) -> str:
    """Return a name for an error without an HTTP response."""
    cause = getattr(error, "reason", error)
    if isinstance(cause, socket.gaierror):
        return "no such host"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    return "timed out" if isinstance(cause, TimeoutError) else str(cause)


def main() -> int:
    """Send requests until one returns 200 or the time is over."""
    url, host, last = os.environ["URL"], os.environ.get("HOST", ""), ""
    deadline = time.monotonic() + float(os.environ["SECONDS"])
    while True:
        outcome, body = seen(url, host)
        if outcome != last:
            print(f"{url}{' for ' + host if host else ''}: {outcome} {body}".rstrip(), flush=True)
            last = outcome
        if outcome == "200":
            return 0
        if time.monotonic() >= deadline:
            hints = OUTSIDE if host else STRAIGHT if "-predictor." in url else HINTS
            print(f"gave up: {hints.get(outcome, 'see the conditions of the InferenceService')}", flush=True)
            return 1
        time.sleep(2)


if __name__ == "__main__":
    sys.exit(main())
