"""The line on which a value is."""

from __future__ import annotations

from kserve_wiring.manifests import lines


def test_lines_inside_a_text() -> None:
    text = 'data:\n  ingress: |-\n    {\n      "a": 1,\n      "localGateway": "x/y"\n    }\n'
    assert lines.line_of(text, ("data", "ingress", "localGateway")) == 5
    assert lines.line_of(text, ("data", "ingress")) == 2
    assert lines.line_of(text, ("data", "missing", "key")) == 1
