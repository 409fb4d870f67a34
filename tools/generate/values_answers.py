"""Which answers set each key of an environment's values files, from the templates of these files.

The result is data of the checker, which names the answer to change next to the key of a values file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml
from copier.template import load_template_config
from jinja2 import Environment, nodes

from tools.console import ROOT

TARGET = ROOT / "src" / "kserve_wiring" / "data" / "values-answers.yaml"
_VALUES = ROOT / "includes" / "values"
_KEY = re.compile(r"^(?P<indent> *)(?P<item>- )?(?:(?P<key>[\w.-]+|\x00\d+\x00):)?(?P<rest>.*)$")
_MARK = re.compile(r"\x00(\d+)\x00")
_JINJA = Environment(autoescape=False, extensions=["jinja2.ext.loopcontrols"])  # noqa: S701 (it renders nothing)

Names = dict[str, set[str]]
"""Variables of a template, by the name that a part of it uses for them."""
Macros = Mapping[str, nodes.Macro]
"""Macros of templates, by their name."""


def text() -> str:
    """The content of the data file."""
    found = {file.name.removesuffix(".yaml.jinja"): _keys(file.name) for file in sorted(_VALUES.iterdir())}
    head = "# Written by `make generate`, from includes/values: the answers that set each value of a release.\n"
    return head + yaml.safe_dump({name: keys for name, keys in found.items() if keys}, width=120)


def _keys(name: str) -> dict[str, list[str]]:
    """The answers of each key of a values file, by its path without list indices. ``*`` is a key from a variable."""
    marks: list[set[str]] = []
    written = "".join(_written(_parsed(f"includes/values/{name}").body, _macros(name), {}, marks))
    found: dict[str, set[str]] = {}
    for path, numbers in _lines(written):
        answers = set().union(*(marks[number] for number in numbers))
        if answers:
            found.setdefault(path, set()).update(answers)
    return {path: sorted(answers) for path, answers in sorted(found.items())}


def _written(body: list[nodes.Node], macros: Macros, names: Names, marks: list[set[str]]) -> Iterator[str]:
    """The text of a template in which each expression is a mark; all branches of a condition are there."""
    for node in body:
        if isinstance(node, nodes.TemplateData):
            yield node.data
        elif isinstance(node, nodes.Output):
            yield from _written(list(node.nodes), macros, names, marks)
        elif isinstance(node, nodes.For):
            inner = {one.name: _variables(node.iter, names) for one in node.target.find_all(nodes.Name)}
            if isinstance(node.target, nodes.Name):
                inner[node.target.name] = _variables(node.iter, names)
            yield from _written(node.body, macros, {**names, **inner}, marks)
        elif isinstance(node, nodes.If):
            yield from _written([*node.body, *node.elif_, *node.else_], macros, names, marks)
        elif isinstance(node, nodes.Expr):
            if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in macros:
                macro = macros[node.node.name]
                passed = [_variables(one, names) for one in node.args]
                inner = dict(zip([one.name for one in macro.args], passed, strict=True))
                yield from _written(macro.body, macros, inner, marks)
                continue
            marks.append(_variables(node, names))
            yield f"\x00{len(marks) - 1}\x00"


def _macros(name: str) -> Macros:
    """The macros that write values: those of the values file, and that of includes/gateway.jinja."""
    files = ("includes/gateway.jinja", f"includes/values/{name}")
    return {macro.name: macro for file in files for macro in _parsed(file).find_all(nodes.Macro)}


def _variables(node: nodes.Node, names: Names) -> set[str]:
    """The answers that an expression reads."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name not in names:
        line = _line_of(node.node.name, node.attr)
        if line is not None:
            return set().union(*(_answers(name) for name in _read_by(line)))
    loaded = [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))
    read = {one.name for one in loaded if one.ctx == "load"}
    return set().union(*(names[name] if name in names else _answers(name) for name in read))


def _line_of(name: str, key: str) -> str | None:
    """The line of a key in the default of a computed mapping; None if it has no such line."""
    default = str(_questions().get(name, {}).get("default", ""))
    match = re.search(rf"^{re.escape(key)}: (.*)$", default, re.MULTILINE)
    return match[1] if match else None


@cache
def _answers(name: str) -> frozenset[str]:
    """The questions that decide a variable: itself, or those that a computed one depends on."""
    question = _questions().get(name)
    if question is None:
        return frozenset()
    if question.get("when") is not False:
        return frozenset([name])
    return frozenset().union(*(_answers(one) for one in _read_by(str(question.get("default", ""))) - {name}))


def _read_by(text: str) -> set[str]:
    """The variables that a template and the macros that it calls read."""
    template = _JINJA.parse(text)
    read = {one.name for one in template.find_all(nodes.Name)}
    for imported in template.find_all(nodes.FromImport):
        if isinstance(imported.template, nodes.Const):
            macros = {macro.name: macro for macro in _parsed(imported.template.value).find_all(nodes.Macro)}
            called = read & macros.keys()
            while called:
                inner = {one.name for name in called for one in macros.pop(name).find_all(nodes.Name)}
                read |= inner
                called = inner & macros.keys()
    return read


@cache
def _questions() -> Mapping[str, Any]:
    config = load_template_config(ROOT / "copier.yml")
    return {key: value for key, value in config.items() if not key.startswith("_") and isinstance(value, dict)}


@cache
def _parsed(name: str) -> nodes.Template:
    environment = _JINJA.overlay(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.parse((ROOT / name).read_text(encoding="utf-8"))


def _lines(written: str) -> Iterator[tuple[str, list[int]]]:
    """Path and marks of each line that has a mark."""
    above: list[tuple[int, str]] = []
    for line in written.splitlines():
        match = _KEY.match(line)
        if not match or line.lstrip().startswith("#") or not line.strip():
            continue
        indent = len(match["indent"]) + (2 if match["item"] else 0)
        while above and above[-1][0] >= indent:
            above.pop()
        if match["key"]:
            above.append((indent, _MARK.sub("*", match["key"])))
        numbers = [int(number) for number in _MARK.findall(match["rest"])]
        if numbers:
            yield ".".join(key for _, key in above), numbers
