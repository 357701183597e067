"""``assistctl version``. Given alone it is answered before this module is ever imported."""

from __future__ import annotations

from assistctl import __version__
from assistctl.cli.verb import Call, verb


@verb
def command(call: Call) -> None:
    """Print the version. With -v also the versions of Python and of the platform."""
    call.console.result(f"assistctl {__version__}")
    if call.options.verbose:
        import platform

        call.console.result(f"python {platform.python_version()}", f"platform {platform.platform()}")
