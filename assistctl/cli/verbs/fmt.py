"""``assistctl fmt [PATH…]``."""

from __future__ import annotations

import click

from assistctl.cli.options import option
from assistctl.cli.verb import Call, verb
from assistctl.cli.world import chosen_of
from assistctl.errors import ExitCode


@verb
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@option("--check", is_flag=True, help="Change nothing; answer 2 where a file would change.")
def command(call: Call, paths: tuple[str, ...], check: bool) -> ExitCode:
    """Give manifests one form: indentation, spacing inside brackets, null. Comments and quotes stay.

    Without PATHs, every manifest of the project. A file that is not valid, or that could not be rewritten
    without loss, is reported and left as it is (exit code 65).
    """
    from assistctl.commands.fmt import fmt, named_sources, project_sources
    from assistctl.render.diagnostics import diagnostic_lines
    from assistctl.render.escape import escape
    from assistctl.render.style import texts

    located = [call.options.locate(path) for path in paths]
    sources = named_sources(located, paths) if paths else project_sources(chosen_of(call))
    done = fmt(sources, check=check)
    call.console.plain_error(*texts(diagnostic_lines(done.problems), None))
    call.console.plain_error(*map(escape, done.refused))
    words = "would change" if check else "formatted"
    call.console.result(*(escape(f"{words}  {name}") for name in done.changed))
    call.console.note(f"{len(done.changed)} {words}, {done.same} in form already.")
    return done.exit_code
