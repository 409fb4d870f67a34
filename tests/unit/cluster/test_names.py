"""Which names are probably meant."""

from __future__ import annotations

import cProfile
import pstats

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kserve_wiring.cluster.names import NearNames, is_one_edit, near_name

WORDS = st.text(alphabet="abc-", min_size=1, max_size=8)


@given(word=WORDS, index=st.integers(0, 7), letter=st.sampled_from("abcd-"))
def test_one_edit(word: str, index: int, letter: str) -> None:
    index %= len(word)
    assert is_one_edit(word, word[:index] + word[index + 1 :])
    assert is_one_edit(word, word[:index] + letter + word[index:])
    assert is_one_edit(word, word[:index] + letter + word[index + 1 :])
    if index:
        assert is_one_edit(word, word[: index - 1] + word[index] + word[index - 1] + word[index + 1 :])


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("harborpull", "harbor-pull"),
        ("storage_config", "storage-config"),
        ("Hub-Token", "hub-token"),
        ("sklern", "sklearn"),
    ],
)
def test_near(name: str, other: str) -> None:
    assert near_name(name, {other, "something-else"}) == other


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("team-a", "team-b"),
        ("node1", "node2"),
        ("v1-model", "v2-model"),
        ("abc", "abx"),
        ("reader", "writer"),
        ("a", "ab"),
    ],
)
def test_not_near(name: str, other: str) -> None:
    assert near_name(name, {other}) == ""


def calls(number: int, first: str) -> int:
    """The number of calls of a search for each of many names with one beginning, few of which are one edit apart."""
    letters = str.maketrans("0123456789", "abcdefghij")  # names that differ in a number are siblings
    names = [f"{first}-{name * 7919 % 1_000_003:06}".translate(letters) for name in range(number)]
    profile = cProfile.Profile()
    profile.enable()
    known = NearNames(names)
    assert not any(known.near(name) for name in names)
    profile.disable()
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def test_twice_as_many_names_take_twice_as_many_calls() -> None:
    assert calls(600, "app") / calls(300, "web") < 2.3


def test_siblings_need_no_index() -> None:
    known = NearNames(f"app-{number}" for number in range(300))
    assert known.near("app-700") == ""
    assert "_by_rest" not in vars(known)
    assert known.near("ap-7") == "app-7"
