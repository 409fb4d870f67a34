"""Our copies of upstream's functions give what upstream's own give, on thousands of generated inputs.

The other side is a Go program with the pinned modules. DIFFERENTIAL_EXAMPLES=20000 looks further than make test does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kserve_wiring.cluster.gateways import covers
from kserve_wiring.grammar.image import auth_key_matches, parse_image, resolves_over_http
from kserve_wiring.grammar.numbers import parse_bool, parse_float, parse_int, parse_uint
from kserve_wiring.grammar.regex import parse_regex
from kserve_wiring.grammar.values import is_dns1123_label, is_dns1123_subdomain, parse_duration, parse_quantity
from tests.upstream.functions import Upstream

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="Go is missing, which builds upstream's functions")

WIDER = os.environ.get("DIFFERENTIAL_EXAMPLES")
many = settings(
    max_examples=int(WIDER or 800),
    derandomize=not WIDER,
)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    running = Upstream()
    yield running
    running.close()


def pieces(*words: str, most: int = 8) -> st.SearchStrategy[str]:
    """Words in any order: near enough to the real thing to get past the first test of a parser."""
    return st.lists(st.sampled_from(words), max_size=most).map("".join)


# Not a.b:80:90: whether Go takes it depends on its version (https://go.dev/issue/78077).
HOSTS = st.sampled_from(
    [
        *("docker.io", "index.docker.io", "registry-1.docker.io", "harbor.corp.local", "harbor.corp.local:5000"),
        *("localhost", "localhost:5000", "127.0.0.1:5000", "10.0.0.1", "192.168.1.9:80", "172.15.0.1", "172.31.0.1"),
        *("[::1]:5000", "[fd00::1]", "quay.io", "quay.io:", "QUAY.io", "a.b:x", "a_b.c", "x.localhost", "my-host"),
        *("a.b:", "u@h.io", "h.io?q", "h.io#f", "%41.io", "h%zz.io", "é.io", "h.io:99999", "*.io", "10.1.2.3.4"),
    ]
)
PATHS = pieces("library", "a", "b/c", "/", "//", "-", "_", "__", ".", "A", "ml-model", "é", " ", "kserve/sklearnserver")
TAGS = st.one_of(st.just(""), pieces(":", "v1", "latest", "0.9.0-gpu", "_", "a/b", "+", " ", "x" * 127, most=3))
HEX = "0123456789abcdef" * 4
DIGESTS = st.sampled_from(
    ["", f"@sha256:{HEX}", f"@sha256:{HEX.upper()}", "@sha256:12", f"@sha512:{HEX}", "@", f"@@sha256:{HEX}", f"@{HEX}"]
)
IMAGES = st.one_of(
    st.builds(lambda host, path, tag, digest: f"{host}/{path}{tag}{digest}", HOSTS, PATHS, TAGS, DIGESTS),
    st.builds(lambda path, tag, digest: f"{path}{tag}{digest}", PATHS, TAGS, DIGESTS),
    pieces("a", "b.c", "/", ":", "@", "5000", "docker.io", ".", "-", "sha256", HEX),
    st.text(alphabet="abz019AZ.:/@-_[]%*?#+ é\t", max_size=24),
)


@many
@given(image=IMAGES)
@example(image="docker.io/kserve/sklearnserver:v0.10.0")
@example(image="ml_model:1.0.0")
@example(image="harbor.corp.local:5000/a/b")
@example(image=f"quay.io/a/b:v1@sha256:{HEX}")
def test_image(upstream: Upstream, image: str) -> None:
    """RegistryStr decides about registries-skipping-tag-resolving."""
    wanted = upstream.ask("image", image)
    assert ours_of_image(image, wanted) == wanted


def ours_of_image(image: str, wanted: dict[str, Any]) -> dict[str, Any]:
    try:
        found = parse_image(image)
    except ValueError:
        return wanted if "error" in wanted else {"error": "only ours"}
    parts = {"registry": found.registry, "repository": found.repository}
    return parts | ({"digest": found.digest} if found.digest else {"tag": found.tag or "latest"})


@many
@given(host=HOSTS)
def test_scheme(upstream: Upstream, host: str) -> None:
    wanted = upstream.ask("scheme", host)
    if "error" not in wanted:
        assert ("http" if resolves_over_http(host) else "https") == wanted["scheme"]


KEYS = st.one_of(
    HOSTS,
    st.builds(
        lambda scheme, host, path: f"{scheme}{host}{path}",
        st.sampled_from(["", "https://", "http://", "HTTPS://", "ftp://", "//"]),
        st.one_of(HOSTS, pieces("*", "?", "quay", ".", "io", "[a-z]", "harbor", "corp", "local", ":5000", "\\", "[")),
        st.sampled_from(
            ["", "/", "/v1/", "/v2/", "/v1", "/v2/a", "/v1//", "/a", "/ml", "/ml/", "/ml-models", "/%6dl", "?x"]
        ),
    ),
)
PULLED = st.builds(
    lambda host, path: f"{host}/{path}:v1",
    HOSTS,
    st.sampled_from(["a", "ab", "ml/model", "ml-models/x", "library/busybox"]),
)


@many
@given(key=KEYS, image=PULLED)
@example(key="https://index.docker.io/v1/", image="docker.io/a/b:v1")
@example(key="docker.io", image="docker.io/a/b:v1")
@example(key="*.corp.local:5000", image="harbor.corp.local:5000/a:v1")
def test_pull_secret_key(upstream: Upstream, key: str, image: str) -> None:
    wanted = upstream.ask("auth", key, image)
    if "error" not in wanted:  # of the image
        assert auth_key_matches(key, parse_image(image)) is wanted["matches"]


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=9).map(lambda number: f"{number:f}")
SUFFIXES = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "k", "M", "G", "n", "u")
DURATIONS = st.one_of(
    pieces("1", "0", "30", ".", "5", "s", "m", "h", "ms", "us", "µs", "μs", "ns", "-", "+", " ", "d", str(2**63 - 1)),
    st.builds(lambda number, unit: f"{number}{unit}", NUMBERS, st.sampled_from(["ns", "us", "ms", "s", "m", "h", ""])),
    st.text(max_size=12),
)


@many
@given(text=DURATIONS)
@example(text="2562047h47m16.854775807s")
@example(text="-9223372036854775808ns")
@example(text=".00000000000000000000000000000001h")
def test_duration(upstream: Upstream, text: str) -> None:
    wanted = upstream.ask("duration", text)
    try:
        ours = {"nanoseconds": str(parse_duration(text))}
    except ValueError as error:
        ours = {"error": str(error)}
    assert ours.keys() == wanted.keys(), (ours, wanted)
    assert "error" in ours or ours == wanted


QUANTITIES = st.one_of(
    pieces("1", "0", "12", ".", "5", "-", "+", "e", "E", "m", *SUFFIXES, " ", most=6),
    st.builds(
        lambda number, suffix: f"{number}{suffix}",
        NUMBERS,
        st.sampled_from(["", "m", "k", "Ki", "Gi", "Ei", "E", "e3", "E-3", "e+2", "e", "n"]),
    ),
    st.text(alphabet="0123456789.eEinumkKMGTP+-\n٣", max_size=10),
)


@many
@given(one=QUANTITIES, other=QUANTITIES)
@example(one="1024Mi", other="1Gi")
@example(one="1e3", other="1k")
@example(one="100m", other="0.1")
def test_quantity(upstream: Upstream, one: str, other: str) -> None:
    assume(has_sane_exponent(one) and has_sane_exponent(other))
    wanted = upstream.ask("compare", one, other)
    try:
        difference = parse_quantity(one) - parse_quantity(other)
    except ValueError:
        assert "error" in wanted
        return
    assert wanted == {"order": (difference > 0) - (difference < 0)}


def has_sane_exponent(text: str) -> bool:
    """Kubernetes takes 1e4000, and wraps around far beyond; we refuse both."""
    exponent = text.lower().rpartition("e")[2]
    return not (exponent.lstrip("+-").isdigit() and len(exponent.lstrip("+-0")) > 2)


LABELS = pieces("a", "foo", "-", ".", "com", "svc", "*", "1", "A", "_", "x" * 60, most=7)


@many
@given(pattern=LABELS, host=LABELS)
@example(pattern="*.default.svc.cluster.local", host="a.default.svc.cluster.local")
@example(pattern="*.foo.com", host="foo.com")
@example(pattern="*a", host="a")
@example(pattern="*.a.b", host="*.b")
@example(pattern="*", host="foo.com")
def test_gateway_host(upstream: Upstream, pattern: str, host: str) -> None:
    assert covers(pattern, host, "default") is upstream.ask("host", pattern, host)["covers"]


@many
@given(
    text=st.one_of(
        LABELS, st.text(max_size=5), st.integers(60, 66).map("a".__mul__), st.integers(250, 256).map("a.".__mul__)
    )
)
def test_dns_name(upstream: Upstream, text: str) -> None:
    found = {"label": is_dns1123_label(text), "subdomain": is_dns1123_subdomain(text)}
    assert found == upstream.ask("dns", text)


REGEXES = st.one_of(
    pieces(
        *(
            "s3",
            "https?",
            "://",
            "(.+)",
            "/",
            "^",
            "$",
            "[a-z]+",
            "[^/]*",
            ".*",
            "|",
            "(",
            ")",
            "(?:",
            "(?i)",
            "(?P<n>",
        ),
        *(
            "\\d",
            "\\w",
            "\\.",
            "\\/",
            "\\\\",
            "[",
            "]",
            "{2}",
            "{2,}",
            "{1,3}",
            "{1001}",
            "*",
            "+",
            "?",
            "(?=a)",
            "(?!a)",
            "(?<=a)",
        ),
        *("\\1", "\\Z", "\\z", "\\p{L}", "\\Q", "*+", "\\b", "\\e", "\\-", "{", "}", "-", "a"),
        most=6,
    ),
    st.sampled_from(["https?://(.+)/(.+)", "^hf://", "(s3|gs)://models/.+", "s3://[a-z]+(?!x)", "\\p{L}+://"]),
)
URIS = st.one_of(
    st.sampled_from(["s3://models/a", "hf://org/name:tag", "https://example.com/m.tgz", "gs://a", "a//", ""]),
    pieces("s3", "://", "a", "/", "aa", "1", "-", "."),
)


@many
@given(text=REGEXES, uri=URIS)
@example(text="[a-z]+?", uri="a")
@example(text="a{1000}", uri="a")
def test_regex(upstream: Upstream, text: str, uri: str) -> None:
    wanted = upstream.ask("regex", text, uri)
    try:
        ours = parse_regex(text)
    except ValueError:
        assert "error" in wanted
        return
    if ours is not None:
        assert {"matches": ours.search(uri) is not None} == wanted


LITERALS = st.one_of(
    pieces("1", "0", "9", "-", "+", ".", "e", "E", "_", " ", "x", "p", "inf", "nan", str(2**31), str(2**63)),
    st.sampled_from(["true", "True", "TRUE", "tRUE", "t", "f", "yes", "on", "1", "0", "", "2147483647", "4294967296"]),
    st.integers(-(2**65), 2**65).map(str),
    st.floats(allow_nan=False).map(repr),
)
READERS = {
    "int32": lambda text: parse_int(text, 32),
    "int64": parse_int,
    "uint32": lambda text: parse_uint(text, 32),
    "bool": parse_bool,
    "float64": parse_float,
}


@many
@given(kind=st.sampled_from(sorted(READERS)), text=LITERALS)
@example(kind="float64", text="0x1p-2")
@example(kind="float64", text="1e400")
@example(kind="int64", text="+5")
def test_number(upstream: Upstream, kind: str, text: str) -> None:
    """Knative parses its ConfigMaps with these functions of strconv."""
    wanted = upstream.ask("number", kind, text)
    try:
        found = READERS[kind](text)
    except ValueError:
        assert "error" in wanted
    else:
        assert repr(found) == repr(value_of(kind, wanted["value"]))


def value_of(kind: str, text: str) -> bool | int | float:
    if kind == "bool":
        return text == "true"
    return float(text) if kind == "float64" else int(text)
