# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The wiring as a Mermaid flowchart, which GitHub, GitLab and Argo CD's notes render."""

from __future__ import annotations

from kserve_wiring.graph.wiring import Key, Node, Row, Wiring

_BROKEN = "fill:#fdecea,stroke:#b3261e,color:#601410"
_ABSENT = "stroke-dasharray:5 4"


def as_mermaid(wiring: Wiring) -> str:
    """A flowchart from left to right, with a frame per namespace."""
    names = {key: f"n{index}" for index, key in enumerate(wiring.nodes)}
    lines = ["flowchart LR"]
    for index, namespace in enumerate(dict.fromkeys(node.namespace for node in wiring.nodes.values())):
        members = [f"{names[key]}{_box(node)}" for key, node in wiring.nodes.items() if node.namespace == namespace]
        if namespace:
            lines.append(f'  subgraph ns{index}["namespace {_text(namespace)}"]')
            lines += [f"    {member}" for member in members] + ["  end"]
        else:
            lines += [f"  {member}" for member in members]
    return "\n".join([*lines, *_wires(wiring, names), *_styles(wiring, names)]) + "\n"


def _box(node: Node) -> str:
    state = "not read" if node.absent else "made by the operator" if node.made else ""
    head = f"<b>{_text(f'{node.kind} {node.name}')}</b>" + (f" ({state})" if state else "")
    return f'["{"<br/>".join([head, *map(_row, node.rows)])}"]'


def _row(row: Row) -> str:
    text = f"{row.path}: {row.value}" if row.value else row.path
    return _text(text + (f" ✗ {' '.join(row.codes)}" if row.codes else ""))


def _wires(wiring: Wiring, names: dict[Key, str]) -> list[str]:
    lines = []
    for wire in wiring.wires:
        label = f'|"{" ".join(wire.codes)}"|' if wire.codes else ""
        lines.append(f"  {names[wire.source]} {'--x' if wire.codes else '-->'}{label} {names[wire.target]}")
    return lines


def _styles(wiring: Wiring, names: dict[Key, str]) -> list[str]:
    lines = []
    for style, wanted, look in (
        ("broken", [name for key, name in names.items() if wiring.nodes[key].codes], _BROKEN),
        ("absent", [name for key, name in names.items() if wiring.nodes[key].absent], _ABSENT),
    ):
        if wanted:
            lines += [f"  classDef {style} {look}", f"  class {','.join(wanted)} {style}"]
    broken = [str(index) for index, wire in enumerate(wiring.wires) if wire.codes]
    if broken:
        lines.append(f"  linkStyle {','.join(broken)} stroke:#b3261e,stroke-width:3px,color:#b3261e")
    return lines


def _text(text: str) -> str:
    """Escape text inside quotes; Mermaid writes entities with # instead of &."""
    for character, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(character, entity)
    return " ".join(text.split())
