"""Pictures of the sample's page, for docs/gallery.md."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
from PIL import Image

from tests.browser.chromium import chromium, visit

COLORS = 256
_MOST_FLAGS = """() =>
    gta.group("rpt_worker_flags", gta.rows("rpt_worker_flags"), ["worker_key"], {n: ["count", "flag"]})
    .sort((a, b) => b.n - a.n)[0].worker_key"""


@dataclass(frozen=True)
class Picture:
    """A picture: its name, what it shows, and how."""

    name: str
    show: str
    width: int = 1440
    height: int = 900
    scheme: Literal["light", "dark"] = "light"


PICTURES = [
    *(Picture(name, name) for name in ("overview", "workers", "annotations", "quality", "review_queue", "data_health")),
    Picture("worker", "worker"),
    Picture("dark", "workers", scheme="dark"),
    Picture("phone", "overview", width=420, height=900),
]


def as_on_s3(warehouse: Path, copy: Path) -> None:
    """Copies a warehouse; the files that it names are on S3, not in somebody's folder."""
    shutil.copyfile(warehouse, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "update rpt_load_health set last_error = "
            "regexp_replace(last_error, '^file://.*/([^/]+/annotations/)', 's3://example-bucket/labeling-output/\\1')"
        )


def draw(page: Path, folder: Path) -> list[Path]:
    """Writes every picture of a page to a folder; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with chromium() as browser:
        for picture in PICTURES:
            with visit(browser, page, width=picture.width, height=picture.height, scheme=picture.scheme) as open_page:
                # The worker's page is that of whoever has most flags.
                route = f"worker/{open_page.call(_MOST_FLAGS)}" if picture.show == "worker" else picture.show
                open_page.show(route)
                shot = Image.open(io.BytesIO(open_page.page.screenshot()))
            path = folder / f"{picture.name}.png"
            shot.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
            paths.append(path)
    return paths
