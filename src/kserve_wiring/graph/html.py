# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The wiring as one HTML page with an inline picture, without scripts and network access."""

from __future__ import annotations

from html import escape

from kserve_wiring.checker.finding import Finding
from kserve_wiring.graph.layout import HEAD, ROW, TOP, Box, boxes, lane, size
from kserve_wiring.graph.wiring import COLUMNS, Key, Node, Wire, Wiring

_CHARACTER = 6.7  # width in pixels of a character of the monospaced font below
_HUES = (211, 145, 32, 275, 187, 338, 88, 250)

_STYLE = """
:root { color-scheme: light dark; --paper: #f7f8fa; --card: #fff; --ink: #1d232b; --soft: #5c6773; --line: #d5dae1;
  --wire: #7a8694; --bad: #b3261e; --bad-paper: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --card: #1e242b; --ink: #e8ebef; --soft: #9aa5b1;
  --line: #3a434d; --wire: #8592a0; --bad: #ff8a80; --bad-paper: #3d1f1d; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 1900px; margin: 0 auto; padding: 20px 28px 0; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 17px; margin: 28px 0 10px; } p { margin: 4px 0; color: var(--soft); }
p b { color: var(--bad); }
.picture { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  margin-top: 14px; }
svg { display: block; margin: 0 auto; max-width: 100%; min-width: 1080px; height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
svg .column { fill: var(--soft); font-size: 12px; letter-spacing: .08em; text-transform: uppercase; }
svg .kind { fill: var(--soft); font-size: 11px; } svg .name { font-weight: 600; font-size: 14px; }
svg .key { fill: var(--soft); font: 11px ui-monospace, monospace; } svg .value { font: 11px ui-monospace, monospace; }
svg .card { fill: var(--card); stroke: var(--line); } svg .absent { stroke-dasharray: 6 4; fill: var(--paper); }
svg .bad-card { stroke: var(--bad); stroke-width: 1.6; } svg .bad-row { fill: var(--bad-paper); }
svg .wire { fill: none; stroke: var(--wire); stroke-width: 1.5; }
svg .bad-wire { fill: none; stroke: var(--bad); stroke-width: 2.5; }
svg .code { fill: var(--bad); font-weight: 700; font-size: 11px; } svg .tag { fill: var(--card); stroke: var(--bad); }
svg .head { fill: var(--wire); } svg .bad-head { fill: var(--bad); }
ol { list-style: none; padding: 0; margin: 0 0 40px; } li { background: var(--card); border: 1px solid var(--line);
  border-left: 4px solid var(--bad); border-radius: 6px; padding: 10px 14px; margin: 8px 0; overflow-wrap: anywhere; }
li.warning { border-left-color: #b26a00; } li.info { border-left-color: var(--wire); }
li span { color: var(--soft); } code { font: 13px ui-monospace, monospace; }
"""


def as_html(wiring: Wiring) -> str:
    """Render the page."""
    count = len(wiring.findings)
    broken = f"<b>{count} {'finding' if count == 1 else 'findings'}</b>" if count else "No settings disagree"
    notes = "".join(f"<p>{escape(note)}</p>\n" for note in wiring.notes)
    picture = _picture(wiring) if wiring.nodes else "<p>No wiring in the manifests.</p>"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Wiring</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>Wiring</h1>
