"""Chromium that shows the page: found or installed from Debian's packages, never downloaded by Playwright."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
COMMAND = "python -m tests.browser fetch"
_ARGUMENTS = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND"),
)
_OPEN_SECONDS = 60


class ChromiumError(Exception):
    """There is no Chromium; the message says what to do."""


def executable() -> str | None:
    """Path of Chromium, if it is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def fetch() -> str:
    """Path of Chromium, installed from Debian's packages if it is not there.

    Raises:
        ChromiumError: it cannot be installed here.
    """
    if path := executable():
        return path
    by_hand = f"install Chromium so that one of {', '.join(NAMES)} is on PATH"
    if not shutil.which("apt-get"):
        raise ChromiumError(f"there is no Chromium, and no apt-get to install it: {by_hand}")
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root and (
        not shutil.which("sudo") or subprocess.run([*root, "true"], capture_output=True, check=False).returncode
    ):
        raise ChromiumError(f"there is no Chromium, and apt-get needs root: `apt-get install chromium`, or {by_hand}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            [*root, "apt-get", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ChromiumError(
                f"apt-get {arguments[0]} failed; {by_hand}:\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}"
            )
    if path := executable():
        return path
    raise ChromiumError(f"apt-get installed no Chromium: {by_hand}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium without a window.

    Raises:
        ChromiumError: there is none.
    """
    if (path := executable()) is None:
        raise ChromiumError(f"there is no Chromium: {COMMAND}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """The page of a file, open in a browser that reaches nothing else.

    Attributes:
        requests: what it asked for besides itself.
        messages: what it wrote to the console, and errors that nobody caught.
        dialogs: what it alerted.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def call(self, expression: str, *arguments: Any) -> Any:
        """What an expression or a function of the page gives; it gets the arguments as one list."""
        return self.page.evaluate(expression, list(arguments))

    def show(self, page_id: str) -> None:
        """Go to one of its pages, and wait until it is drawn."""
        self.call("([id]) => gta.show(id)", page_id)

    def filter(self, selected: dict[str, Any]) -> None:
        """Filter, and wait until all is drawn again."""
        self.call("([selected]) => gta.filter(selected)", selected)

    @property
    def page_ids(self) -> list[str]:
        """Its pages, as the navigation has them."""
        ids: list[str] = self.call("() => gta.pages.map(page => page.id)")
        return ids


@contextmanager
def visit(
    browser: Browser,
    path: Path,
    *,
    width: int = 1440,
    height: int = 900,
    scheme: Literal["light", "dark"] = "light",
    bypass_csp: bool = False,
) -> Iterator[Visit]:
    """The page of a file, loaded and drawn.

    Args:
        browser: opens it.
        path: the file.
        width: of the window, in pixels.
        height: of the window, in pixels.
        scheme: light or dark.
        bypass_csp: run what its security policy forbids: for axe only.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        bypass_csp=bypass_csp,
        reduced_motion="reduce",
        accept_downloads=True,
        locale="en-US",
        timezone_id="America/New_York",  # times are UTC, whatever the reader's clock says
    )
    context.set_default_timeout(_OPEN_SECONDS * 1_000)
    found = Visit(context.new_page())
    itself = path.resolve().as_uri()

    def ask(route: Route) -> None:
        if route.request.url.partition("#")[0] == itself:
            route.continue_()
        else:
            found.requests.append(route.request.url)
            route.abort()

    def write(message: ConsoleMessage) -> None:
        found.messages.append(f"{message.type}: {message.text}")

    def alert(dialog: Dialog) -> None:
        found.dialogs.append(dialog.message)
        dialog.dismiss()

    context.route("**/*", ask)
    found.page.on("console", write)
    found.page.on("pageerror", lambda error: found.messages.append(f"error: {error}"))
    found.page.on("dialog", alert)
    found.page.on("websocket", lambda socket: found.requests.append(socket.url))
    try:
        found.page.goto(itself)
        found.page.wait_for_function("window.gta && window.gta.ready")
        found.call("() => gta.ready")
        yield found
    finally:
        context.close()
