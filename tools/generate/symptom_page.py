"""Write docs/symptoms.md: what is printed, the wire, and what is wrong, from the table of symptoms."""

from __future__ import annotations

from kserve_wiring.doctor.symptoms import Stage, Symptom, stages
from tools.console import ROOT

PAGE = ROOT / "docs" / "symptoms.md"
_HEAD = """<!-- Written by make generate: edit src/kserve_wiring/data/symptoms/*.yaml. -->
# Symptoms

What `kserve-wiring doctor` recognizes, in the order in which a model comes to its answer. For each row, the command
prints the likely causes, how to decide between them, and what to change.
[How to use it](kserve-wiring.md#explain-an-error-message).
"""
_LONGEST = 150


def page() -> str:
    """The page."""
    return _HEAD + "".join(_section(stage) for stage in stages())


def _section(stage: Stage) -> str:
    rows = "".join(_row(symptom) for symptom in stage.symptoms)
    title = stage.name[0].upper() + stage.name[1:]
    head = "| message | wires | what is wrong | rules |\n|---|---|---|---|\n"
    return f"\n## {title}\n\nSeen in: {stage.where}.\n\n{head}{rows}"


def _row(symptom: Symptom) -> str:
    message = " ".join(symptom.examples[0].split()).replace("|", "\\|").replace("`", "'")
    shown = message if len(message) <= _LONGEST else f"… {message[-_LONGEST:].partition(' ')[2]}"
    wrong = symptom.wrong.format(host="HOST", image="IMAGE").replace("|", "\\|")
    rules = ", ".join(f"[{code}](rules/{code}.md)" for code in symptom.rules)
    return f"| `{shown}` | {', '.join(symptom.wires) or '-'} | {wrong} | {rules or '-'} |\n"
