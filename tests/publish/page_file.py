"""What is packed in a page's file."""

from __future__ import annotations

import base64
import re
from typing import Any

from publish.page.packing import unpack


def packed(content: str) -> dict[str, bytes]:
    """The bytes of each mart in a page."""
    found = re.findall(r'<script type="text/plain" data-mart="(\w+)"[^>]*>([^<]*)</script>', content)
    return {mart: base64.b64decode(text) for mart, text in found}


def table(content: str, mart: str) -> dict[str, list[Any]]:
    """A mart's columns in a page."""
    return unpack(packed(content)[mart])
