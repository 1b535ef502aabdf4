"""How large the page of a warehouse is, and how long it takes."""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import CDPSession

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


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _metric(session: CDPSession, name: str) -> float:
    """One of the seconds that Chromium counts: of the page's thread, or of its process."""
    values: dict[str, float] = {
        metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]
    }
    return values[name]


def measure(warehouse: Path) -> str:
    """Figures of a page, each beside its goal; processor time too, which a busy machine leaves as it is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        start, used = time.perf_counter(), _children_seconds()
        build_page(warehouse, path)
        built, used = time.perf_counter() - start, _children_seconds() - used
        lines = [
            ("file", f"{path.stat().st_size / 1e6:.2f} MB", f"{GOALS['megabytes']:g} MB"),
            ("built in", f"{built:.2f} s ({used:.2f} s of processors)", f"{GOALS['build']:g} s"),
        ]
        filters = [*random_filters(DuckDBMarts(str(warehouse)), FILTERS, seed=1)]
        with chromium() as browser:
            opened = []
            for _ in range(3):
                start = time.perf_counter()
                with visit(browser, path):
                    opened.append(time.perf_counter() - start)
            with visit(browser, path) as page:
                session = page.page.context.new_cdp_session(page.page)
                session.send("Performance.enable")
                used = _metric(session, "ProcessTime")
                text = f"{statistics.median(opened):.2f} s ({used:.2f} s of processors)"
                lines.append(("opened and drawn in", text, f"{GOALS['open']:g} s"))
                heap = page.call("() => performance.memory ? performance.memory.usedJSHeapSize / 1e6 : 0")
                lines.append(("heap", f"{heap:.0f} MB", ""))
                for page_id in page.page_ids:
                    page.filter({})
                    start = time.perf_counter()
                    page.show(page_id)
                    shown = time.perf_counter() - start
                    times, processor = [], []
                    for selected in filters:
                        used = _metric(session, "ThreadTime")
                        times.append(page.call(_TIMED, selected) / 1_000)
                        processor.append(_metric(session, "ThreadTime") - used)
                    text = (
                        f"median {statistics.median(times):.3f} s ({statistics.median(processor):.3f} s), "
                        f"worst {max(times):.3f} s ({max(processor):.3f} s of processors); shown in {shown:.2f} s"
                    )
                    lines.append((f"a filter on {page_id}", text, f"{GOALS['filter']:g} s"))
    return "\n".join(
        f"{name:27} {text:98} goal {goal}".rstrip().removesuffix("goal").rstrip() for name, text, goal in lines
    )
