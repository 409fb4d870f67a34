"""The flags and fields that the checker knows are those of the pinned Knative, read from its Go source."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from kserve_wiring.cluster import knative_features as ours
from tools.upstream.modules import folder

STACKS = ("kserve-0.20", "knative-1.23")
# Pod fields of KServe's that Knative never sees, and those that are lists of what it checks item by item.
CHECKED_INSIDE = {"Containers", "Volumes", "ImagePullSecrets", "EnableServiceLinks", "ServiceAccountName"}
# No field of a Pod is about it: the flag changes what securityContext means.
SECURE_DEFAULTS = "SecurePodDefaults"


def source(stack: str, path: str) -> str:
    return (folder(stack, "knative.dev/serving") / path).read_text("utf-8")


def flags(stack: str) -> dict[str, str]:
    """Field of Knative's Features -> key of config-features."""
    text = source(stack, "pkg/apis/config/features.go")
    constants = dict(re.findall(r'(Feature\w+)\s+= "([\w.-]+)"', text))
    found = re.findall(r"as\w*Flag\((\w+|\"[^\"]+\"), &nc\.(\w+)\)", text)
    return {field: constants.get(key, key.strip('"')) for key, field in found}


def gated(text: str) -> Iterator[tuple[str, str]]:
    """Field of Features and field of the object, of each `if cfg.Features.X != config.Disabled { out.Y = in.Y }`."""
    yield from re.findall(r"cfg\.Features\.(\w+) != config\.Disabled \{\s*(?://.*\s*)?out\.(\w+) = in\.\2", text)


def function(text: str, name: str) -> str:
    start = text.index(f"func {name}(")
    return text[start : text.index("\n}\n", start)]


def same(go: str, field: str) -> bool:
    return go.lower() == field.lower()


@pytest.mark.parametrize("stack", STACKS)
def test_every_flag_is_known(stack: str) -> None:
    assert set(flags(stack).values()) - ours.ALL_FLAGS == set()


def test_every_known_flag_is_one_of_some_release() -> None:
    upstream = {key for stack in STACKS for key in flags(stack).values()}
    assert ours.ALL_FLAGS - upstream == {"kubernetes.podspec-dryrun", "responsive-revision-gc"}


@pytest.mark.parametrize("stack", STACKS)
def test_defaults(stack: str) -> None:
    text = source(stack, "pkg/apis/config/features.go")
    enabled = {flags(stack)[name] for name in re.findall(r"(\w+):\s+Enabled,", text)}
    assert enabled == set(ours.ENABLED_BY_DEFAULT)
    assert set(re.findall(r"\w+:\s+(\w+),\n", function(text, "defaultFeaturesConfig"))) == {"Enabled", "Disabled"}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(("name", "known"), [("PodSpecMask", ours.POD_FLAGS), ("VolumeSourceMask", ours.VOLUME_FLAGS)])
def test_gated_fields(stack: str, name: str, known: dict[str, str]) -> None:
    text = function(source(stack, "pkg/apis/serving/fieldmask.go"), name)
    keys = flags(stack)
    upstream = {(keys[flag], field) for flag, field in gated(text) if flag != SECURE_DEFAULTS}
    assert upstream
    for key, field in upstream:
        assert [name for name in known if same(field, name)], f"{field} is missing"
        assert next(f"kubernetes.{flag}" for name, flag in known.items() if same(field, name)) == key
    if stack == STACKS[-1]:
        assert len(upstream) == len(known)


@pytest.mark.parametrize("stack", STACKS)
def test_fields_that_no_flag_allows(stack: str) -> None:
    text = source(stack, "pkg/apis/serving/fieldmask.go")
    for name, refused in (("PodSpecMask", ours.REFUSED_IN_POD), ("ContainerMask", ours.REFUSED_IN_CONTAINER)):
        body = function(text, name)
        listed = re.findall(r"out\.(\w+) = (?:nil|\"\"|false|0)", body)
        assert listed
        for field in listed:
            assert any(same(field, known) for known in refused), f"{field} of {name} is missing"
        allowed = set(re.findall(r"out\.(\w+) = in\.\1", body))
        assert not [known for known in refused if any(same(field, known) for field in allowed)]


@pytest.mark.parametrize("stack", STACKS)
def test_volumes_need_enabled_and_other_fields_any_but_disabled(stack: str) -> None:
    text = source(stack, "pkg/apis/serving/k8s_validation.go")
    strict = set(re.findall(r"features\.(PodSpecVolumes\w+|PodSpecPersistentVolumeClaim) != config\.Enabled", text))
    keys = flags(stack)
    known = {f"kubernetes.{flag}" for flag in (*ours.VOLUME_FLAGS.values(), "podspec-volumes-mount-propagation")}
    assert {keys[name] for name in strict} <= known
    if stack == STACKS[-1]:
        assert {keys[name] for name in strict} == known
