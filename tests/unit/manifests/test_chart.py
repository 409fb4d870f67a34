"""The values that a chart reads, in a folder and in an archive."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from kserve_wiring.manifests.chart import known_values, name_of
from kserve_wiring.manifests.known_values import ReleaseValues
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, show_path

VALUES = """\
image: {repository: a, tag: b}
podLabels: {}
resources: {requests: {cpu: 1}}
defaults: {hub: x, cni: {enabled: false}}
list: []
"""
TEMPLATE = """\
{{ .Values.notInValues.key }} {{ toYaml .Values.image.free }} {{ if .Values.image }}{{ end }}
"""
DEPENDENCIES = "name: c\nversion: 1.0.0\ndependencies: [{name: sub, alias: other}, {name: plain}]\n"


@pytest.fixture(params=["folder", "archive"])
def chart(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "c"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("name: c\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text(VALUES)
    (folder / "templates" / "a.yaml").write_text(TEMPLATE)
    if request.param == "folder":
        return folder
    with tarfile.open(tmp_path / "c-1.0.0.tgz", "w:gz") as archive:
        archive.add(folder, "c")
    return tmp_path / "c-1.0.0.tgz"


def unknown(chart: Path, values: dict[str, object]) -> list[str]:
    obj = KubeObject(ObjectRef("", "values", "", "c"), values)
    return [show_path(path) for path, _ in ReleaseValues(obj, "c", known_values(chart)).unknown()]


def test_known_and_unknown_values(chart: Path) -> None:
    assert name_of(chart) == "c 1.0.0"
    known = {
        "image": {"repository": "x", "free": {"any": {"key": 1}}},
        "podLabels": {"a/b": "c"},
        "resources": {"claims": []},
        "hub": "y",
        "cni": {"enabled": True},
        "list": [{"any": "thing"}],
        "notInValues": {"key": {"below": 1}},
    }
    assert unknown(chart, known) == []
    assert unknown(chart, {"imag": {}, "image": {"tg": "x"}, "cni": {"enable": 1}, "notInValues": {"kee": 1}}) == [
        *("imag", "image.tg", "cni.enable", "notInValues.kee"),
    ]


def test_subcharts_read_their_values_and_globals(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.yaml").write_text("{{ .Values.a }}")
    (tmp_path / "Chart.yaml").write_text(DEPENDENCIES)
    (tmp_path / "charts" / "vendored").mkdir(parents=True)
    (tmp_path / "charts" / "vendored" / "Chart.yaml").write_text("name: vendored\n")
    values = {"other": {"x": 1}, "plain": {"x": 1}, "vendored": {"x": 1}, "global": {"x": 1}, "sub": {"x": 1}}
    assert unknown(tmp_path, values) == ["sub"]


def test_a_closed_schema_says_all(tmp_path: Path) -> None:
    schema = {
        "additionalProperties": False,
        "properties": {"a": {"$ref": "#/$defs/a"}, "free": {"type": "object"}},
        "$defs": {"a": {"properties": {"b": {}}}},
    }
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.yaml").write_text("{{ toYaml .Values.a }}")
    (tmp_path / "values.schema.json").write_text(json.dumps(schema))
    assert unknown(tmp_path, {"a": {"b": 1, "c": 2}, "free": {"x": 1}, "d": 1}) == ["a.c", "d"]


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b"])
def test_of_a_chart_that_cannot_be_read_nothing_is_known(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "c.tgz").write_bytes(content)
    assert (known_values(tmp_path / "c.tgz"), name_of(tmp_path / "c.tgz")) == (None, "c.tgz")


def test_a_chart_that_changes_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.yaml").write_text("{{ .Values.a }}")
    assert unknown(tmp_path, {"b": 1}) == ["b"]
    (tmp_path / "templates" / "a.yaml").write_text("{{ .Values.a }}{{ .Values.b }}")
    assert unknown(tmp_path, {"b": 1}) == []
