"""``assistctl completion SHELL``."""

from __future__ import annotations

import click

from assistctl.cli.verb import Call, verb

SHELLS = ("bash", "zsh", "fish", "powershell")


@verb
@click.argument("shell", type=click.Choice(SHELLS))
def command(call: Call, shell: str) -> None:
    """Print a completion script for SHELL.

    \b
    bash:        eval "$(assistctl completion bash)"
    zsh:         eval "$(assistctl completion zsh)"
    fish:        assistctl completion fish | source
    powershell:  assistctl completion powershell | Out-String | Invoke-Expression
    """
    from click.shell_completion import get_completion_class

    from assistctl.cli.app import PROGRAM, build
    from assistctl.cli.run import COMPLETE_VARIABLE

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"This version of click has no completion for {shell}.")
    maker = kind(build(), {}, PROGRAM, COMPLETE_VARIABLE)
    call.console.data(maker.source_template % maker.source_vars())
