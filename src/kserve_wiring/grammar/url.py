# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""URLs and their hosts as Go's net/url parses them."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import unquote

# Characters that net/url keeps unescaped in a host: these, and all beyond ASCII. It never keeps a percent sign.
_HOST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:<>\"\]-]|[^\x00-\x7f])*")
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def split_url(text: str) -> tuple[str, str] | None:
    """Host with port, and path, of an http or https URL; None if Go's net/url.Parse refuses it."""
    scheme, _, rest = text.partition("://")
    if scheme not in ("http", "https") or any(char < " " or char == "\x7f" for char in text):
        return None
    rest = rest.partition("#")[0].partition("?")[0]
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if at and _USER.fullmatch(user) is None:
        return None
    if not is_url_host(host, strict_colons=True) or _BAD_ESCAPE.search(path):
        return None
    return host, unquote(slash + path)


def is_url_host(host: str, *, strict_colons: bool = False) -> bool:
    """True if Go's net/url accepts a host with an optional port unchanged (url.go parseHost).

    strict_colons: as for the schemes http and https, at most one colon.
    """
    if host.startswith("["):
        address, _, port = host[1:].rpartition("]")
        return _is_ipv6(address) and re.fullmatch(r"(?::[0-9]*)?", port) is not None
    name, colon, port = host.rpartition(":")
    if colon and not re.fullmatch("[0-9]*", port):
        return False
    if strict_colons and ":" in name:
        return False
    return _HOST.fullmatch(host) is not None


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return "%" not in text
