"""The command tree: a group that imports a verb only when it runs or shows its help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import click

from assistctl import __version__
from assistctl.errors import ExitCode

from .options import GLOBALS
from .table import VERBS, Row
from .verb import CONTEXT_SETTINGS, Verb, console_of, printed_by_console, write_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PROGRAM = "assistctl"

_HELP = """Keep a fleet of AI assistants equal to YAML manifests in git.

`assistctl plan` shows what would change, `assistctl apply` does exactly that."""

_EPILOG = """Every option can be set by the variable named beside it. Results go to standard output,
everything else to standard error. `assistctl VERB --help` tells more about one verb."""


class LazyGroup(click.Group):
    """The verbs of ``table``, each imported when it is needed."""

    def __init__(self, table: Mapping[str, Row], params: list[click.Parameter]) -> None:
        super().__init__(
            PROGRAM, params=params, help=_HELP, epilog=_EPILOG, context_settings=CONTEXT_SETTINGS
        )
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All verbs, in the table's order."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Imports the verb's module; None for a word that is not a verb."""
        row = self._table.get(cmd_name)
        return None if row is None else _load(row)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with the table for "did you mean"."""
        if args[0] not in self._table and args[0][:1] != "-" and not ctx.resilient_parsing:
            raise click.NoSuchCommand(args[0], possibilities=self._table, ctx=ctx)
        return super().resolve_command(ctx, args)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``-h``/``--help``, printed through the console."""
        return printed_by_console(super().get_help_option(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Main commands, other commands, options: all from data."""
        _write_verbs(formatter, "Main commands", (item for item in self._table.items() if item[1].main))
        _write_verbs(formatter, "Other commands", (item for item in self._table.items() if not item[1].main))
        write_options(ctx, formatter, "Global options, before or after the command", self.get_params(ctx))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Verbs by the table; options as click does."""
        from click.shell_completion import CompletionItem

        verbs = [
            CompletionItem(name, help=row.help)
            for name, row in self._table.items()
            if name.startswith(incomplete)
        ]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]


def build(table: Mapping[str, Row] = VERBS) -> LazyGroup:
    """A fresh command tree."""
    version = click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        help="Print the version.",
    )
    return LazyGroup(table, [*GLOBALS, version])


def _load(row: Row) -> Verb:
    command = import_module(row.module, "assistctl.cli.verbs").command
    if not isinstance(command, Verb):
        raise TypeError(f"the verb {row.module} has no command")
    command.short_help = row.help
    return command


def _write_verbs(formatter: click.HelpFormatter, title: str, rows: Iterable[tuple[str, Row]]) -> None:
    entries = [(name, row.help) for name, row in rows]
    if entries:
        with formatter.section(title):
            formatter.write_dl(entries)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        console_of(ctx).result(f"{PROGRAM} {__version__}")
        ctx.exit(ExitCode.DONE)
