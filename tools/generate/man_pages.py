"""The manual pages of kserve-wiring in docs/man, from its parser: one for the program, and one for each command.

`man kserve-wiring check` looks for kserve-wiring-check(1), as git's pages do. The language is mdoc(7), which man reads
on Linux, macOS and the BSDs. The parts are not argparse's own text, which differs between versions of Python.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from kserve_wiring import __version__
from kserve_wiring.cli.main import parser
from tools.console import ROOT

FOLDER = ROOT / "docs" / "man"
PROGRAM = "kserve-wiring"
_STATUS = (
    ("0", "Nothing to report."),
    ("1", "There are findings or differences."),
    ("2", "It could not run, or could not read everything."),
)


def pages() -> dict[Path, str]:
    """The text of each page by its file."""
    whole = parser()
    texts = {f"{PROGRAM}-{name}": _page(f"{PROGRAM}-{name}", text, of) for name, text, of in _commands(whole)}
    texts[PROGRAM] = _page(PROGRAM, "check settings of KServe, Knative and Istio", whole, sorted(texts))
    return {FOLDER / f"{name}.1": "".join(parts) for name, parts in texts.items()}


def _commands(of: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """(name, help, parser) of each command of a parser."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                yield choice.dest, choice.help or "", action.choices[choice.dest]


def _page(page: str, summary: str, of: argparse.ArgumentParser, others: Sequence[str] = ()) -> Iterator[str]:
    """others: the pages of the commands, if this is the page of the program."""
    yield f'.\\" Written by make generate: edit src/kserve_wiring/cli.\n.Dd {_day()}\n.Dt {page.upper()} 1\n'
    yield f".Os {PROGRAM} {__version__}\n.Sh NAME\n.Nm {page}\n.Nd {_words(summary)}\n"
    yield ".Sh SYNOPSIS\n" + _synopsis(of)
    yield f".Sh DESCRIPTION\n{_text(of.description or _sentence(summary))}"
    yield from _arguments(of)
    yield from _overview(of) if others else _subsections(of)
    yield ".Sh SEE ALSO\n" + " ,\n".join(f".Xr {name} 1" for name in others or [PROGRAM]) + "\n"


def _overview(of: argparse.ArgumentParser) -> Iterator[str]:
    """The commands of the program, which have pages, and what all have in common."""
    yield ".Sh COMMANDS\n.Bl -tag -width Ds\n"
    yield from (f".It Xr {PROGRAM}-{name} 1\n{_text(text)}" for name, text, _ in _commands(of))
    yield ".El\n.Sh EXIT STATUS\n.Bl -tag -width Ds\n"
    yield from (f".It {code}\n{text}\n" for code, text in _STATUS)
    yield ".El\n"


def _subsections(of: argparse.ArgumentParser) -> Iterator[str]:
    """The commands of a command."""
    for name, text, command in _commands(of):
        yield f".Ss {_words(name)}\n{_text(_sentence(text))}.Pp\n{_synopsis(command)}"
        yield from _arguments(command)


def _synopsis(of: argparse.ArgumentParser) -> str:
    lines = [f".Nm {of.prog}\n"]
    for action in _shown(of):
        words = _invocation(action)[0] if action.option_strings else f"Ar {_words(_value(action))}"
        many = " ..." if action.nargs in ("*", "+") and not action.option_strings else ""
        optional = action.nargs == "*" if not action.option_strings else not action.required
        lines.append(f".Op {words}{many}\n" if optional else f".{words}{many}\n")
    if any(True for _ in _commands(of)):
        lines.append(".Ar command\n.Op Ar argument ...\n")
    return "".join(lines)


def _arguments(of: argparse.ArgumentParser) -> Iterator[str]:
    actions = list(_shown(of))
    if actions:
        yield ".Bl -tag -width Ds\n"
        for action in actions:
            head = " , ".join(_invocation(action)) if action.option_strings else f"Ar {_words(_value(action))}"
            yield f".It {head}\n{_text(_explained(of, action))}"
        yield ".El\n"


def _shown(of: argparse.ArgumentParser) -> list[argparse.Action]:
    """Positional arguments last, as they are typed."""
    actions = [action for action in of._actions if not isinstance(action, argparse._SubParsersAction)]
    return sorted(
        (action for action in actions if action.help != argparse.SUPPRESS),
        key=lambda action: not action.option_strings,
    )


def _invocation(action: argparse.Action) -> list[str]:
    """`-o FORMAT` and `--format FORMAT` in mdoc, where Fl writes the first dash."""
    value = "" if action.nargs == 0 else f" Ar {_words(_value(action))}"
    return [f"Fl {_words(option[1:])}{value}" for option in action.option_strings]


def _value(action: argparse.Action) -> str:
    if action.choices and not action.metavar:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest)


def _explained(of: argparse.ArgumentParser, action: argparse.Action) -> str:
    text = of._get_formatter()._expand_help(action) if action.help else "One of these."
    return _sentence(text)


def _sentence(text: str) -> str:
    """The text of `help`, which argparse wants without a capital letter and a full stop."""
    return f"{text[0].upper()}{text[1:].removesuffix('.')}."


def _text(text: str) -> str:
    """A paragraph: a sentence begins on a line of its own, and no line begins with a request."""
    sentences = re.split(r"(?<=[a-z)]\.) (?=[A-Z])", " ".join(text.split()))
    wrapped = (textwrap.wrap(sentence, 76, break_long_words=False, break_on_hyphens=False) for sentence in sentences)
    return "".join(f"{_words(line)}\n" for lines in wrapped for line in lines)


def _words(text: str) -> str:
    """Escaped; each dash is the one of the keyboard, so that options can be copied."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", escaped)


def _day() -> str:
    """The day of the newest release in the changelog; the same source gives the same pages."""
    found = re.search(r"(?m)^## \[\d.*\] - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    return found[1] if found else "unreleased"
