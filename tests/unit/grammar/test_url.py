"""URLs and hosts as net/url of Go parses them."""

from __future__ import annotations

import pytest

from kserve_wiring.grammar.url import is_url_host, split_url


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://harbor.corp.local:8443/v2/?a#b", ("harbor.corp.local:8443", "/v2/")),
        ("http://user:word@a.b/%6dl", ("a.b", "/ml")),
        ("https://[fd00::1]:5000", ("[fd00::1]:5000", "")),
        ("HTTPS://a.b", None),
        ("oci://a.b", None),
        ("a.b/c", None),
        ("https://a.b/%zz", None),
        ("https://a.b:x", None),
        ("https://us er@a.b", None),
        ("https://a.b/\x7f", None),
    ],
)
def test_split_url(text: str, parts: tuple[str, str] | None) -> None:
    assert split_url(text) == parts


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("a.b", True),
        ("a.b:", True),
        ("a.b:80", True),
        ("a.b:http", False),
        ("[::1]:80", True),
        ("[::1%eth0]", False),
        ("[::x]", False),
        ("[::1]80", False),
        ("a b", False),
        ("a%41", False),
        ("\u00e9.io", True),
    ],
)
def test_is_url_host(host: str, taken: bool) -> None:
    assert is_url_host(host) is taken


def test_http_has_one_colon_at_most() -> None:
    assert is_url_host("a:b:80")
    assert not is_url_host("a:b:80", strict_colons=True)
