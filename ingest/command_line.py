"""What the command lines of the loader and of `publish` share: options, exit statuses, and how errors are shown."""

from __future__ import annotations

import functools
import io
import math
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import click

from ingest.display import plain
from ingest.interrupts import INTERRUPTED
from ingest.storage.store import Encryption, S3Options, without_credentials

DONE, DONE_WITH_REJECTED, NOTHING_DONE = 0, 1, 2

_Result = TypeVar("_Result")

json_option = click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")


def s3_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the S3 options to a command, which receives them as ``s3``."""

    @functools.wraps(command)
    def with_s3(
        s3_endpoint_url: str | None,
        s3_encryption: str | None,
        s3_kms_key_id: str | None,
        s3_bucket_key: bool | None,
        s3_requester_pays: bool,
        **others: Any,
    ) -> None:
        encryption = Encryption(s3_encryption) if s3_encryption else None
        try:
            s3 = S3Options(s3_endpoint_url, encryption, s3_kms_key_id, s3_bucket_key, s3_requester_pays)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        command(s3=s3, **others)

    options = (
        _s3_option("--s3-endpoint-url", metavar="URL", help="S3 endpoint, if not the default of AWS or boto3."),
        _s3_option(
            "--s3-encryption",
            type=click.Choice([encryption.value for encryption in Encryption]),
            help="How to encrypt what is written; default: as the bucket does.",
        ),
        _s3_option("--s3-kms-key-id", metavar="KEY", help="KMS key to encrypt with: an id or an ARN."),
        _s3_option(
            "--s3-bucket-key/--no-s3-bucket-key",
            default=None,
            help="Use an S3 bucket key, which makes fewer KMS requests.",
        ),
        _s3_option("--s3-requester-pays", is_flag=True, help="Pay for requests to requester-pays buckets."),
    )
    wrapped: Callable[..., None] = with_s3
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


def _s3_option(name: str, **settings: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    variable = "GT_" + name.partition("/")[0].removeprefix("--").replace("-", "_").upper()
    return click.option(name, envvar=variable, show_envvar=True, **settings)


def or_nothing(action: Callable[[], _Result], left: str = "the lake is unchanged") -> _Result:
    """The result of an action; an operating system's error, or an interrupt, ends the command.

    Args:
        action: what to do.
        left: what is true after an interrupt.
    """
    try:
        return action()
    except OSError as error:
        fail(str(error))
    except KeyboardInterrupt:
        say(f"interrupted: {left}", err=True)
        sys.exit(INTERRUPTED)


def fail(message: str, *details: str) -> NoReturn:
    """End the command: nothing was done, and this is why, in one line, and a line for each detail."""
    say(f"error: {message}", *(f"  {detail}" for detail in details), err=True)
    sys.exit(NOTHING_DONE)


def say(*lines: str, err: bool = False) -> None:
    """Print lines, whatever names and texts are in them: each stays one line, without credentials of an address."""
    for line in lines:
        click.echo(plain(without_credentials(line)), err=err)


def run(command: click.Command) -> NoReturn:
    """Run a command line, and end the process with its exit status."""
    try:
        status = command.main(standalone_mode=False)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        say(*shown.getvalue().rstrip("\n").split("\n"), err=True)
        sys.exit(error.exit_code)
    except click.Abort as error:
        is_interrupt = isinstance(error.__cause__, KeyboardInterrupt)
        say(f"{'interrupted: ' if is_interrupt else ''}nothing was done", err=True)
        sys.exit(INTERRUPTED if is_interrupt else NOTHING_DONE)
    except Exception as error:
        # A fault of ours is none of the commands' own statuses; Python would end with that of rejected files.
        click.echo("".join(traceback.format_tb(error.__traceback__)), err=True, nl=False)
        fail(f"a fault of this program, {type(error).__name__}: {error}")
    sys.exit(status if isinstance(status, int) else DONE)


class FiniteRange(click.FloatRange):
    """A number of some range, never nan or infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See ``click.ParamType``."""
        number = click.FLOAT.convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r}: expected a number", param, ctx)
        return super().convert(value, param, ctx)
