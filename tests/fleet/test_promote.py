"""`make promote`: differences first, then the answers of one stage; nothing else is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kserve_wiring.fleet.promote import with_answer
from tests.fleet.conftest import Run, files, write

PROD = """\
# Stage prod.
template_version: "v1.0.0"  # by Renovate
# The stack of the year.
stack: kserve-0.20
digest_policy: skip  # not promoted
"""


@pytest.fixture
def tried(fleet: Path, run: Run) -> Path:
    """A fleet whose first stage has tried another stack and another version."""
    (fleet / "answers" / "stages" / "prod.yaml").write_text(PROD, encoding="utf-8")
    write(fleet / "answers" / "stages" / "test.yaml", {"template_version": "v1.1.0", "stack": "knative-1.23"})
    assert run("generate")[0] == 0
    return fleet


def test_a_promotion_is_one_small_change(tried: Path, run: Run) -> None:
    before = files(tried)
    code, text = run("promote", "test", "prod")
    assert code == 0
    diff, _, summary = text.partition("template_version: v1.0.0 -> v1.1.0\n")
    assert diff.startswith("==> prod-eu")
    assert "-    version: 1.27.1\n+    version: 1.30.3\n" in diff
    assert "images/images.txt" in diff
    assert "values/kserve-environment.yaml" in diff
    assert summary.startswith("stack: kserve-0.20 -> knative-1.23\nWritten: ")
    after = files(tried)
    assert [name for name in after if after[name] != before.get(name)] == ["answers/stages/prod.yaml"]
    assert (tried / "answers" / "stages" / "prod.yaml").read_text(encoding="utf-8") == (
        "# Stage prod.\ntemplate_version: v1.1.0\n# The stack of the year.\nstack: knative-1.23\n"
        "digest_policy: skip  # not promoted\n"
    )
    assert run("promote", "test", "prod") == (0, "Nothing to promote: prod has all of test.\n")


def test_a_dry_run_writes_nothing(tried: Path, run: Run) -> None:
    before = files(tried)
    code, text = run("promote", "test", "prod", "--dry-run")
    assert (code, "Written" in text, "stack: kserve-0.20 -> knative-1.23" in text) == (0, False, True)
    assert files(tried) == before


def test_equal_differences_are_shown_once(fleet: Path, run: Run) -> None:
    write(fleet / "answers" / "stages" / "test.yaml", {"template_version": "v1.1.0", "stack": "kserve-0.20"})
    code, text = run("promote", "test", "prod")
    assert code == 0
    assert text.startswith(
        "==> prod-eu, prod-us\nno difference of values, images and releases\ntemplate_version: v1.0.0 -> v1.1.0\n"
    )


def test_what_an_environment_answers_itself_stays(tried: Path, run: Run) -> None:
    write(tried / "answers" / "environments" / "prod-us.yaml", {"stage": "prod", "stack": "kserve-0.20"})
    write(tried / "answers" / "environments" / "test.yaml", {"stage": "test", "extra_images": []})
    code, text = run("promote", "test", "prod", "--dry-run")
    assert code == 0
    assert text.startswith("prod-us: stack of its own file stays\ntest: extra_images of its own file is not promoted\n")
    of_us = text[text.index("==> prod-us") :]
    assert "1.30.3" not in of_us


def test_answers_that_the_template_refuses_are_not_written(tried: Path, run: Run) -> None:
    """Digests need digest_policy: pinned, which prod does not have."""
    digests = {"docker.io/a/b:1": "sha256:" + "0" * 64}
    write(tried / "answers" / "stages" / "test.yaml", {"template_version": "v1.1.0", "image_digests": digests})
    before = files(tried)
    code, text = run("promote", "test", "prod")
    assert code == 2
    assert text.startswith("kserve-wiring: prod-eu: ")
    assert "image_digests" in text
    assert files(tried) == before


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("prod", "test", "test does not come after prod in fleet.yaml: swap FROM and TO"),
        ("test", "test", "test does not come after test in fleet.yaml: swap FROM and TO"),
        ("tset", "prod", "tset is no stage of fleet.yaml: use test, prod"),
        ("", "prod", "an empty name is no stage of fleet.yaml: use test, prod"),
    ],
)
def test_stages_in_another_order(run: Run, source: str, target: str, expected: str) -> None:
    assert run("promote", source, target) == (2, f"kserve-wiring: {expected}\n")


LAYERS = {
    "scalar": "a: 1\nkey: old\nb: 2\n",
    "last, without a newline": "a: 1\nkey: old",
    "absent": "a: 1\n",
    "empty": "",
    "comment": "# only this\n",
    "flow": "key: {x: 1,\n  y: 2}\n# after\nb: 2\n",
    "block": "key:\n  x: 1\n  y:\n    - z\n\n# of b\nb: 2\n",
    "list": "key:\n- x\n- y: 1\nb: 2\n",
    "literal": "key: |\n  x\n  y\nb: 2\n",
    "quoted over lines": 'key: "x\n  y"\nb: 2\n',
    "null": "key:\nb: 2\n",
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("value", ["new", {"x": "y"}, None])
def test_only_one_answer_changes(layer: str, value: object) -> None:
    text = LAYERS[layer]
    expected = {name: found for name, found in (yaml.safe_load(text) or {}).items() if name != "key"}
    expected |= {} if value is None else {"key": value}
    after = with_answer(text, "key", value)
    assert (yaml.safe_load(after) or {}) == expected
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]
