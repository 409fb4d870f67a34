"""What is broken: the objects of a team inside a rendered environment, and the environment's own objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from kserve_wiring.manifests.environment import plan
from kserve_wiring.manifests.load import Loaded, load_text
from kserve_wiring.manifests.objects import KubeObject
from tools.console import BUILD, ROOT, Stop
from tools.environment import render
from tools.environment.generate import generate, load_answers, stack_of
from tools.upstream import charts, helm

USER_OBJECTS = Path(__file__).with_name("user_objects.yaml")
USERS_EXAMPLE = ROOT / "examples" / "offline-harbor.yaml"
# The releases that the template wires. The others are upstream's own, which nobody writes by hand.
_OWN = ("kserve-prerequisites", "kserve-environment")


@cache
def rendered(example: Path) -> Loaded:
    """An example as the checker reads it, rendered from upstream's pinned charts, without CRDs."""
    answers = load_answers(example)
    target = BUILD / "mutate" / example.stem
    generate(answers, target)
    upstream = charts.charts(stack_of(answers), only_modules=True)
    calls, missing = plan(target, upstream.folder)
    if missing:
        raise Stop(f"charts are missing: {', '.join(map(str, missing))}: run make charts")
    found = Loaded()
    for result in render.render(calls, helm.find_major(helm.MAJORS[0])):
        file = f"rendered/{result.release}{'-patches' if result.partial else ''}.yaml"
        release, namespace = result.release, result.namespace
        found.add(load_text(result.text, file, release=release, namespace=namespace, partial=result.partial))
    found.objects = [obj for obj in found.objects if obj.kind != "CustomResourceDefinition"]
    return found


def user_objects() -> list[KubeObject]:
    """The objects of user_objects.yaml."""
    return load_text(USER_OBJECTS.read_text("utf-8"), USER_OBJECTS.name).objects


def of_users() -> tuple[Loaded, list[KubeObject]]:
    """The objects of a team, in the environment of the example offline-harbor."""
    environment = rendered(USERS_EXAMPLE)
    theirs = user_objects()
    names = {(obj.kind, obj.namespace, obj.name) for obj in theirs}
    others = [obj for obj in environment.objects if (obj.kind, obj.namespace, obj.name) not in names]
    return replace(environment, objects=[*others, *theirs]), theirs


def of_examples() -> Iterator[tuple[Loaded, list[KubeObject]]]:
    """Each example with the objects of its own charts."""
    for example in sorted((ROOT / "examples").glob("*.yaml")):
        environment = rendered(example)
        yield environment, [obj for obj in environment.objects if obj.source.release in _OWN]
