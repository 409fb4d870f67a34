# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Positions of the nodes of a wiring: one column per kind of object, few crossings."""

from __future__ import annotations

from dataclasses import dataclass

from kserve_wiring.graph.wiring import COLUMNS, Key, Node, Wiring

WIDTHS = (430, 330, 330, 330)
GAP_X, GAP_Y = 110, 30
TOP, LEFT = 56, 90
HEAD, ROW, FOOT = 46, 34, 8


@dataclass(frozen=True, slots=True)
class Box:
    """Position and size of a node, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def row_y(self, row: int) -> int:
        """Middle of a row; -1 is the title."""
        return self.y + (HEAD // 2 if row < 0 else HEAD + row * ROW + ROW // 2)


def boxes(wiring: Wiring) -> dict[Key, Box]:
    """The box of every node."""
    columns = _ordered(wiring)
    heights = [sum(_height(wiring.nodes[key]) + GAP_Y for key in keys) - GAP_Y for keys in columns]
    tallest = max([*heights, 0])
    found: dict[Key, Box] = {}
    x = LEFT
    for keys, width, height in zip(columns, WIDTHS, heights, strict=True):
        if not keys:
            continue
        y = TOP + (tallest - height) // 2
        for key in keys:
            found[key] = Box(x, y, width, _height(wiring.nodes[key]))
            y += found[key].height + GAP_Y
        x += width + GAP_X
    return found


def size(places: dict[Key, Box]) -> tuple[int, int]:
    """Width and height of the picture."""
    right = max((box.x + box.width for box in places.values()), default=0)
    bottom = max((box.y + box.height for box in places.values()), default=0)
    return right + LEFT, bottom + GAP_Y


def lane(places: dict[Key, Box], x: int, wanted: float) -> int:
    """The free height closest to the wanted one in the column at x: above, below or between its boxes."""
    column = sorted((box for box in places.values() if box.x == x), key=lambda box: box.y)
    free = [column[0].y - GAP_Y // 2, *(box.y + box.height + GAP_Y // 2 for box in column)]
    return min(free, key=lambda y: abs(y - wanted))


def _height(node: Node) -> int:
    return HEAD + len(node.rows) * ROW + FOOT


def _ordered(wiring: Wiring) -> list[list[Key]]:
    """The keys of each column, sorted by the rows that point to them."""
    columns = [[key for key, node in wiring.nodes.items() if node.column == index] for index in range(len(COLUMNS))]
    rank: dict[Key, float] = {key: float(index) for keys in columns for index, key in enumerate(keys)}
    for index in range(1, len(columns)):
        columns[index].sort(key=lambda key: (_mean(wiring, key, rank), rank[key]))
        rank |= {key: float(place) for place, key in enumerate(columns[index])}
    return columns


def _mean(wiring: Wiring, key: Key, rank: dict[Key, float]) -> float:
    """Mean position of the rows that point to a node."""
    column = wiring.nodes[key].column
    leading = [
        rank[wire.source] + wire.row / (1 + len(wiring.nodes[wire.source].rows))
        for wire in wiring.wires
        if wire.target == key and wiring.nodes[wire.source].column < column
    ]
    return sum(leading) / len(leading) if leading else float(len(wiring.nodes))
