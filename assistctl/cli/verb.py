"""What a verb is made of: a click command with the global options, called with one :class:`Call`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import click

from assistctl.errors import ExitCode

from .console import Console
from .globals import GlobalOptions
from .options import GLOBALS, OptionalValue, fill_in_bare, gathered

CONTEXT_SETTINGS: Mapping[str, object] = MappingProxyType({"help_option_names": ("-h", "--help")})


@dataclass(frozen=True, slots=True)
class Call:
    """What every verb gets: what the global options say, and where to print."""

    options: GlobalOptions
    console: Console


class Verb(click.Command):
    """A command that takes the global options too and hands its function a :class:`Call` first."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The verb's own parameters, help, and the global options."""
        return [*super().get_params(ctx), *GLOBALS]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click, with bare ``--adopt`` told apart from ``--adopt KEY``."""
        options = (param for param in self.params if isinstance(param, OptionalValue))
        return super().parse_args(ctx, fill_in_bare(args, frozenset(n for o in options for n in o.opts)))

    def invoke(self, ctx: click.Context) -> ExitCode | None:
        """Runs the verb's function."""
        if self.callback is None:
            return None
        call = Call(gathered(ctx), console_of(ctx))
        call.console.configure(call.options)
        code: ExitCode | None = ctx.invoke(self.callback, call, **ctx.params)
        return code

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``-h``/``--help``, printed through the console."""
        return printed_by_console(super().get_help_option(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verb's own options first, the global ones apart."""
        own = [param for param in self.get_params(ctx) if param not in GLOBALS]
        write_options(ctx, formatter, "Options", own)
        write_options(ctx, formatter, "Global options", GLOBALS)


def verb(function: Callable[..., ExitCode | None]) -> Verb:
    """Makes ``function(call, **options)`` a verb; its docstring is the help, its result the exit code."""
    return click.command(cls=Verb, context_settings=CONTEXT_SETTINGS)(function)


def console_of(ctx: click.Context) -> Console:
    """The console of this run."""
    return ctx.find_object(Console) or Console.of_process()


def printed_by_console(option: click.Option | None) -> click.Option | None:
    """The help option, made to survive a closed or ASCII standard output."""
    if option is not None:
        option.callback = _show_help
    return option


def write_options(
    ctx: click.Context, formatter: click.HelpFormatter, title: str, params: Iterable[click.Parameter]
) -> None:
    """One titled list of options."""
    records = [record for param in params if (record := param.get_help_record(ctx)) is not None]
    if records:
        with formatter.section(title):
            formatter.write_dl(records)


def _show_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        console_of(ctx).result(ctx.get_help())
        ctx.exit()
