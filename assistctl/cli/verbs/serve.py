"""``assistctl serve``."""

from __future__ import annotations

import click

from assistctl.cli.options import option
from assistctl.cli.verb import Call, verb

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
def command(call: Call, port: int, db: str | None, key: str | None) -> None:
    """Run the embedded Assistants server on 127.0.0.1 until Ctrl-C.

    Its URL is printed once it answers: pass it as --base-url.
    """
    from assistctl.server.app import App
    from assistctl.server.http import serve
    from assistctl.server.store import Store

    if key:
        call.console.hide(key)

    def announce(url: str) -> None:
        call.console.result(url)
        call.console.flush()

    in_memory = db is None or db == IN_MEMORY
    with Store(IN_MEMORY if in_memory else call.options.locate(db or "")) as store:
        serve(App(store, key=key).handle, HOST, port, announce)
