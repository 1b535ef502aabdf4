"""The command line of `publish`: the group. Each command is in the room that does the work."""

from __future__ import annotations

from importlib import import_module

import click

from ingest import __version__

# Command and the module that has it under its own name, imported when it is called: their libraries are slow to import.
COMMANDS: dict[str, str] = {
    "page": "publish.page.command",
    "quicksight": "publish.quicksight.command",
    "review-manifest": "publish.review_manifest",
    "alerts": "publish.alerts",
    "export": "publish.export",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="publish")
def cli() -> None:
    """Show people what the marts say, and start the next labeling job from it.

    Reads the marts that dbt built: on DuckDB, or with --target athena on Amazon Athena. Exit status: 0 done, 1 done but
    something needs a look, 2 nothing done.
    """
