"""Pictures of the sample's page, for docs/gallery.md."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from tests.browser.chromium import chromium, visit

COLORS = 128


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


def draw(page: Path, folder: Path) -> list[Path]:
    """Writes every picture of a page to a folder; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with chromium() as browser:
        for picture in PICTURES:
            with visit(browser, page, width=picture.width, height=picture.height, scheme=picture.scheme) as open_page:
                open_page.show(picture.show)
                shot = Image.open(io.BytesIO(open_page.page.screenshot()))
            path = folder / f"{picture.name}.png"
            shot.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
            paths.append(path)
    return paths
