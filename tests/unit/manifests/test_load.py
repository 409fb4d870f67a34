"""Reading: streams, lists and broken documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring.manifests import lines, yamltext
from kserve_wiring.manifests.load import load_bytes, load_path, load_text

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n"


def names(text: str) -> list[str]:
    return [obj.name for obj in load_text(text, "f").objects]


def test_documents_keep_their_lines() -> None:
    text = "# comment\n---\n" + CONFIG_MAP.format("a") + "---\n# only a comment\n---\n" + CONFIG_MAP.format("b")
    loaded = load_text(text, "f")
    assert [(obj.name, obj.source.line) for obj in loaded.objects] == [("a", 2), ("b", 9)]


def test_a_broken_document_does_not_take_its_neighbours() -> None:
    text = CONFIG_MAP.format("a") + "---\nfoo: [1,\nbar: }\n---\n" + CONFIG_MAP.format("b")
    loaded = load_text(text, "f.yaml")
    assert [obj.name for obj in loaded.objects] == ["a", "b"]
    assert [str(problem).split(": ")[0] for problem in loaded.problems] == ["f.yaml:7"]


def test_lists_are_taken_apart() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: s\n"
    (obj,) = load_text(text, "f").objects
    assert obj.source.prefix == ("items", 0)
    assert lines.line_of(obj.source.text, (*obj.source.prefix, "metadata", "name")) == 7


def test_json() -> None:
    assert names('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "j"}}') == ["j"]


def test_what_is_no_manifest_is_left_out() -> None:
    assert names("replicas: 1\n---\n- a\n---\nnull\n---\nkind: 1\napiVersion: v1\n") == []


def test_windows_and_byte_order_mark() -> None:
    data = b"\xef\xbb\xbf" + CONFIG_MAP.format("w").replace("\n", "\r\n").encode()
    assert [obj.name for obj in load_bytes(data, "f").objects] == ["w"]


def test_not_text() -> None:
    assert str(load_bytes(b"a: 1\nb: \xff\n", "f").problems[0]) == "f:2: not UTF-8 text"


def test_a_missing_file_is_a_problem() -> None:
    assert str(load_path("/nowhere/x.yaml").problems[0]) == "/nowhere/x.yaml: No such file or directory"


def test_a_directory_without_charts(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(CONFIG_MAP.format("b"))
    (tmp_path / "a.yml").write_text(CONFIG_MAP.format("a"))
    (tmp_path / ".hidden.yaml").write_text(CONFIG_MAP.format("hidden"))
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("name: c\n")
    (tmp_path / "chart" / "templates" / "x.yaml").write_text("{{ .Values }}\n")
    loaded = load_path(str(tmp_path))
    assert [obj.name for obj in loaded.objects] == ["a", "b"]
    assert loaded.problems == []
    assert "is a Helm chart" in loaded.notes[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2024-01-01", "2024-01-01"),
        ("a: 10:30", "10:30"),
        ("a: =", "="),
        ("a: 0777", 511),
        ("a: 0x10", 16),
        ("a: 1_000", 1000),
        ("a: yes", True),
        ("a: y", "y"),
    ],
)
def test_scalars_as_the_go_libraries_read_them(text: str, value: object) -> None:
    assert yamltext.load(text) == {"a": value}


def test_schemas_of_large_crds_are_left_out() -> None:
    crd = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: x\nspec:\n  group: y\n"
    )
    versions = "  versions:\n  - name: v1\n" + "    x: 1\n" * 4000
    conversion = "  conversion:\n    strategy: Webhook\n"
    value = yamltext.load(crd + versions + conversion)
    assert "versions" not in value["spec"]
    assert value["spec"]["conversion"] == {"strategy": "Webhook"}
    assert "versions" in yamltext.load(crd + "  versions:\n  - name: v1\n" + conversion)["spec"]


def test_an_anchor_that_holds_itself_is_refused_as_kubernetes_does() -> None:
    loaded = load_text(CONFIG_MAP.format("loop") + "data: &x\n  again: *x\n", "f")
    assert loaded.objects == []
    assert [str(problem) for problem in loaded.problems] == ["f:5: not YAML: an anchor contains itself"]
