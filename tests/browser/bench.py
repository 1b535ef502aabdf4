"""How large the page of a warehouse is, and how long it takes."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from publish.marts import DuckDBMarts
from tests.browser.chromium import chromium, visit
from tests.browser.filters import random_filters
from tests.browser.page import build_page

FILTERS = 60
GOALS = {"megabytes": 8.0, "build": 5.0, "open": 3.0, "filter": 0.5}

_TIMED = """async ([selected]) => {
    const start = performance.now();
    await gta.filter(selected);
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - start;
}"""


def measure(warehouse: Path) -> str:
    """Figures of a page, each beside its goal."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        start = time.perf_counter()
        build_page(warehouse, path)
        built = time.perf_counter() - start
        lines = [
            ("file", f"{path.stat().st_size / 1e6:.2f} MB", f"{GOALS['megabytes']:g} MB"),
            ("built in", f"{built:.2f} s", f"{GOALS['build']:g} s"),
        ]
        filters = [*random_filters(DuckDBMarts(str(warehouse)), FILTERS, seed=1)]
        with chromium() as browser:
            opened = []
            for _ in range(3):
                start = time.perf_counter()
                with visit(browser, path):
                    opened.append(time.perf_counter() - start)
            lines.append(("opened and drawn in", f"{statistics.median(opened):.2f} s", f"{GOALS['open']:g} s"))
            with visit(browser, path) as page:
                heap = page.call("() => performance.memory ? performance.memory.usedJSHeapSize / 1e6 : 0")
                lines.append(("heap", f"{heap:.0f} MB", ""))
                for page_id in page.page_ids:
                    page.filter({})
                    start = time.perf_counter()
                    page.show(page_id)
                    shown = time.perf_counter() - start
                    times = [page.call(_TIMED, selected) / 1_000 for selected in filters]
                    text = f"median {statistics.median(times):.3f} s, worst {max(times):.3f} s; shown in {shown:.2f} s"
                    lines.append((f"a filter on {page_id}", text, f"{GOALS['filter']:g} s"))
    return "\n".join(
        f"{name:32} {text:60} goal {goal}".rstrip().removesuffix("goal").rstrip() for name, text, goal in lines
    )
