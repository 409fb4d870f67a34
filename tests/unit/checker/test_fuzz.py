"""Nothing that can be written crashes the checker: every answer is findings and problems, never a traceback."""

from __future__ import annotations

import copy
import time
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kserve_wiring import Options, inspect, read
from kserve_wiring.formats.json import as_json
from kserve_wiring.formats.text import as_text
from kserve_wiring.manifests.load import Loaded, load_bytes, load_values
from tools.rules import manifests

BAD = [fixture.path for fixture in manifests() if fixture.is_bad]
SAMPLES = [[document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document] for path in BAD]
FACTS = {
    "registry": "harbor.corp.local",
    "offline": True,
    "registry_ca": "ConfigMap/ca",
    "digest_policy": "pinned",
    "cluster_domain": "cluster.local",
    "knative_version": "1.18.0",
    "kserve_version": "v0.11.0",
    "argocd_version": "3.0.0",
    "existing": [],
}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["", "/", ":", "@", "{", "[", "a/b", "*", "http://x", "1e999", "-", "{{ .X }}", "\x00", "\ud800"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


def check_all(loaded: Loaded) -> None:
    report = inspect(read(loaded.objects), Options(facts=FACTS))
    as_text(report)
    as_json(report)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place below a value, containers too."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in steps for place in ((*path, key), *paths(item, (*path, key)))]


@settings(max_examples=500)
@given(data=st.data())
def test_any_value_at_any_place(data: st.DataObject) -> None:
    documents = copy.deepcopy(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 3))):
        places = paths(documents)
        *parents, last = data.draw(st.sampled_from(places))
        holder: Any = documents
        for step in parents:
            holder = holder[step]
        holder[last] = data.draw(VALUES)
    check_all(Loaded(objects=load_values(item for item in documents if isinstance(item, dict))))


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_null_and_a_list_everywhere(number: int) -> None:
    """A list stands for all that is no key of a dict; null, which rules take for absent, is at every third place."""
    places = paths(SAMPLES[number])
    for place, value in [*product(places, [[{}]]), *product(places[number % 3 :: 3], [None])]:
        documents = copy.deepcopy(SAMPLES[number])
        holder: Any = documents
        for step in place[:-1]:
            holder = holder[step]
        holder[place[-1]] = value
        check_all(Loaded(objects=load_values(item for item in documents if isinstance(item, dict))))


TEXTS = [path.read_bytes() for path in BAD[::7]]
NOISE = [
    b"\t",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\x00",
    b"\xff",
    b"- ",
    b": ",
    b"{",
    b"]",
    b"&a ",
    b"*a",
    b"<<: *a",
    b"!!python/object:os.system ",
]
NOISE += [
    b"!!binary x",
    b"!!set {a}",
    b"? [a]\n: b",
    b"---",
    b"...",
    b"%YAML 9.9\n",
    b'"',
    b"|",
    b"null",
    b"!!timestamp 2001-99-99",
]


@settings(max_examples=600)
@given(
    text=st.sampled_from(TEXTS),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(NOISE), st.booleans()), max_size=4),
)
@example(text=b"a: &a [*a]\nkind: X\napiVersion: v1\nmetadata: {name: *a}\n", cuts=[])
@example(text=b"? {a: b}\n: c\n", cuts=[])
@example(text=b"kind: Secret\nkind: Pod\napiVersion: v1\nspec: {containers: [{image: 1}], containers: 2}\n", cuts=[])
@example(
    text=b"apiVersion: v1\nkind: ConfigMap\n1: 2\ntrue: x\nnull: y\nmetadata: {1: 2, name: 3}\ndata: {1: 2}\n", cuts=[]
)
@example(text=b'{"kind": "X", "apiVersion": "v1", "spec": ' + b"[" * 900 + b"]" * 900 + b"}", cuts=[])
@example(text=b"[" * 100_000, cuts=[])
@example(text=b"- " * 50_000 + b"x", cuts=[])
@example(text=b'{"a":' * 100_000, cuts=[])
def test_broken_text(text: bytes, cuts: list[tuple[float, bytes, bool]]) -> None:
    for place, noise, replaces in cuts:
        index = int(place * len(text))
        text = text[:index] + noise + text[index + (len(noise) if replaces else 0) :]
    check_all(load_bytes(text, "f.yaml"))


def test_line_ends_and_byte_order_mark_change_nothing() -> None:
    for text in TEXTS:
        plain, other = load_bytes(text, "f"), load_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"), "f")
        assert [obj.ref for obj in plain.objects] == [obj.ref for obj in other.objects]
        assert other.problems == []


def test_an_anchor_bomb_is_not_unfolded() -> None:
    lines = ["apiVersion: v1", "kind: Pod", "metadata: {name: bomb}", "spec:", "  a0: &a0 [x, x]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    start = time.process_time()
    check_all(load_bytes("\n".join(lines).encode(), "bomb.yaml"))
    assert time.process_time() - start < 10


def test_fifty_megabytes(tmp_path: Path) -> None:
    """A ConfigMap with a value of 50 MB; the documents after it are still read."""
    path = tmp_path / "large.yaml"
    line = "    " + "x" * 200 + "\n"
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\ndata:\n  key: |\n"
    tail = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: b}\n"
    path.write_text(head + line * (50_000_000 // len(line)) + tail, encoding="utf-8")
    report = inspect(read(str(path)))
    assert report.problems == []
    assert report.objects == 2
