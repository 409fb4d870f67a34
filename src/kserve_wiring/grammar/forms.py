# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Forms of text that are easily taken for each other: hosts and URLs, paths and names, tags and digests."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kserve_wiring.grammar.values import parse_duration

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HTTP = re.compile(r"https?://[^/]", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9._-]*[A-Za-z0-9])?(:\d+)?(/.*)?")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[a-z0-9]+:[0-9a-f]{32,}")


@dataclass(frozen=True, slots=True)
class Form:
    """wanted: as a message says it. write: the text in this form, itself if it fits, "" if that is not known."""

    wanted: str
    write: Callable[[str], str]


def bare_host(text: str) -> str:
    """A host without scheme, port, path and dot at its end, in lower case."""
    host = _SCHEME.sub("", text.strip(), count=1).partition("/")[0]
    return re.sub(r":\d+$", "", host).rstrip(".").lower()


def _external_name(text: str) -> str:
    if re.fullmatch(r"\d+(\.\d+){3}", text):
        return ""  # it is not resolved: an IP address is no name
    return text if bare_host(text) == text.rstrip(".").lower() else bare_host(text)


def _scoped_host(text: str) -> str:
    scope, slash, host = text.partition("/") if "://" not in text else ("", "", text)
    return f"{scope}{slash}{bare_host(host)}"


def _url(text: str, scheme: str = "http") -> str:
    if _HTTP.match(text):
        return text
    return f"{scheme}://{text}" if _HOST.fullmatch(text) and ("." in text or ":" in text) else ""


def _absolute(text: str) -> str:
    return text if text.startswith(("/", "\\")) or ":" in text else f"/{text}"


def _relative(text: str) -> str:
    return text if not text.startswith("/") else text.lstrip("/")


def _matched_path(text: str) -> str:
    return text if text.startswith(("/", "*", "{")) else f"/{text}"


def _tag(text: str) -> str:
    return text if _TAG.fullmatch(text) else ""


def _digest(text: str) -> str:
    return text if _DIGEST.fullmatch(text) else ""


def _image_name(text: str) -> str:
    head, slash, last = text.partition("@")[0].rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def _duration(text: str) -> str:
    for better in (text, text.lower()):
        try:
            parse_duration(better)
        except ValueError:
            continue
        return better
    return ""


HOST = Form("a host, in lower case, without scheme, port, path and dot at its end", bare_host)
EXTERNAL_NAME = Form("a host name without scheme, port and path, and no IP address", _external_name)
SCOPED_HOST = Form("a host without scheme and port, with a namespace and a slash before it at most", _scoped_host)
URL = Form("a URL with http:// or https://", _url)
HTTPS_URL = Form("a URL with https://", lambda text: _url(text, "https"))
ABSOLUTE = Form("a path that begins with a slash", _absolute)
RELATIVE = Form("a path that does not begin with a slash", _relative)
MATCHED_PATH = Form("a path that begins with a slash", _matched_path)
UPPER = Form("text in upper case", str.upper)
PRINCIPAL = Form("an identity without spiffe://", lambda text: text.removeprefix("spiffe://"))
TAG = Form("a tag", _tag)
DURATION = Form("a duration such as 10s or 1m30s", _duration)
DIGEST = Form("a digest, sha256: and 64 hex digits", _digest)
IMAGE_NAME = Form("the name of an image without tag and digest", _image_name)
SCHEME = Form("http or https", lambda text: text if text in ("http", "https") else text.lower().rstrip(":/"))
