"""The options that plan and apply share, and the selection they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict, TypeVar

import click

from .options import EVERY, option, optional_value

if TYPE_CHECKING:
    from assistctl.model.selection import Resolution, Selection
    from assistctl.settings import Settings

F = TypeVar("F", bound=Callable[..., object])

POLICIES = ("overwrite", "keep", "fail")


class Choices(TypedDict):
    """What click hands over for :func:`selecting`."""

    target: tuple[str, ...]
    adopt: tuple[str, ...]
    adopt_oldest: bool
    takeover: tuple[str, ...]
    create_anyway: bool
    no_delete: bool
    on_drift: str | None
    on_conflict: str | None


def selecting(function: F) -> F:
    """Adds the options; the verb takes them as ``**choices``."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


_OPTIONS: tuple[Callable[[F], F], ...] = (
    option("--target", multiple=True, metavar="GLOB", help="Only keys that match; repeatable."),
    optional_value("--adopt", metavar="KEY", help="Start managing an unowned assistant of the same name."),
    option("--adopt-oldest", is_flag=True, help="Of twins keep the oldest, delete the others."),
    option(
        "--takeover", multiple=True, metavar="OWNER", help="Take over what this owner owns, by key or name."
    ),
    option("--create-anyway", is_flag=True, help="Create even where one of the same name exists."),
    option("--no-delete", is_flag=True, help="Delete nothing in this run."),
    option("--on-drift", type=click.Choice(POLICIES), help="What to do about fields changed outside."),
    option("--on-conflict", type=click.Choice(POLICIES), help="The same where the manifest changed as well."),
)


def selection_of(choices: Choices, settings: Settings | None) -> Selection:
    """The options as the engine takes them; policies not chosen here come from the project file, where there
    is one."""
    from assistctl.model.selection import Selection

    return Selection(
        targets=choices["target"],
        adopt_all=EVERY in choices["adopt"],
        adopt_keys=frozenset(choices["adopt"]) - {EVERY},
        adopt_oldest=choices["adopt_oldest"],
        takeover=frozenset(choices["takeover"]),
        create_anyway=choices["create_anyway"],
        delete=not choices["no_delete"],
        on_drift=_policy(choices["on_drift"]) or (settings.on_drift if settings else "overwrite"),
        on_conflict=_policy(choices["on_conflict"]) or (settings.on_conflict if settings else "fail"),
    )


def _policy(chosen: str | None) -> Resolution | None:
    known: dict[str, Resolution] = {"overwrite": "overwrite", "keep": "keep", "fail": "fail"}
    return known.get(chosen or "")
