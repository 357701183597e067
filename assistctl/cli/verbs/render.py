"""``assistctl render [KEY…]``."""

from __future__ import annotations

import click

from assistctl.cli.options import option
from assistctl.cli.showing import note_findings, print_json
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import ports_of, settings_of


@verb
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@option("--format", "form", type=click.Choice(("yaml", "json")), default="yaml", help="How to print it.")
def command(call: Call, keys: tuple[str, ...], form: str) -> None:
    """Show what would be sent for each KEY (all by default), and which file each part came from.

    Offline: no key, no network.
    """
    from assistctl.commands.offline import resolved
    from assistctl.commands.plan import read_desired
    from assistctl.render.yaml_view import resolved_document, resolved_yaml

    settings = settings_of(call, ports_of(call))
    desired, findings = read_desired(settings)
    chosen, places = resolved(desired, keys, settings)
    note_findings(call.console, findings)
    if form == "json":
        print_json(call.console, resolved_document(chosen, places))
    else:
        call.console.data(resolved_yaml(chosen, places))
