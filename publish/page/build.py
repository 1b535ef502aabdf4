"""Puts the page together: one HTML file with all code and data in it, and a content security policy that says so."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from ingest import __version__
from publish.exceptions import MINIMUM_COUNT
from publish.labeling_jobs import purposes
from publish.page.data import LAZY, PageData, RefusedError
from publish.visuals import Visual

MAXIMUM_BYTES = 20_000_000
_APP = Path(__file__).with_name("app")
SCRIPTS = (
    "engine.js",
    "figures.js",
    "charts.js",
    "tables.js",
    "matrix.js",
    "shell.js",
    "pages/overview.js",
    "pages/workers.js",
    "pages/annotations.js",
    "pages/quality.js",
    "pages/review_queue.js",
    "pages/data_health.js",
    "pages/worker.js",
    "main.js",
)
"""The page's own code, in this order."""

_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<noscript><p>This page is drawn by a script, and asks nobody for anything. Allow scripts to see it.</p></noscript>
{data}
<script>{bundle}</script>
<script>{app}</script>
</body>
</html>
"""


@functools.cache
def vega_bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script."""
    import vl_convert

    return _inline(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed; window.vega = vega;"))


def app() -> str:
    """The page's own code as one script."""
    return _inline("\n".join(["'use strict';", *((_APP / name).read_text(encoding="utf-8") for name in SCRIPTS)]))


def _inline(script: str) -> str:
    """A script that cannot end its own element."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _hash(content: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


def policy(style: str, scripts: Sequence[str]) -> str:
    """A content security policy that allows these scripts and this style, and nothing else but data: images."""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src " + " ".join(map(_hash, scripts)),
            "style-src " + _hash(style),
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def build(data: PageData, visuals: Sequence[Visual], title: str = "Ground Truth Analytics") -> str:
    """The page as HTML.

    Args:
        data: what it shows.
        visuals: the shared visuals.
        title: of the page.

    Returns:
        The page.

    Raises:
        RefusedError: it would be too large.
    """
    meta = {
        "title": title,
        "version": __version__,
        "vl_convert": version("vl-convert-python"),
        "answers": data.answers,
        "audience": data.audience.sentence,
        "names": data.audience.names,
        "since": data.audience.since.isoformat() if data.audience.since else None,
        "workers": list(data.audience.workers),
        "restricted": bool(data.audience.workers or data.audience.workteam),
        "left_out": data.left_out,
        "small_count": MINIMUM_COUNT,
        "purposes": purposes(),
        "visuals": [asdict(visual) for visual in visuals],
    }
    blocks = [f'<script type="application/json" id="gta-meta">{_json(meta)}</script>']
    for mart, packed in sorted(data.packed.items()):
        lazy = " data-lazy" if mart in LAZY else ""
        encoded = base64.b64encode(packed).decode()
        blocks.append(f'<script type="text/plain" data-mart="{mart}"{lazy}>{encoded}</script>')
    style = (_APP / "app.css").read_text(encoding="utf-8")
    bundle, own = vega_bundle(), app()
    page = _HTML.format(
        policy=policy(style, [bundle, own]),
        title=html.escape(title),
        style=style,
        data="\n".join(blocks),
        bundle=bundle,
        app=own,
    )
    if (size := len(page.encode())) > MAXIMUM_BYTES:
        raise RefusedError(
            f"the page would have {size / 1e6:.1f} MB (at most {MAXIMUM_BYTES / 1e6:.0f}): "
            "narrow it with --since DATE, --job NAME, --workteam NAME or --worker KEY"
        )
    return page


def _json(value: object) -> str:
    """JSON that may be inside of a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
