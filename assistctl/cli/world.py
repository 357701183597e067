"""From a verb's call to what the commands take: settings and ports."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from .verb import Call

if TYPE_CHECKING:
    from assistctl.commands.ports import Ports
    from assistctl.settings import Chosen, Settings


def chosen_of(call: Call) -> Chosen:
    """The global options as the settings room takes them."""
    from assistctl.settings import Chosen

    options = call.options
    return Chosen(
        directory=options.directory,
        config=options.config,
        environment=options.environment,
        provider=options.provider,
        base_url=options.base_url,
        variables=options.variables,
        allowed_env=options.allowed_env,
        timeout=options.timeout,
    )


def ports_of(call: Call) -> Ports:
    """The real world: this process's environment, clock and signals, news on standard error.

    Signals have their usual meaning again when the verb's context ends."""
    from assistctl.commands.ports import Ports
    from assistctl.render.escape import escape

    from .signals import Signals

    def note(news: str) -> None:
        call.console.note(escape(news))

    signals = Signals(os.environ, note, call.options.timeout)
    click.get_current_context().call_on_close(signals.end)
    return Ports(
        environ=os.environ,
        clock=signals,
        notify=note,
        stopped=signals.stopped,
        graceful=signals.graceful,
        hide=call.console.hide,
    )


def settings_of(call: Call, ports: Ports) -> Settings:
    """Project, environment and remote in force. Their key and every allowed variable are hidden from
    all output from here on."""
    from assistctl.settings import live_keys, resolve

    settings = resolve(chosen_of(call), ports.environ, today=ports.today())
    call.console.hide(*live_keys(settings.profile, ports.environ))
    allowed = (ports.environ.get(name, "") for name in settings.inputs.allowed_env)
    call.console.hide(*(value for value in allowed if value))
    return settings