<p>{broken}. A dashed box was not read. Hover over a truncated text to see all of it.</p>
{notes}</header>
<main>
<div class="picture">{picture}</div>
{_list(wiring.findings)}
</main>
</body>
</html>
"""


def _list(findings: list[Finding]) -> str:
    if not findings:
        return ""
    return "<h2>Findings</h2>\n<ol>\n" + "\n".join(map(_item, findings)) + "\n</ol>"


def _item(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    return (
        f'<li class="{finding.level}" id="{finding.code}"><b>{finding.code}</b> {escape(str(finding.object))} '
        f"<span>{escape(place)}</span><br>{escape(finding.message)}<br><span>fix: {escape(finding.fix)}</span></li>"
    )


def _picture(wiring: Wiring) -> str:
    places = boxes(wiring)
    width, height = size(places)
    hues = {name: _HUES[index % len(_HUES)] for index, name in enumerate(_namespaces(wiring))}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        _MARKERS,
    ]
    parts += _titles(wiring, places)
    ordered = sorted(wiring.wires, key=lambda wire: bool(wire.codes))
    parts += [_curve(wire, places) for wire in ordered]
    parts += [_card(wiring.nodes[key], box, hues) for key, box in places.items()]
    parts += [_tag(wire, places) for wire in ordered if wire.codes]
    return "\n".join([*parts, "</svg>"])


_MARKERS = (
    "<defs>"
    + "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="{size}" markerHeight="{size}" '
        f'orient="auto" markerUnits="userSpaceOnUse"><path class="{name}" d="M0 0 8 4 0 8z"/></marker>'
        for name, size in (("head", 9), ("bad-head", 11))
    )
    + "</defs>"
)


def _namespaces(wiring: Wiring) -> list[str]:
    return sorted({node.namespace for node in wiring.nodes.values()} - {""})


def _titles(wiring: Wiring, places: dict[Key, Box]) -> list[str]:
    lefts = {wiring.nodes[key].column: box.x for key, box in places.items()}
    return [f'<text class="column" x="{x}" y="{TOP - 26}">{COLUMNS[column]}</text>' for column, x in lefts.items()]


def _card(node: Node, box: Box, hues: dict[str, int]) -> str:
    kinds = ["card", *(["absent"] if node.absent else []), *(["bad-card"] if node.codes else [])]
    state = " · not read" if node.absent else " · made by the operator" if node.made else ""
    parts = [
        f"<g><title>{escape(f'{node.kind} {node.namespace}/{node.name}')}</title>",
        f'<rect class="{" ".join(kinds)}" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8"/>',
        _namespace(node, box, hues),
        f'<text class="kind" x="{box.x + 14}" y="{box.y + 18}">{escape(node.kind + state)}</text>',
        f'<text class="name" x="{box.x + 14}" y="{box.y + 36}">{_short(node.name, box.width - 28, 8)}</text>',
    ]
    for index, row in enumerate(node.rows):
        parts.append(_row(row.path, row.value, row.codes, box, box.y + HEAD + index * ROW))
    return "\n".join([*parts, "</g>"])


def _namespace(node: Node, box: Box, hues: dict[str, int]) -> str:
    """The namespace at the upper right, each namespace in its own colour."""
    if not node.namespace:
        return ""
    hue = hues[node.namespace]
    bar = f'<rect x="{box.x}" y="{box.y + 8}" width="4" height="{HEAD - 12}" rx="2" fill="hsl({hue} 55% 50%)"/>'
    text = f'<text x="{box.x + box.width - 12}" y="{box.y + 18}" text-anchor="end" style="font-size:11px;'
    return f'{bar}{text}fill:hsl({hue} 60% 48%)">{_short(node.namespace, box.width // 2, 7)}</text>'


def _row(path: str, value: str, codes: list[str], box: Box, y: int) -> str:
    room = box.width - 28 - (48 if codes else 0)
    full = f"{path}: {value}" if value else path
    parts = [f"<g><title>{escape(full)}</title>"]
    if codes:
        parts.append(f'<rect class="bad-row" x="{box.x + 1}" y="{y}" width="{box.width - 2}" height="{ROW - 2}"/>')
        end = box.x + box.width - 12
        parts.append(f'<text class="code" x="{end}" y="{y + 14}" text-anchor="end">{escape(" ".join(codes))}</text>')
    parts.append(
        f'<text class="key" x="{box.x + 14}" y="{y + 13}">{_short(path, room, _CHARACTER, keep_end=True)}</text>'
    )
    parts.append(f'<text class="value" x="{box.x + 14}" y="{y + 27}">{_short(value, room, _CHARACTER)}</text></g>')
    return "".join(parts)


def _short(text: str, room: float, character: float, *, keep_end: bool = False) -> str:
    """Text that fits. A path keeps its end, which tells more than its beginning."""
    most = int(room / character)
    if len(text) > most:
        text = f"…{text[len(text) - most + 1 :]}" if keep_end else f"{text[: most - 1]}…"
    return escape(text)


def _ends(wire: Wire, places: dict[Key, Box]) -> tuple[int, int, int, int, int]:
    """Start, end and bend of a wire. Within one column it starts and ends at the left."""
    source, target = places[wire.source], places[wire.target]
    start, end = source.row_y(wire.row), target.row_y(wire.target_row)
    if source.x == target.x:
        return source.x, start, target.x, end, -60
    if source.x < target.x:
        return source.x + source.width, start, target.x, end, 60
    return source.x, start, target.x + target.width, end, -60


def _curve(wire: Wire, places: dict[Key, Box]) -> str:
    x, y, to_x, to_y, bend = _ends(wire, places)
    path = f"M{x} {y}"
    if places[wire.source].x == places[wire.target].x:
        path += f"C{x + bend} {y} {to_x + bend} {to_y} {to_x} {to_y}"
    else:
        for next_x, next_y in [*_around(wire, places), (to_x, to_y)]:
            path += f"C{x + bend} {y} {next_x - bend} {next_y} {next_x} {next_y}"
            x, y = next_x, next_y
    kind, head = ("bad-wire", "bad-head") if wire.codes else ("wire", "head")
    return f'<path class="{kind}" d="{path}" marker-end="url(#{head})"/>'


def _around(wire: Wire, places: dict[Key, Box]) -> list[tuple[int, int]]:
    """Corners of the route between the boxes of the columns that a wire crosses."""
    x, y, to_x, to_y, bend = _ends(wire, places)
    first, last = sorted((x, to_x))
    passed = sorted({(box.x, box.x + box.width) for box in places.values() if first < box.x < last - box.width})
    corners = []
    aside = ((places[wire.source].row_y(wire.row) // ROW) % 5 - 2) * 4  # keeps parallel wires apart
    for left, right in passed if bend > 0 else reversed(passed):
        free = lane(places, left, y + (to_y - y) * ((left + right) / 2 - x) / (to_x - x)) + aside
        corners += [(left, free), (right, free)] if bend > 0 else [(right, free), (left, free)]
    return corners


def _tag(wire: Wire, places: dict[Key, Box]) -> str:
    """The codes, in the middle of a broken wire or of its route through a column."""
    x, y, to_x, to_y, bend = _ends(wire, places)
    if places[wire.source].x == places[wire.target].x:
        x, to_x = x + bend * 3 // 4, x + bend * 3 // 4
    elif corners := _around(wire, places):
        (x, y), (to_x, to_y) = corners[:2]
    middle_x, middle_y = (x + to_x) // 2, (y + to_y) // 2
    text = " ".join(wire.codes)
    width = 14 + 7 * len(text)
    return (
        f'<rect class="tag" x="{middle_x - width // 2}" y="{middle_y - 10}" width="{width}" height="20" rx="10"/>'
        f'<text class="code" x="{middle_x}" y="{middle_y + 4}" text-anchor="middle">{escape(text)}</text>'
    )
