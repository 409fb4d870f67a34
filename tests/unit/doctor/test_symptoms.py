"""The table of symptoms: complete, and each row explains the message that it is about."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from kserve_wiring.doctor.explain import explain
from kserve_wiring.doctor.symptoms import Symptom, stages, symptoms
from kserve_wiring.rules.catalogue import catalogue
from tools.console import ROOT

ROWS = [pytest.param(symptom, id=symptom.id) for _, symptom in symptoms()]
EXAMPLES = [pytest.param(symptom, text, id=symptom.id) for _, symptom in symptoms() for text in symptom.examples]
ANSWERS = set(re.findall(r"^(\w+):$", (ROOT / "copier.yml").read_text(encoding="utf-8"), re.MULTILINE))
TARGETS = (ROOT / "template" / "Makefile.jinja").read_text(encoding="utf-8")


def test_each_name_is_used_once() -> None:
    names = [symptom.id for _, symptom in symptoms()]
    assert len(names) == len(set(names))


def test_the_stages_have_an_order() -> None:
    assert all(first.position < second.position for first, second in pairwise(stages()))


@pytest.mark.parametrize(("symptom", "text"), EXAMPLES)
def test_a_message_is_explained_by_its_row(symptom: Symptom, text: str) -> None:
    assert explain(text)[0].symptom.id == symptom.id


@pytest.mark.parametrize("symptom", ROWS)
def test_a_row_names_wires_and_rules_that_exist(symptom: Symptom) -> None:
    assert all(re.fullmatch(r"W([1-9]|1[0-4])", wire) for wire in symptom.wires)
    assert [code for code in symptom.rules if code not in catalogue() or catalogue()[code].retired] == []


@pytest.mark.parametrize("symptom", ROWS)
def test_a_row_says_how_to_decide_and_what_to_change(symptom: Symptom) -> None:
    assert symptom.causes
    assert all(cause.cause and cause.check and cause.change for cause in symptom.causes)
    assert symptom.gone


@pytest.mark.parametrize("symptom", ROWS)
def test_the_targets_that_a_row_names_exist(symptom: Symptom) -> None:
    named = {target for cause in symptom.causes for target in re.findall(r"`make ([a-z-]+)", cause.change)}
    assert {target for target in named if not re.search(rf"^{target}:", TARGETS, re.MULTILINE)} == set()


@pytest.mark.parametrize("symptom", ROWS)
def test_the_answers_that_a_row_names_exist(symptom: Symptom) -> None:
    texts = [cause.change for cause in symptom.causes]
    named = {
        name
        for text in texts
        for part in re.findall(r"answers? ((?:`[a-z_]+[^`]*`(?:, | and |,? or )?)+)", text)
        for name in re.findall(r"`([a-z_]+)", part)
    }
    assert named - ANSWERS == set()
