"""What people paste into a file, mix, or cut: the objects in it are read, and what is cut is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from kserve_wiring.doctor.bundle import read_bundle
from kserve_wiring.doctor.salvage import has_more, json_values, yaml_parts
from tests.unit.doctor.objects import Object, chain

OBJECTS = chain()
KINDS = ["Configuration", "InferenceService", "Revision", "Service"]
LIST = {"apiVersion": "v1", "items": OBJECTS, "kind": "List", "metadata": {"resourceVersion": ""}}


def typed(item: Object) -> Object:
    """A list of one kind, as `kubectl cluster-info dump` writes it."""
    bare = {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}
    return {"kind": f"{item['kind']}List", "apiVersion": item["apiVersion"], "items": [bare]}


STREAM = "\n".join(json.dumps(typed(item), indent=4) for item in OBJECTS)
LOG = "==== START logs for container c of pod models/iris-x ====\n{not json\n==== END logs for container c ====\n"
WHOLE = {
    "lists of one kind, one after the other": STREAM,
    "a dump in one file": f"{STREAM}\n{LOG}",
    "a line for each object": "\n".join(map(json.dumps, OBJECTS)),
    "an array": json.dumps(OBJECTS),
    "YAML documents": "---\n".join(map(yaml.safe_dump, OBJECTS)),
    "lists of YAML without a separator": "".join(yaml.safe_dump(LIST | {"items": [item]}) for item in OBJECTS),
    "a warning of kubectl": f"Warning: v1 ComponentStatus is deprecated\n{yaml.safe_dump(LIST)}",
    "an error of kubectl": f"{yaml.safe_dump(LIST)}Error from server (Forbidden): secrets is forbidden: User x\n",
    "a prompt": f"$ kubectl get isvc -o yaml\n{yaml.safe_dump(LIST)}$ \n",
    "a fence": f"```yaml\n{yaml.safe_dump(LIST)}```\n",
}


@pytest.mark.parametrize("suffix", ["", ".txt", ".json", ".yaml"])
@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_all_objects_are_read(tmp_path: Path, text: str, suffix: str) -> None:
    (tmp_path / f"all{suffix}").write_text(text, encoding="utf-8")
    found = read_bundle(str(tmp_path / f"all{suffix}"))
    assert (sorted(one.kind for one in found.objects), found.problems) == (KINDS, [])


def test_the_log_of_a_dump_in_one_file(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(WHOLE["a dump in one file"], encoding="utf-8")
    assert read_bundle(str(tmp_path / "dump.txt")).logs == {("models", "iris-x", "c"): "{not json\n"}


@pytest.mark.parametrize("text", [json.dumps(LIST)[:-300], yaml.safe_dump(LIST)[:-250]], ids=["JSON", "YAML"])
def test_what_is_cut_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "all").write_text(text, encoding="utf-8")
    found = read_bundle(str(tmp_path / "all"))
    assert sorted(one.kind for one in found.objects) == ["Configuration", "InferenceService", "Service"]
    assert [one.message for one in found.problems] == ["it is cut off; the objects before that were read"]


def test_a_cut_list_of_one_kind_keeps_its_kind() -> None:
    (found,) = json_values('{"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}, {"meta')
    assert found == {"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}]}


@pytest.mark.parametrize("text", ["", "{", "[", '{"a": [', "[" * 5000, "{}x{}"])
def test_odd_json(text: str) -> None:
    assert all(value == {} for value in json_values(text))


def test_parts_of_yaml() -> None:
    text = "items:\n- apiVersion: v1\n  kind: A\n- apiVersion: v1\n  kind: B\nkind: List\n"
    assert list(yaml_parts(text)) == ["apiVersion: v1\nkind: A\n", "apiVersion: v1\nkind: B\n"]
    assert not has_more(text.encode(), 1)
    assert has_more(b"apiVersion: v1\napiVersion: v1\n", 1)
