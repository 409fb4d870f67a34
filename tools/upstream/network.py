"""Finds out fast whether a host can be reached: in a closed network a pull must not hang for minutes."""

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
    """Asks all hosts at the same time, so that many that do not answer cost as long as one."""
    origins = sorted({_origin(url) for url in urls})
    with ThreadPoolExecutor(max_workers=len(origins) or 1) as pool:
        list(pool.map(_problem, origins))


def require(url: str) -> None:
    """Returns when the URL's host answers, directly or through the proxy of the environment.

    Raises:
        Unavailable: it does not answer within three seconds. Each host is asked once.
    """
    problem = _problem(_origin(url))
    if problem:
        raise Unavailable(f"{urlsplit(url).netloc}: {problem}")


def _origin(url: str) -> str:
    """Where to knock: a registry (oci://) speaks HTTPS."""
    parts = urlsplit(url)
    return f"{'http' if parts.scheme == 'http' else 'https'}://{parts.netloc}/"


@cache
def _problem(origin: str) -> str:
    """Empty when the host answers, else what is wrong."""
    answer: list[str] = []
    # A thread: the timeout of urllib leaves out looking up the name, which is what hangs without a network.
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
        return ""  # it answers: what it thinks of this path does not matter
    except urllib.error.URLError as error:
        return "not in reach" if "Errno" in str(error.reason) else str(error.reason)
    except (OSError, ValueError) as error:
        return str(error) or "not in reach"
