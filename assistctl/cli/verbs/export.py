"""``assistctl export [KEY…]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from assistctl.cli.options import option
from assistctl.cli.showing import note_findings, print_json
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import chosen_of, ports_of, settings_of

if TYPE_CHECKING:
    from assistctl.commands.export import Exported
    from assistctl.commands.ports import Ports

_FORMATS = ("json", "openai-responses")


@verb
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@option("--format", "form", type=click.Choice(_FORMATS), default="json", help="How to print it.")
@option("--remote", is_flag=True, help="What the remote holds, whoever owns it, instead of the manifests.")
def command(call: Call, keys: tuple[str, ...], form: str, remote: bool) -> None:
    """Print assistants as data for programs: one JSON object, by key.

    json has the fields as a create takes them; openai-responses has the parameters of OpenAI's Responses
    API, so that prompts can move into code. From the manifests this needs no key and no network. With
    --remote the remote is only read, and KEY may be an id; outside a project, name a --provider.
    """
    from assistctl.commands.export import as_json, as_responses

    ports = ports_of(call)
    exported = _remote(call, keys, ports) if remote else _manifests(call, keys, ports)
    print_json(call.console, as_json(exported) if form == "json" else as_responses(exported))


def _manifests(call: Call, keys: tuple[str, ...], ports: Ports) -> tuple[Exported, ...]:
    from assistctl.commands.export import from_manifests
    from assistctl.commands.plan import read_desired

    desired, findings = read_desired(settings_of(call, ports))
    note_findings(call.console, findings)
    return from_manifests(desired, keys)


def _remote(call: Call, keys: tuple[str, ...], ports: Ports) -> tuple[Exported, ...]:
    from assistctl.commands.export import from_remote
    from assistctl.commands.session import open_link, open_session
    from assistctl.settings import has_project, remote_of

    chosen = chosen_of(call)
    if has_project(chosen):
        settings = settings_of(call, ports)
        with open_session(settings, ports) as session:
            return from_remote(session.link, settings.profile, settings.owner, keys)
    profile, base_url = remote_of("aimlapi", chosen, ports.environ)
    with open_link(profile, base_url, chosen.directory, chosen.timeout, ports) as link:
        return from_remote(link, profile, "", keys)
