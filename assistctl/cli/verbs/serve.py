"""``assistctl serve``."""

from __future__ import annotations

import click

from assistctl.cli.options import option
from assistctl.cli.verb import Call, verb
from assistctl.server.moods import MOODS, refuse_unknown, with_moods

HOST = "127.0.0.1"
IN_MEMORY = ":memory:"


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
@option(
    "--mood",
    "moods",
    multiple=True,
    metavar="NAME",
    shell_complete=lambda _ctx, _param, start: [name for name in MOODS if name.startswith(start)],
    help="Differ as other servers of this protocol do, see below; repeatable.",
)
def command(call: Call, port: int, db: str | None, key: str | None, moods: tuple[str, ...]) -> None:
    """Run the embedded Assistants server on 127.0.0.1 until Ctrl-C.

    Its URL is printed once it answers: pass it as --base-url.
    """
    from assistctl.server.http import serve
    from assistctl.server.store import Store

    refuse_unknown(moods)
    if key:
        call.console.hide(key)

    def announce(url: str) -> None:
        call.console.result(url)
        call.console.flush()

    in_memory = db is None or db == IN_MEMORY
    with Store(IN_MEMORY if in_memory else call.options.locate(db or "")) as store:
        serve(with_moods(store, moods, key=key), HOST, port, announce)


command.epilog = "\b\nMoods, in the order in which they act:\n" + "\n".join(
    f"  {name:<22} {about}" for name, about in MOODS.items()
)
