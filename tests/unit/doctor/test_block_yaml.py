"""The fast reader of kubectl's YAML reads what libyaml reads, or leaves it to libyaml."""

from __future__ import annotations

import pytest
import yaml

from kserve_wiring.doctor import block_yaml
from kserve_wiring.manifests import yamltext
from tests.unit.doctor.objects import chain, pod

READ = [
    "a: b",
    "a:\n  b: 1\n  c: 1.5\n  d: true\n  e: null\n  f: ~\n  g:\nh: x",
    "a:\n- b: 1\n  c: 2\n- d\n- - e\n  - f\n- 'g: h'\n- {}\nb: []",
    "a:\n  - b\n  - c: d\n    e: f",
    "a: 'it''s'\nb: \"x\\ny\\u00e4\"\nc: --flag=1\nd: 10.0.0.1:80\ne: 0x1f\nf: 007\ng: 1e3\nh: 2024-01-01T00:00:00Z",
    "message: 'Revision \"x\" failed with message:\n  0/22 nodes are available'\nreason: A",
    "message: one\n  two\n  three\nreason: A",
    'f:metadata:\n  f:labels:\n    .: {}\n    k:{"type":"Ready"}:\n      f:status: {}',
    "a: b\r\nc:\r\n- d\r\n",
    "a: 'no'\nb: no\nc: y\nd: on",
    "a: 1\na: 2",
]
LEFT = [
    "a: |\n  b\n  c\nd: e",
    "a: >-\n  b",
    "a: &x 1\nb: *x",
    "a: {b: c}",
    "a: [1, 2]",
    'a: "b\\\n  \\ c"',
    "a: b # c",
    "# c\na: b",
    "true: a",
    "a: !!str 1",
    "- a",
    "a: b\n   c: d",
    "a:\n    b: 1\n  c: 2",
    "a: b: c",
    "a: ''b'",
    "? a\n: b",
]


@pytest.mark.parametrize("text", [*READ, *LEFT])
def test_both_read_the_same(text: str) -> None:
    try:
        wanted = yamltext.load(text)
    except yamltext.YamlError:
        with pytest.raises(yamltext.YamlError):
            list(block_yaml.values(text))
    else:
        assert list(block_yaml.values(text)) == [wanted]


@pytest.mark.parametrize("text", READ)
def test_what_it_reads_alone(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(document: str) -> object:
        assert ":" not in document.replace("10.0.0.1:80", "")  # a scalar
        return yaml.load(document, yamltext.Loader)  # noqa: S506 - a safe one

    monkeypatch.setattr(yamltext, "load", refused)
    assert len(list(block_yaml.values(text))) == 1


def test_each_item_of_a_list_is_a_list() -> None:
    items = [*chain(), pod("iris-x", [])]
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items, "metadata": {"resourceVersion": ""}})
    found = list(block_yaml.values(text))
    assert [one["items"] for one in found] == [[item] for item in items]
    assert {(one["kind"], one["apiVersion"]) for one in found} == {("List", "v1")}


def test_an_item_with_a_literal_block_is_read_by_libyaml() -> None:
    found = list(
        block_yaml.values(
            "apiVersion: v1\nitems:\n- data:\n    a: |\n      b\n      - c\n- data: {}\nkind: ConfigMapList\n"
        )
    )
    assert [one["items"] for one in found] == [[{"data": {"a": "b\n- c\n"}}], [{"data": {}}]]
