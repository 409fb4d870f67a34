"""What manifests silence, and what they cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kserve_wiring import Options, inspect, read
from kserve_wiring.cli import main as cli

SERVING = """\
apiVersion: operator.knative.dev/v1beta1
kind: KnativeServing
metadata:
  name: knative-serving
  namespace: knative-serving
  annotations:
    a: b{annotation}
spec:
  config:
    deployment:
      registries-skipping-tag-resolving: nvcr.io{beside}
      # {above}
      digest-resolution-timeout: "30"
"""


def codes(tmp_path: Path, annotation: str = "", above: str = "", beside: str = "") -> list[str]:
    text = f"\n    kserve-wiring.io/ignore: {json.dumps(annotation)}" if annotation else ""
    (tmp_path / "m.yaml").write_text(SERVING.format(annotation=text, above=above, beside=beside))
    return [finding.code for finding in inspect(read(str(tmp_path / "m.yaml"))).findings]


def test_without_a_waiver(tmp_path: Path) -> None:
    assert codes(tmp_path) == ["KW103", "KW104"]


@pytest.mark.parametrize(
    ("annotation", "left"),
    [
        ("KW104: no such images", ["KW103"]),
        ("KW104, KW103: both for a reason", []),
        ("KW104: a\nKW103: b", []),
        ("KW203: another code", ["KW002", "KW103", "KW104"]),
        ("KW103: a\nKW103, KW104: a again", []),
        ("KW104", ["KW001", "KW103", "KW104"]),
        ("KW104:", ["KW001", "KW103", "KW104"]),
        ("KW1: not a whole code", ["KW001", "KW103", "KW104"]),
        (" ", ["KW001", "KW103", "KW104"]),
    ],
)
def test_an_annotation(annotation: str, left: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, annotation=annotation) == left


def test_a_comment_on_the_line_or_above_it(tmp_path: Path) -> None:
    assert codes(tmp_path, above="kserve-wiring: ignore KW103: replaced later") == ["KW104"]
    assert codes(tmp_path, beside="  # kserve-wiring: ignore KW104: no such images") == ["KW103"]
    assert codes(tmp_path, above="kserve-wiring: ignore KW103") == ["KW001", "KW103", "KW104"]
    assert codes(tmp_path, above="kserve-wiring: ignore KW104: two lines away") == ["KW002", "KW103", "KW104"]


def test_a_waiver_is_for_its_own_object(tmp_path: Path) -> None:
    waived = SERVING.format(annotation="\n    kserve-wiring.io/ignore: 'KW103: x'", above="", beside="")
    (tmp_path / "a.yaml").write_text(waived)
    (tmp_path / "b.yaml").write_text(waived.replace("KW103: x", "KW104: x"))
    left = {
        name: [finding.code for finding in inspect(read(str(tmp_path / name))).findings]
        for name in ("a.yaml", "b.yaml")
    }
    assert left == {"a.yaml": ["KW104"], "b.yaml": ["KW103"]}
    (tmp_path / "a.yaml").write_text(waived.replace("KW103: x", "KW203: x"))
    assert {finding.code for finding in inspect(read(str(tmp_path))).findings} == {"KW002", "KW103", "KW104"}


def test_a_comment_in_a_list_counts_once(tmp_path: Path) -> None:
    lines = "".join(f"    {line}\n" if line else "\n" for line in SERVING.splitlines()[1:])
    item = "  - apiVersion: operator.knative.dev/v1beta1\n" + lines.format(
        annotation="", beside="", above="kserve-wiring: ignore KW103"
    )
    (tmp_path / "m.yaml").write_text(f"apiVersion: v1\nkind: List\nitems:\n{item}" + item.replace("# kserve", "# x"))
    found = [finding.code for finding in inspect(read(str(tmp_path))).findings]
    assert found.count("KW001") == 1


def test_the_fault_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes(tmp_path, above="kserve-wiring: ignore KW999: x", annotation="KW104: no such images")
    assert cli.main(["check", str(tmp_path)]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "the comment on line 13 is KW999: x, but it waives nothing: there is no rule KW999" in out
    assert "1 error, 1 warning, 0 info, 1 waived" in out
    codes(tmp_path, above="kserve-wiring: ignore KW10: x")
    cli.main(["check", str(tmp_path)])
    assert "waives nothing: KW10 is not a rule code such as KW203" in " ".join(capsys.readouterr().out.split())


def test_a_waiver_without_a_finding_is_said_by_its_code(tmp_path: Path) -> None:
    codes(tmp_path, annotation="KW103, KW309: both for a reason")
    (unused,) = (finding for finding in inspect(read(str(tmp_path))).findings if finding.code == "KW002")
    assert (unused.level, unused.line) == ("info", 8)
    assert unused.message.endswith("is KW103, KW309: both for a reason, but it matches no KW309 finding")


def test_what_was_not_checked_is_not_judged(tmp_path: Path) -> None:
    """A waiver is not unused if its rule did not run or lacked a fact, or if something could not be read."""
    codes(tmp_path, annotation="KW309: a reason")
    file = str(tmp_path / "m.yaml")
    assert [finding.code for finding in inspect(read(file), Options(select=["KW0", "KW1"])).findings] == [
        "KW103",
        "KW104",
    ]
    assert [finding.code for finding in inspect(read(file), Options(ignore=["KW309"])).findings] == ["KW103", "KW104"]
    assert "KW002" in [finding.code for finding in inspect(read(file)).findings]
    (tmp_path / "broken.yaml").write_text("apiVersion: v1\na: [")
    assert [finding.code for finding in inspect(read(str(tmp_path))).findings] == ["KW103", "KW104"]
    (tmp_path / "broken.yaml").unlink()
    codes(tmp_path, annotation="KW205: a mirror")
    (tmp_path / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a/b:1}]}\n"
    )
    assert "KW002" not in [finding.code for finding in inspect(read(str(tmp_path))).findings]
    known = {"registry": "index.docker.io", "offline": True, "pull_secret": "x"}
    assert "KW002" in [finding.code for finding in inspect(read(str(tmp_path)), Options(facts=known)).findings]
