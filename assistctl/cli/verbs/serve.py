"""``assistctl serve``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from assistctl.cli.options import option
from assistctl.cli.verb import Call, verb
from assistctl.server.faults import KINDS, parse_kinds, parse_latency, with_faults, with_latency
from assistctl.server.moods import MOODS, refuse_unknown, with_moods

if TYPE_CHECKING:
    from assistctl.server.messages import Handler

HOST = "127.0.0.1"
IN_MEMORY = ":memory:"
_SEEDS = 1_000_000


@verb
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@option("--db", metavar="FILE", help="Keep the assistants in this SQLite file; without it, in memory.")
@option("--key", metavar="KEY", help="Require this bearer key; without it, none is asked for.")
@option("--latency", metavar="MS", help="Answer after this many milliseconds; 20-80 draws from a range.")
@option(
    "--fail-rate",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Let this share of all requests go wrong: 0.3 for three in ten.",
)
@option(
    "--fail-kinds",
    metavar="KIND,…",
    default="",
    help="In which ways, see below; all of them without this option.",
)
@option(
    "--seed",
    metavar="N",
    type=click.IntRange(0),
    help="Repeats an earlier rehearsal; without it one is drawn, and told.",
)
@option(
    "--mood",
    "moods",
    multiple=True,
    metavar="NAME",
    shell_complete=lambda _ctx, _param, start: [name for name in MOODS if name.startswith(start)],
    help="Differ as other servers of this protocol do, see below; repeatable.",
)
@click.option("--openapi", is_flag=True, help="Print the OpenAPI description of the five operations instead.")
def command(
    call: Call,
    port: int,
    db: str | None,
    key: str | None,
    latency: str | None,
    fail_rate: float,
    fail_kinds: str,
    seed: int | None,
    moods: tuple[str, ...],
    openapi: bool,
) -> None:
    """Run the embedded Assistants server on 127.0.0.1 until Ctrl-C.

    Its URL is printed once it answers: pass it as --base-url.
    """
    if openapi:
        _describe(call)
        return
    if key:
        call.console.hide(key)
    refuse_unknown(moods)
    _serve(call, port, db, key, moods, _stage_of(latency, fail_rate, fail_kinds, seed))


@dataclass(frozen=True, slots=True)
class _Stage:
    """What stands between the clients and the server."""

    shortest: float
    longest: float
    fail_rate: float
    kinds: tuple[str, ...]
    seed: int

    def around(self, handler: Handler) -> Handler:
        """``handler`` with its faults and its latency."""
        if self.fail_rate:
            handler = with_faults(handler, self.fail_rate, self.kinds, self.seed)
        return with_latency(handler, self.shortest, self.longest, self.seed) if self.longest else handler


def _stage_of(latency: str | None, fail_rate: float, fail_kinds: str, seed: int | None) -> _Stage:
    import secrets

    shortest, longest = parse_latency(latency) if latency else (0.0, 0.0)
    number = secrets.randbelow(_SEEDS) if seed is None else seed
    return _Stage(shortest, longest, fail_rate, parse_kinds(fail_kinds), number)


def _serve(
    call: Call, port: int, db: str | None, key: str | None, moods: tuple[str, ...], stage: _Stage
) -> None:
    from assistctl.server.http import serve
    from assistctl.server.store import Store

    def announce(url: str) -> None:
        if stage.fail_rate:
            call.console.note(f"{stage.fail_rate:.0%} of all requests go wrong, by --seed {stage.seed}")
        call.console.result(url)
        call.console.flush()

    in_memory = db is None or db == IN_MEMORY
    with Store(IN_MEMORY if in_memory else call.options.locate(db or "")) as store:
        serve(stage.around(with_moods(store, moods, key=key)), HOST, port, announce)


def _describe(call: Call) -> None:
    from assistctl.server.description import openapi_text

    call.console.data(openapi_text())


command.epilog = (
    "\b\nFaults:\n"
    + "\n".join(f"  {name:<22} {about}" for name, about in KINDS.items())
    + "\n\n\b\nMoods, in the order in which they act:\n"
    + "\n".join(f"  {name:<22} {about}" for name, about in MOODS.items())
)
