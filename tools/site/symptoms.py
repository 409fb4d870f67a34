"""A page for each symptom, which a search engine finds by the message: what `doctor --explain` prints of it."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.doctor.symptoms import Stage, Symptom, symptoms
from kserve_wiring.rules.catalogue import catalogue

FOLDER = "symptoms"


def pages() -> dict[str, str]:
    """The text of each page by its path in the source."""
    return {f"{FOLDER}/{symptom.id}.md": "\n".join(_page(stage, symptom)) for stage, symptom in symptoms()}


def navigation() -> list[dict[str, list[str]]]:
    """The pages by stage, in the order in which a model comes to its answer."""
    stages: dict[str, list[str]] = {}
    for stage, symptom in symptoms():
        stages.setdefault(stage.name[0].upper() + stage.name[1:], []).append(f"{FOLDER}/{symptom.id}.md")
    return [{name: listed} for name, listed in stages.items()]


def _page(stage: Stage, symptom: Symptom) -> Iterator[str]:
    wrong = _named(symptom.wrong)
    yield f"# {wrong[0].upper()}{wrong[1:]}\n"
    for example in symptom.examples:
        yield f"```text\n{example.strip()}\n```\n"
    yield f"Stage: {stage.name}. Where: {_named(stage.where)}.\n"
    yield f"## {'Causes, the likeliest first' if len(symptom.causes) > 1 else 'Cause'}\n"
    for number, cause in enumerate(symptom.causes, 1):
        yield f"{number}. {_named(cause.cause)}\n"
        yield f"  - To decide: {_named(cause.check)}"
        yield f"  - To change: {_named(cause.change)}\n"
    yield f"It is repaired when {_named(symptom.gone)}.\n"
    rules = [f"[{code}: {catalogue()[code].title}](../docs/rules/{code}.md)" for code in symptom.rules]
    if rules:
        yield "## Rules that find it before\n\n" + "\n".join(f"- {rule}" for rule in rules) + "\n"
    yield f"[All symptoms](../docs/symptoms.md), of which this is `{symptom.id}`.\n"


def _named(text: str) -> str:
    """A text of the table with a host and an image in general. Angle brackets are markup only in code."""
    parts = text.replace("{host}", "HOST").replace("{image}", "IMAGE").split("`")
    return "`".join(part if number % 2 else part.replace("<", "&lt;") for number, part in enumerate(parts))
