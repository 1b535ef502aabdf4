"""Commands that others get in the way of begin again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ingest.storage.store import Store, StoreError

_Result = TypeVar("_Result")

_ATTEMPTS = 10


class OvertakenError(FileNotFoundError):
    """Files that a command has listed were deleted by another one, or what it has read was forgotten."""


def again_if_overtaken(
    name: str,
    store: Store,
    attempt: Callable[[], _Result],
    overtaken_by: type[FileNotFoundError] = FileNotFoundError,
) -> _Result:
    """The result of an attempt, which is made again, from a new listing, if another command took its files.

    Args:
        name: of the command, for the message.
        store: the lake's store.
        attempt: it changes nothing that counts before its end.
        overtaken_by: the error that says so.

    Raises:
        StoreError: that happened each time.
    """
    reason = ""
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except overtaken_by as error:
            reason = str(error)
    raise StoreError(
        f"{store.uri}: {name} was given up, and changed nothing: another command deleted or forgot what it read, "
        f"{_ATTEMPTS} times ({reason}); run it again when no vacuum and no forget is running"
    )
