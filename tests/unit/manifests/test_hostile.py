"""What nobody writes by accident: a line says why it is refused, the rest is checked, and it takes no time."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

from kserve_wiring import inspect, read
from kserve_wiring.cli import main as cli
from kserve_wiring.cli.check import FORMATS
from kserve_wiring.manifests.load import load_bytes

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
LISTS = "  a0: &a0 [x, x]\n" + "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
MERGES = "  m0: &m0 {a: 1, b: 2}\n" + "".join(
    f"  m{n}: &m{n}\n    <<: [{', '.join([f'*m{n - 1}'] * 9)}]\n" for n in range(1, 30)
)
CHAIN = "  a0: &a0 [x]\n" + "".join(f"  a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3000))
GOOD = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (POD + LISTS, "f:10: not YAML: its aliases expand to too much"),
        (POD + MERGES, "f:15: not YAML: its aliases expand to too much"),
        (POD + CHAIN, "f:301: not YAML: nested deeper than 300 levels"),
        (POD + "  containers: &c\n  - *c\n", "f:5: not YAML: an anchor contains itself"),
        (POD + "  x: " + "[" * 5000 + "]" * 5000 + "\n", "f:5: not YAML: nested deeper than 300 levels"),
        ("a: [1\nb: }\n", "f:2: not YAML: did not find expected ',' or ']'"),
        ("kind: !foo Pod\n", "f:1: not YAML: could not determine a constructor for the tag '!foo'"),
        ("a: b\n\tc: d\n", "f:2: not YAML: found a tab character that violates indentation"),
    ],
)
def test_it_is_refused_with_its_line_and_the_rest_is_read(text: str, problem: str) -> None:
    start = time.process_time()
    loaded = load_bytes(f"{text}{GOOD}".encode(), "f")
    assert [str(one) for one in loaded.problems] == [problem]
    assert [obj.name for obj in loaded.objects] == ["good"]
    assert time.process_time() - start < 5


def test_aliases_that_people_write_are_taken() -> None:
    text = POD + "  containers: &c\n  - &one {name: a, image: x/y:1}\n  - {<<: *one, name: b}\n  initContainers: *c\n"
    (obj,) = load_bytes(text.encode(), "f").objects
    assert obj.get("spec", "initContainers", 1) == {"name": "b", "image": "x/y:1"}


def test_a_byte_order_mark_before_each_document() -> None:
    loaded = load_bytes(f"\ufeff{GOOD}---\n\ufeff{GOOD[4:]}---\n---\n{GOOD}".encode(), "f")
    assert loaded.problems == []
    assert [(obj.name, obj.source.line) for obj in loaded.objects] == [("good", 1), ("good", 5), ("good", 11)]


def test_the_items_of_a_long_list_take_no_longer_than_single_ones(tmp_path: Path) -> None:
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{number}", "namespace": "a"},
            "spec": {"containers": [{"name": "c", "image": "x y" if number < 500 else "harbor.x/a/b:1"}]},
        }
        for number in range(8000)
    ]
    (tmp_path / "list.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
    start = time.process_time()
    assert len(inspect(read(str(tmp_path))).findings) == 500
    assert time.process_time() - start < 20


@pytest.mark.parametrize("name", FORMATS)
def test_what_no_terminal_and_no_encoding_takes(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.json").write_text(
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p\\ud800"},'
        ' "spec": {"containers": [{"name": "c", "image": "x\\ud800 \\u001b[31m"}]}}'
    )
    assert cli.main(["check", str(tmp_path), "--format", name]) == 1
    out = capsys.readouterr().out
    out.encode()
    if name == "text":
        assert "image is x\\ud800 \\x1b[31m: it contains whitespace" in " ".join(out.split())


PASSWORD = "hunter2-of-the-robot"  # noqa: S105 (of nobody)
ENCODED = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()


@pytest.mark.parametrize(
    "secret",
    [
        json.dumps({"auths": {"other.example": {"username": "robot", "password": PASSWORD, "auth": ENCODED}}}),
        json.dumps({"auths": {f"robot:{PASSWORD}@harbor.x": {"auth": ENCODED}}}),
        json.dumps({"auths": {"harbor.x": {"password": PASSWORD}, f"https://robot:{PASSWORD}@harbor.x/v1": {}}}),
        json.dumps({"auths": [PASSWORD, ENCODED]}),
        f'{{"auths": {{"harbor.x": {{"auth": "{ENCODED}", "password": "{PASSWORD}"',
        PASSWORD,
    ],
)
@pytest.mark.parametrize("in_data", [True, False])
def test_no_credential_is_printed_in_any_format(
    secret: str, in_data: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = base64.b64encode(secret.encode()).decode() if in_data else secret
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pull", "namespace": "a", "annotations": {"serving.kserve.io/s3-verifyssl": "0"}},
        "type": "kubernetes.io/dockerconfigjson",
        "data" if in_data else "stringData": {".dockerconfigjson": value, "AWS_SECRET_ACCESS_KEY": PASSWORD},
    }
    account = (
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x, namespace: a}\nimagePullSecrets: [{name: pull}]\n"
    )
    (tmp_path / "s.yaml").write_text(json.dumps(body) + "\n---\n" + account)
    told = ["--registry", "harbor.x", "--offline", "--pull-secret", "pull", "--kserve-version", "v0.11.0"]
    commands = [["check", "--format", name, "--level", "info"] for name in FORMATS]
    commands += [["graph"], ["graph", "--format", "html"]]
    for command in commands:
        assert cli.main([*command, str(tmp_path), *told]) in (0, 1)
        out = "".join(capsys.readouterr())
        assert "internal error" not in out
        for part in (PASSWORD, ENCODED, value):
            assert part not in out, command
