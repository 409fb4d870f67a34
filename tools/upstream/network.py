"""Find out quickly whether a host is reachable: in a closed network a pull must not hang for minutes."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from urllib.parse import urlsplit

from tools.upstream.modules import Unavailable

SECONDS = 3.0


def probe(urls: Iterable[str]) -> None:
    """Probe all hosts in parallel, so that many unreachable ones cost as much time as one."""
    origins = sorted({_origin(url) for url in urls})
    with ThreadPoolExecutor(max_workers=len(origins) or 1) as pool:
        list(pool.map(_problem, origins))


def require(url: str) -> None:
    """Return if the URL's host answers, directly or through the proxy of the environment.

    Raises Unavailable when it does not answer within three seconds. Probes each host once.
    """
    problem = _problem(_origin(url))
    if problem:
        raise Unavailable(f"{urlsplit(url).netloc}: {problem}")


def _origin(url: str) -> str:
    """The origin to probe. A registry (oci://) uses HTTPS."""
    parts = urlsplit(url)
    return f"{'http' if parts.scheme == 'http' else 'https'}://{parts.netloc}/"


@cache
def _problem(origin: str) -> str:
    """Empty if the host answers, else the problem."""
    answer: list[str] = []
    # In a thread: the timeout of urllib does not cover the DNS lookup, which hangs without a network.
    thread = threading.Thread(target=lambda: answer.append(_ask(origin)), daemon=True)
    thread.start()
    thread.join(SECONDS)
    return answer[0] if answer else "no answer"


def _ask(origin: str) -> str:
    request = urllib.request.Request(origin, method="HEAD")  # noqa: S310 - see _origin
    try:
        with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310 - see _origin
            return ""
    except urllib.error.HTTPError:
        return ""  # it answers; the status for this path does not matter
    except urllib.error.URLError as error:
        return "not in reach" if "Errno" in str(error.reason) else str(error.reason)
    except (OSError, ValueError) as error:
        return str(error) or "not in reach"
