"""The messages of all validators: the correction comes first, and one that proposes a value proposes a valid one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import jinja2
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from tests.template.conftest import ROOT
from tests.template.test_invalid_answers import INVALID

# What a terminal of 80 columns shows behind Copier's "Validation error for question '...': ".
SHOWN = 28
EXPECTED = [path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect: ") for path in INVALID]
OWN = [re.sub(r"^[a-z0-9_]+: ", "", text) for text in EXPECTED]
VERBS = "add choose clone drop leave name paste press put quote raise run set type upgrade use write".split()
# Of these, the tests of prompts, destinations and sources have the messages.
ELSEWHERE = {"appended", "checkout", "free_destination", "lasting_source"}


def starts_with_the_correction(message: str) -> bool:
    """A correction is short, or a verb and what it is about: a name, a value."""
    correction, colon, reason = message.partition(": ")
    short = len(correction) <= SHOWN or re.fullmatch(r"use .+|\w+ \S+", correction)
    return bool(colon and reason and short and correction.split()[0] in VERBS)


def environment() -> SandboxedEnvironment:
    """Jinja as Copier sets it up."""
    options = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))["_envops"]
    return SandboxedEnvironment(
        loader=jinja2.FileSystemLoader(ROOT),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        **options | {"undefined": jinja2.StrictUndefined},
    )


def texts_of(source: str) -> Iterator[str]:
    """The texts that a template can print: those between tags, and those in quotes that are words."""
    for macro in environment().parse(source).find_all(nodes.Macro):
        if macro.name not in ELSEWHERE:
            yield from (node.data for node in macro.find_all(nodes.TemplateData))
            yield from (node.value for node in macro.find_all(nodes.Const) if isinstance(node.value, str))


def messages() -> list[str]:
    found = [
        " ".join(text.split())
        for name in ("validators", "lists", "answers")
        for text in texts_of((ROOT / "includes" / f"{name}.jinja").read_text(encoding="utf-8"))
    ]
    return sorted({text for text in found if re.search(r"[a-z]{2,} [a-z]{2,}", text)})


@pytest.mark.parametrize("message", OWN)
def test_the_correction_comes_first(message: str) -> None:
    assert starts_with_the_correction(message), message[:SHOWN]


@pytest.mark.parametrize("text", messages())
def test_every_message_is_the_one_of_a_file(text: str) -> None:
    """So that the test of the shape has seen it."""
    assert any(text.strip(" .,:") in expected for expected in EXPECTED)


GRAMMARS = "bare_label bare_name dns_label dns_name duration endpoint folder image oci own_gateway plain registry repository".split()
WORDS = st.text("ab-._0Z", min_size=1, max_size=6)
TYPED = st.one_of(
    st.builds(
        "{}{}{}{}{}".format,
        st.sampled_from(["", " ", "https://", "http://", "oci://", "/", "'", '"', "./"]),
        st.lists(WORDS, min_size=1, max_size=3).map(".".join),
        st.sampled_from(["", ":443", ":99999", ":", "."]),
        st.lists(st.one_of(WORDS, st.sampled_from(["ML Team", "a---b", "a..b", "{{b}}"])), max_size=3).map(
            lambda parts: "".join(f"/{part}" for part in parts)
        ),
        st.sampled_from(["", "/", " ", ":v1", ":V1.0", "'", '"', "s", " sec", "\n", "@sha256:" + "a" * 64]),
    ),
    st.from_regex(r"[0-9]{1,3} ?(s|sec|seconds|min|m|h|ms|S|)", fullmatch=True),
    st.text(max_size=12),
)


@pytest.fixture(scope="module")
def macros() -> Any:
    return environment().get_template("includes/validators.jinja").module


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_a_proposed_value_is_accepted(macros: Any, grammar: str) -> None:
    check: Callable[[str], str] = getattr(macros, grammar)

    @settings(max_examples=100)
    @given(TYPED)
    @example("https://Harbor.corp/")
    def corrected_at_once(text: str) -> None:
        message = check(text).strip()
        if message:
            assert starts_with_the_correction(message), message
        if found := re.match(r"use (.+?): ", message):
            assert check(found[1]) == "", message

    corrected_at_once()


@pytest.mark.parametrize(
    ("grammar", "text", "proposed"),
    [
        ("registry", "https://Harbor.corp/", "harbor.corp"),
        ("registry", "https://Harbor.corp:8443/ML/", "harbor.corp:8443"),
        ("registry", '"harbor.corp"', "harbor.corp"),
        ("registry", "HTTPS://Docker.io/", "index.docker.io"),
        ("endpoint", "http://Minio.corp:9000/", "minio.corp:9000"),
        ("dns_label", " Prod_EU ", "prod-eu"),
        ("dns_name", "https://ML.corp.local/", "ml.corp.local"),
        ("dns_name", "*.ml.corp.local", "ml.corp.local"),
        ("repository", "/ML//KServe/", "ml/kserve"),
        ("folder", "./clusters/prod/", "clusters/prod"),
        ("folder", "/", "."),
        ("oci", "https://Harbor.corp/charts/", "oci://harbor.corp/charts"),
        ("image", "https://Harbor.corp/ML/init:V1", "harbor.corp/ml/init:V1"),
        ("image", "kserve/init:v1", "docker.io/kserve/init:v1"),
        ("duration", "30", "30s"),
        ("duration", "30 sec", "30s"),
    ],
)
def test_one_message_gives_the_final_value(macros: Any, grammar: str, text: str, proposed: str) -> None:
    message = getattr(macros, grammar)(text)
    assert message.strip().startswith(f"use {proposed}: ")
    assert getattr(macros, grammar)(proposed) == ""
