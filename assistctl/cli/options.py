"""Options with their environment variables, and the global ones that work before and after the verb."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from .globals import Colour, GlobalOptions

EVERY = "*"
"""What an option with an optional value holds when it was given bare: ``--adopt`` is ``--adopt=*``."""

_META = "assistctl.global_options"
_PATHS = frozenset({"directory", "config"})

F = TypeVar("F", bound=Callable[..., object])


def option(*names: str, **settings: Any) -> Callable[[F], F]:  # the settings are click's own, untyped there
    """``click.option`` whose default is ``ASSISTCTL_<LONG NAME>``, named in the help."""
    return click.option(*names, **_with_variable(names, settings))


def optional_value(*names: str, **settings: Any) -> Callable[[F], F]:
    """A repeatable ``--name[=VALUE]``: bare it means :data:`EVERY`, and never takes the next argument."""
    return option(*names, cls=OptionalValue, multiple=True, **settings)


def auto_approve(function: F) -> F:
    """``--auto-approve`` and its other spelling ``--yes``, as the parameter ``auto_approve``."""
    return option("--auto-approve", "--yes", is_flag=True, help="Do not ask before changing anything.")(
        function
    )


class OptionalValue(click.Option):
    """An option whose value can only be joined to it by ``=``."""

    def get_help_spec(self, ctx: click.Context) -> str:
        """``--adopt[=KEY]``."""
        return ", ".join(f"{name}[={self.make_metavar(ctx)}]" for name in self.opts)


def fill_in_bare(args: Iterable[str], names: frozenset[str]) -> list[str]:
    """``--name`` becomes ``--name=*`` for each of ``names``; what follows ``--`` stays as it is."""
    filled: list[str] = []
    rest = iter(args)
    for arg in rest:
        if arg == "--":
            return [*filled, arg, *rest]
        filled.append(f"{arg}={EVERY}" if arg in names else arg)
    return filled


class NameValue(click.ParamType[tuple[str, str]]):
    """``NAME=VALUE``. A variable that holds several has one a line, so that values may have spaces."""

    name = "N=V"
    envvar_list_splitter = "\n"

    def convert(
        self, value: str | tuple[str, str], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not name.strip() or not equals:
            self.fail(f"{name!r} is not of the form NAME=VALUE.", param, ctx)
        return name.strip(), text


class Seconds(click.ParamType[float]):
    """A finite number above zero."""

    name = "S"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not (math.isfinite(seconds) and seconds > 0):
            self.fail(f"{value!r} is not a number of seconds above zero.", param, ctx)
        return seconds


def gathered(ctx: click.Context) -> GlobalOptions:
    """What all levels of the command line said so far."""
    from pathlib import Path

    given: dict[str, Any] = ctx.meta.get(_META, {})
    values: dict[str, Any] = {n: Path(v) if n in _PATHS else v for n, v in given.items()}
    return GlobalOptions(**values)


def _with_variable(names: Iterable[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    variables = [
        "ASSISTCTL_" + name.removeprefix("--").replace("-", "_").upper() for name in names if name[:2] == "--"
    ]
    envvar = variables[0] if len(variables) == 1 else variables
    return {"envvar": envvar, "show_envvar": True, **settings}


def _collect(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keeps one global option. Each level of the command line comes through here, outermost first."""
    given: dict[str, Any] = ctx.meta.setdefault(_META, {})
    name = str(param.name)
    source = ctx.get_parameter_source(name)
    if name in _MERGE:
        if name not in given:
            given[name] = _MERGE[name](_default_of(name), _from_environment(ctx, param))
        if source is ParameterSource.COMMANDLINE:
            given[name] = _MERGE[name](given[name], value)
        return
    if name == "no_color":
        name, value = "colour", Colour.NEVER if value else None
    given_here = source is ParameterSource.COMMANDLINE
    given_there = source is ParameterSource.ENVIRONMENT and name not in given
    if value is not None and (given_here or given_there):
        given[name] = value


_MERGE: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "variables": lambda known, more: {**known, **dict(more)},
        "allowed_env": lambda known, more: known | frozenset(more),
    }
)
"""The options that add up, over the environment and both places of the command line."""


def _default_of(name: str) -> Any:
    return getattr(GlobalOptions(), name)


def _from_environment(ctx: click.Context, param: click.Parameter) -> Any:
    raw = param.value_from_envvar(ctx)
    return () if raw is None else param.type_cast_value(ctx, [part for part in raw if part.strip()])


def _global(*names: str, **settings: Any) -> click.Option:
    settings = _with_variable(names, settings)
    return click.Option(names, expose_value=False, callback=_collect, **settings)


GLOBALS: tuple[click.Option, ...] = (
    _global(
        "-C",
        "--directory",
        type=click.Path(exists=True, file_okay=False),
        metavar="DIR",
        help="Work as if started in DIR.",
    ),
    _global(
        "-c",
        "--config",
        type=click.Path(),
        metavar="FILE",
        help="The project file; without it assistctl.yaml is looked for here and above.",
    ),
    _global("-e", "--env", "environment", metavar="NAME", help="The environment to work on."),
    _global("--provider", metavar="NAME", help="Use this profile instead of the project's."),
    _global("--base-url", metavar="URL", help="Where the remote is: everything before /assistants."),
    _global(
        "--var",
        "variables",
        multiple=True,
        type=NameValue(),
        help="Set a variable of the manifests; repeatable. In the environment: one a line.",
    ),
    _global(
        "--allow-env",
        "allowed_env",
        multiple=True,
        metavar="N",
        help="Let manifests read this environment variable; repeatable.",
    ),
    _global("--color", "colour", type=click.Choice(Colour, case_sensitive=False), help="When to use colour."),
    _global("--no-color", is_flag=True, help="The same as --color never."),
    _global("-q", "--quiet", is_flag=True, help="Print results and errors only."),
    _global("-v", "--verbose", is_flag=True, help="Tell more on the way."),
    _global("--timeout", type=Seconds(), help="Give up after S seconds, for the whole command."),
)
"""They belong to the group and to every verb; their values are read with :func:`gathered`."""
