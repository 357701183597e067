"""``assistctl schema [--project]``."""

from __future__ import annotations

from assistctl.cli.options import option
from assistctl.cli.verb import Call, verb


@verb
@option("--project", is_flag=True, help="The schema of assistctl.yaml instead of that of a manifest.")
def command(call: Call, project: bool) -> None:
    """Print a JSON Schema (draft 2020-12) for editors and other tools."""
    import json

    from assistctl.manifest.schema_json import manifest_schema, project_schema

    schema = project_schema() if project else manifest_schema()
    call.console.data(json.dumps(schema, indent=2, ensure_ascii=True) + "\n")
