"""What is drawn on a page: its marks, lines and cells, counted in the document and not by the page's own account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.browser.chromium import Visit

_DRAWN = """() => [...document.querySelectorAll("[data-visual]")].map(block => {
    const visible = element => element.getClientRects().length > 0;
    const own = selector => [...block.querySelectorAll(selector)].filter(element => !element.closest("details"));
    const marks = {};
    for (const layer of block.querySelectorAll("svg g.role-mark")) {
        const kind = [...layer.classList].find(name => name.startsWith("mark-")).slice(5);
        if (kind === "group") continue;
        const shapes = [...layer.children];
        const boxes = shapes.map(shape => shape.getBoundingClientRect());
        (marks[kind] ??= []).push({
            count: shapes.length,
            wide: Math.max(0, ...boxes.map(box => box.width)),
            high: Math.max(0, ...boxes.map(box => box.height)),
            thick: boxes.filter(box => box.width >= 2 && box.height >= 2).length,
            broken: shapes.filter(shape => /NaN|undefined|Infinity/.test(shape.outerHTML.slice(0, 500))).length,
        });
    }
    const outside = label => {
        const [inner, outer] = [label, label.closest("svg")].map(element => element.getBoundingClientRect());
        return inner.left < outer.left - 1 || inner.right > outer.right + 1;
    };
    return {
        id: block.dataset.visual,
        rows: Number(block.dataset.rows),
        marks,
        cut: [...block.querySelectorAll("svg .role-legend-label text")].filter(outside).map(label => label.textContent),
        lines: own("tbody tr").filter(visible).length,
        cells: own("tbody td:not(.nothing)").filter(visible).length,
        seen: visible(block),
    };
})"""

# The shape that stands for a row, by the kind of chart.
_SHAPES = {
    "bar": "rect",
    "stacked_bar": "rect",
    "histogram": "rect",
    "heatmap": "rect",
    "line": "symbol",
    "interval": "symbol",
    "scatter": "symbol",
    "donut": "arc",
    "pie": "arc",
}


# What the length of a bar is, and how many pixels the longest of a chart has at least.
_SIDES = {"bar": "wide", "stacked_bar": "wide", "histogram": "high"}
_LONGEST_BAR = 40


@dataclass(frozen=True)
class Block:
    """A chart, a table or a card, as the page says that it is, and as it is drawn."""

    id: str
    kind: str
    rows: list[dict[str, Any]]
    drawn: dict[str, Any]

    @property
    def is_chart(self) -> bool:
        """Whether it is drawn by Vega."""
        return self.kind in _SHAPES

    def problems(self) -> Iterator[str]:
        """What is wrong with the drawing."""
        said = self.drawn["rows"]
        if not self.drawn["seen"]:
            yield "is not visible"
        if self.kind == "card":
            return
        if not self.rows:
            if said:
                yield f"has no rows, and says that {said} are drawn"
            return
        if not said:
            yield f"has {len(self.rows)} rows, and none is drawn"
        elif self.is_chart:
            yield from self._marks(said)
        else:
            count = self.drawn["cells" if self.kind == "matrix" else "lines"]
            if count != said:
                yield f"says that {said} rows are drawn; there are {count}"

    def _marks(self, said: int) -> Iterator[str]:
        layers = self.drawn["marks"].get(_SHAPES[self.kind], [])
        count = sum(layer["count"] for layer in layers)  # stacks are drawn one by one
        if count != said:
            yield f"has {said} rows to draw, and {count} marks"
        elif not any(layer["thick"] for layer in layers):
            yield "has marks that nobody can see"
        elif (side := _SIDES.get(self.kind)) and max(layer[side] for layer in layers) < _LONGEST_BAR:
            yield f"has no bar that is {side}"
        if self.drawn["cut"]:
            yield f"has legends that are cut off: {self.drawn['cut']}"
        broken = sum(layer["broken"] for kind in self.drawn["marks"].values() for layer in kind)
        if broken:
            yield f"has {broken} broken marks"


def blocks(page: Visit) -> list[Block]:
    """Everything on the page that is shown now."""
    shown = page.call("() => gta.shown()")
    drawn = page.call(_DRAWN)
    assert [block["id"] for block in shown] == [block["id"] for block in drawn]
    return [Block(one["id"], one["kind"], one["rows"], other) for one, other in zip(shown, drawn, strict=True)]


def problems(page: Visit) -> list[str]:
    """What is wrong with the drawing of the page that is shown now."""
    return [f"{block.id} ({block.kind}) {problem}" for block in blocks(page) for problem in block.problems()]
