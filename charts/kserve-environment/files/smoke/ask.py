"""Ask the URL in $URL until it answers 200, at most $SECONDS seconds long; print every change of what was seen.

Exit code 0 when it answered, 1 when it did not, with a sentence on where to look: what a client sees says which
setting is wrong, while the conditions of the InferenceService stay true for most of them.
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
    "503": "the route leads nowhere: look at knativeLocalGatewayService and at the model's Pods",
    "timed out": "a gateway or a model is not ready, or a policy drops the request",
}


def seen(url: str) -> tuple[str, str]:
    """Send one request; return what a person would call the outcome, and the body."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the chart wrote the URL
            return str(answer.status), answer.read(200).decode(errors="replace").strip()
    except urllib.error.HTTPError as error:
        return str(error.code), error.read(200).decode(errors="replace").strip()
    except (urllib.error.URLError, OSError) as error:
        return reason(error), ""


def reason(error: OSError) -> str:
    """Name a failure that came before any answer."""
    cause = getattr(error, "reason", error)
    if isinstance(cause, socket.gaierror):
        return "no such host"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    return "timed out" if isinstance(cause, TimeoutError) else str(cause)


def main() -> int:
    """Ask until the answer is 200 or the time is over."""
    url, deadline, last = os.environ["URL"], time.monotonic() + float(os.environ["SECONDS"]), ""
    while True:
        outcome, body = seen(url)
        if outcome != last:
            print(f"{url}: {outcome} {body}".rstrip(), flush=True)
            last = outcome
        if outcome == "200":
            return 0
        if time.monotonic() >= deadline:
            print(f"gave up: {HINTS.get(outcome, 'see the conditions of the InferenceService')}", flush=True)
            return 1
        time.sleep(2)


if __name__ == "__main__":
    sys.exit(main())
